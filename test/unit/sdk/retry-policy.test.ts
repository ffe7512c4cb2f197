/* oxlint-disable unicorn/no-thenable -- the rules of a policy say `then`, with a word and not a function */
/** What a retry policy may say, how it is asked, and the mistakes in one. */
import { describe, expect, it } from '@jest/globals';
import { runInNewContext } from 'node:vm';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import { askRetryPolicy } from '../../../src/sdk/retry-policy.js';
import { defineDag, type RetryPolicy } from '../../../src/sdk/index.js';

class Throttled extends Error {
  override name = 'Throttled';
}
class VeryThrottled extends Throttled {}
const failed = { tryNumber: 2, maxTries: 4 };
const ask = (policy: RetryPolicy, error: unknown) => askRetryPolicy(policy, error, failed, 'tasks.t.retryPolicy');

describe('a policy', () => {
  it.each<[string, RetryPolicy, unknown, unknown]>([
    [
      'a function, with the try',
      (_error, { tryNumber, maxTries }) => (tryNumber * 2 === maxTries ? 'fail' : 'retry'),
      1,
      { kind: 'fail' },
    ],
    ['an async function', async () => ({ retryIn: '1m' }), 1, { kind: 'retry', delayMs: 60_000 }],
    ['a rule by class', [{ on: Throttled, do: 'retry' }], new VeryThrottled('x'), { kind: 'retry', delayMs: null }],
    [
      'a rule by the class of another realm',
      [{ on: TypeError, do: 'fail' }],
      runInNewContext('new TypeError("x")'),
      { kind: 'fail' },
    ],
    [
      'a rule by code',
      [{ on: 'ECONNRESET', do: { retryIn: '5s' } }],
      Object.assign(new Error('x'), { code: 'ECONNRESET' }),
      { kind: 'retry', delayMs: 5_000 },
    ],
    ['a rule by name', [{ on: 'Throttled', do: 'default' }], new Throttled('x'), { kind: 'default' }],
    ['a rule by text', [{ on: /Error: disk .* full/g, do: 'fail' }], new Error('disk /dev/a full'), { kind: 'fail' }],
    ['a rule for what is no error', [{ on: /lost/, do: 'fail' }], 'lost', { kind: 'fail' }],
    [
      'the first rule that matches',
      [
        { on: RangeError, do: 'fail' },
        { on: /x/, do: 'retry' },
        { on: Error, do: 'fail' },
      ],
      new Error('x'),
      { kind: 'retry', delayMs: null },
    ],
    ['no rule', [{ on: RangeError, do: 'fail' }], new Error('x'), { kind: 'default' }],
  ])('can be %s', async (_what, policy, error, verdict) => {
    await expect(ask(policy, error)).resolves.toEqual(verdict);
    // A regular expression with a memory of its own decides the same twice.
    await expect(ask(policy, error)).resolves.toEqual(verdict);
  });

  it.each([
    ['VALUE_TYPE', 'maybe'],
    ['VALUE_TYPE', undefined],
    ['DURATION_INVALID', { retryIn: '5 minutes' }],
    ['VALUE_RANGE', { retryIn: '400d' }],
  ])('is refused with %s when it answers %j', async (code, answer) => {
    await expect(ask(() => answer as never, 1)).rejects.toMatchObject({ code });
  });

  it('is asked by the instance of the DAG', async () => {
    const policy: RetryPolicy = () => 'fail';
    const one = defineDag('d', { defaultArgs: { retryPolicy: policy } }, (d) => {
      d.task('with', () => 1)();
      d.task('without', { retryPolicy: null }, () => 1)();
    });
    const [definition] = collectDags({ one }, 'dags.ts').dags;
    const instance = definition!.createInstance();
    await expect(instance.judge('with', new Error('x'), failed)).resolves.toEqual({ kind: 'fail' });
    await expect(instance.judge('without', new Error('x'), failed)).resolves.toEqual({ kind: 'default' });
    await expect(instance.judge('wiht', new Error('x'), failed)).rejects.toThrow('did you mean with?');
  });
});

describe('a mistake in a policy', () => {
  it.each<[string, unknown, string]>([
    ['VALUE_TYPE', 'always', 'tasks.t.retryPolicy: this is not a retry policy'],
    ['VALUE_TYPE', [{ on: 5, do: 'retry' }], 'tasks.t.retryPolicy[0].on: this cannot be matched with an error'],
    ['VALUE_TYPE', [{ on: '', do: 'retry' }], 'tasks.t.retryPolicy[0].on'],
    ['VALUE_TYPE', [{ on: Error }], 'tasks.t.retryPolicy[0].do: this does not say what to do'],
    ['VALUE_TYPE', [null], 'tasks.t.retryPolicy[0].on'],
    ['OPTION_UNKNOWN', [{ on: Error, than: 'retry' }], 'tasks.t.retryPolicy[0].than: there is no option "than"'],
    ['DURATION_INVALID', [{ on: Error, do: { retryIn: 5 } }], 'tasks.t.retryPolicy[0].do.retryIn'],
  ])('%s: %j', (code, retryPolicy, message) => {
    const exported = defineDag('d', {}, (d) => d.task('t', { retryPolicy } as never, () => 1)());
    const { problems } = collectDags({ exported }, 'dags.ts');
    expect(problems.map((problem) => problem.code)).toEqual([code]);
    expect(problems[0]!.message).toContain(message);
  });
});

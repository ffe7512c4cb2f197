/* oxlint-disable unicorn/no-thenable -- rules of retry policies */
/** How the ways in which a task can end are understood, one attempt at a time, without a scheduler. */
import { describe, expect, it } from '@jest/globals';
import { encodeTagged } from '../../../src/model/codec.js';
import type { TaskSpec } from '../../../src/model/dag-spec.js';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import { context, defineDag, FailTask, SkipTask, type TaskOptions } from '../../../src/sdk/index.js';
import { runAttempt, type AttemptWork } from '../../../src/worker/attempt/run-attempt.js';

type Body = (...args: unknown[]) => unknown;

interface Try {
  readonly options?: TaskOptions;
  readonly tryNumber?: number;
  readonly inputs?: readonly unknown[];
  readonly spec?: Partial<TaskSpec>;
}

/** One attempt of the task `work` of a DAG, with the lines it logged. */
async function attempt(body: Body, { options = {}, tryNumber = 1, inputs = [], spec: patch = {} }: Try = {}) {
  const defined = defineDag('d', { schedule: null }, (d) => {
    const end = d.task('end', () => 0);
    end().after(d.task('work', options, body)(...inputs.map(() => null)));
  });
  const { dags, problems } = collectDags({ defined }, 'd.ts');
  const [definition] = dags;
  if (!definition) throw new Error(JSON.stringify(problems));
  const tasks = definition.spec.tasks.map((one) => (one.taskId === 'work' ? { ...one, ...patch } : one));
  const lines: string[] = [];
  const write = (level: string, source: string, message: string) => void lines.push(`${level} ${source}: ${message}`);
  const work: AttemptWork = {
    token: 't',
    key: { dagId: 'd', runId: 'r', taskId: 'work', mapIndex: inputs.length > 0 ? 0 : -1 },
    taskId: 'work',
    tryNumber,
    maxTries: 3,
    run: {
      dagId: 'd',
      runId: 'r',
      runType: 'manual',
      logicalDate: null,
      dataInterval: null,
      runAfter: 0,
      startedAt: 0,
      clearNumber: 0,
      conf: {},
      params: {},
      timezone: 'UTC',
    },
    inputs: inputs.map((input) => encodeTagged(input, 'inputs')),
    waitingSince: null,
    pokeNumber: 0,
    startedAt: 0,
    maxXComBytes: 1_000,
  };
  const outcome = await runAttempt(work, {
    loadDag: () => ({ spec: { ...definition.spec, tasks }, createInstance: () => definition.createInstance() }),
    log: { write, note: write },
    now: () => 0,
    sleep: () => Promise.resolve(),
    channel: {
      pushXCom: () => Promise.resolve(),
      pullXCom: () => Promise.resolve(undefined),
      readCopies: () => Promise.resolve([]),
      readAssetEvents: () => Promise.resolve([]),
      lookUp: () => Promise.resolve(undefined),
      saveRendered: () => Promise.resolve(),
    },
    signal: new AbortController().signal,
  });
  return { outcome, lines };
}

class RateLimited extends Error {}
const throwing = (error: unknown) => () => {
  throw error;
};

describe('a retry policy', () => {
  const rules: TaskOptions = {
    retries: 2,
    retryPolicy: [
      { on: RateLimited, do: { retryIn: '30s' } },
      { on: 'EACCES', do: 'fail' },
    ],
  };

  it('decides by the class or the code of the error, and leaves others to the options', async () => {
    expect((await attempt(throwing(new RateLimited('slow down')), { options: rules })).outcome).toMatchObject({
      kind: 'failed',
      retryable: true,
      retryDelayMs: 30_000,
    });
    const denied = Object.assign(new Error('denied'), { code: 'EACCES' });
    expect((await attempt(throwing(denied), { options: rules })).outcome).toMatchObject({ kind: 'failed', retryable: false });
    const other = (await attempt(throwing(new Error('other')), { options: rules })).outcome;
    expect(other).toMatchObject({ kind: 'failed', retryable: true });
    expect(other).not.toHaveProperty('retryDelayMs');
  });

  it('sees what cannot be stored as an error, too', async () => {
    const options: TaskOptions = { retries: 1, retryPolicy: [{ on: 'XCOM_TOO_LARGE', do: 'fail' }] };
    expect((await attempt(() => 'x'.repeat(2_000), { options })).outcome).toMatchObject({ kind: 'failed', retryable: false });
  });

  it('is not asked after the last try, about FailTask, or about SkipTask', async () => {
    let asked = 0;
    const options: TaskOptions = { retries: 2, retryPolicy: () => (asked++, 'retry') };
    expect((await attempt(throwing(new Error('x')), { options, tryNumber: 3 })).outcome).toMatchObject({ kind: 'failed' });
    expect((await attempt(throwing(new FailTask('x')), { options })).outcome).toMatchObject({ retryable: false });
    expect((await attempt(throwing(new SkipTask('x')), { options })).outcome).toMatchObject({ kind: 'skipped' });
    expect(asked).toBe(0);
    await attempt(throwing(new Error('x')), { options, tryNumber: 2 });
    expect(asked).toBe(1);
  });

  it.each<[string, TaskOptions['retryPolicy']]>([
    ['throws', throwing(new Error('policy is broken'))],
    ['answers something else', () => 'again' as 'retry'],
    ['names no duration', () => ({ retryIn: '10 min' as '10m' })],
  ])('that %s leaves it to the options, and that is logged', async (_name, retryPolicy) => {
    const { outcome, lines } = await attempt(throwing(new Error('x')), { options: { retries: 1, retryPolicy } });
    expect(outcome).toMatchObject({ kind: 'failed', retryable: true, error: { message: 'x' } });
    expect(lines.some((line) => line.startsWith('warn system: the retry policy could not decide'))).toBe(true);
  });

  it('is asked inside the task', async () => {
    const tries: number[] = [];
    const options: TaskOptions = { retries: 1, retryPolicy: () => (tries.push(context().tryNumber), 'fail') };
    expect((await attempt(throwing(new Error('x')), { options })).outcome).toMatchObject({ retryable: false });
    expect(tries).toEqual([1]);
  });
});

describe('a decision', () => {
  const branch = { decides: { kind: 'branch' } } as const;

  it('is reported with the value only if nothing is skipped', async () => {
    expect((await attempt(() => 'end', { spec: branch })).outcome).toEqual({
      kind: 'success',
      output: { value: 'end', length: -1 },
      decision: { followed: ['end'] },
    });
    expect((await attempt(() => null, { spec: branch })).outcome).toEqual({
      kind: 'success',
      output: null,
      decision: { followed: [] },
    });
  });

  it('B72: that names no task below it fails the try, which may be repeated', async () => {
    expect((await attempt(() => 'ende', { spec: branch })).outcome).toMatchObject({
      kind: 'failed',
      retryable: true,
      error: {
        code: 'BRANCH_INVALID',
        message: 'BRANCH_INVALID: "ende" is not downstream of "work"; valid: end; did you mean end?',
      },
    });
  });

  it('of a short circuit is kept without its value when it stops', async () => {
    const spec = { decides: { kind: 'shortCircuit', ignoreDownstreamTriggerRules: true } } as const;
    expect((await attempt(() => 0, { spec })).outcome).toEqual({ kind: 'success', output: null, decision: { skipped: ['end'] } });
    expect((await attempt(() => 7, { spec })).outcome).toEqual({
      kind: 'success',
      output: { value: 7, length: -1 },
      decision: { skipped: [] },
    });
  });
});

describe('a return value', () => {
  it('is stored in parts, or not at all', async () => {
    expect((await attempt(() => ({ a: 1 }), { options: { multipleOutputs: true } })).outcome).toEqual({
      kind: 'success',
      output: { value: { a: 1 }, length: 1 },
      fields: [{ key: 'a', value: 1 }],
    });
    // What is not stored need not be storable.
    expect((await attempt(() => Number.NaN, { options: { doXcomPush: false } })).outcome).toEqual({
      kind: 'success',
      output: null,
    });
    expect((await attempt(() => null)).outcome).toEqual({ kind: 'success', output: null });
    expect((await attempt(() => [1], { options: { multipleOutputs: true } })).outcome).toMatchObject({
      kind: 'failed',
      retryable: true,
      error: { code: 'VALUE_TYPE' },
    });
  });
});

describe('the name of a copy', () => {
  const named = (mapIndexTemplate: TaskOptions['mapIndexTemplate'], body: Body = () => 1, spec: Partial<TaskSpec> = {}) =>
    attempt(body, { options: { mapIndexTemplate }, inputs: ['eu', 2], spec });
  const byRegion = (region: string, count: number) => `${region} (${count})`;

  it('is made from its inputs, also when it fails', async () => {
    expect((await named(byRegion)).outcome).toMatchObject({ kind: 'success', mapLabel: 'eu (2)' });
    expect((await named(byRegion, throwing(new Error('x')))).outcome).toMatchObject({ kind: 'failed', mapLabel: 'eu (2)' });
    expect((await attempt(() => 1, { options: { mapIndexTemplate: byRegion } })).outcome).not.toHaveProperty('mapLabel');
  });

  it('is cleaned and cut, and decides nothing where it cannot be made', async () => {
    expect((await named(() => 'a\u001b[2J')).outcome).toMatchObject({ mapLabel: 'a\\x1b[2J' });
    const { outcome } = await named(() => 'x'.repeat(1_000));
    expect(outcome).toMatchObject({ mapLabel: expect.stringMatching(/^x{200}\.\.\. \(1000 characters\)$/) as unknown });
    for (const broken of [throwing(new Error('no name')), () => null as unknown as string]) {
      const result = await named(broken as () => string);
      expect(result.outcome).toEqual({ kind: 'success', output: { value: 1, length: -1 } });
      expect(result.lines.some((line) => line.startsWith('warn system: the name of this copy'))).toBe(true);
    }
  });

  it('of several elements is that of the first and that of the last', async () => {
    const spec: Partial<TaskSpec> = {
      inputs: [{ kind: 'element', source: 0 }],
      map: { kind: 'each', sources: [], chunk: 3 },
    };
    const options = { mapIndexTemplate: (region: string) => region.toUpperCase() };
    expect((await attempt(() => 1, { options, spec, inputs: [['eu', 'us', 'jp']] })).outcome).toMatchObject({
      mapLabel: 'EU … JP',
    });
    expect((await attempt(() => 1, { options, spec, inputs: [['eu']] })).outcome).toMatchObject({ mapLabel: 'EU' });
  });
});

describe('a chunk', () => {
  const chunked: Partial<TaskSpec> = {
    inputs: [
      { kind: 'element', source: 0 },
      { kind: 'value', value: 10 },
    ],
    map: { kind: 'each', sources: [], chunk: 3 },
  };
  const chunk = (body: Body, elements: readonly unknown[]) => attempt(body, { spec: chunked, inputs: [elements, 10] });

  it('calls the task for each element in order, and hands on the list', async () => {
    const calls: unknown[][] = [];
    const body = (...args: unknown[]) => (calls.push(args), Number(args[0]) * Number(args[1]));
    expect((await chunk(body, [1, 2, 3])).outcome).toEqual({ kind: 'success', output: { value: [10, 20, 30], length: 3 } });
    expect(calls).toEqual([
      [1, 10],
      [2, 10],
      [3, 10],
    ]);
  });

  it('leaves out what returns nothing and what is skipped', async () => {
    const body: Body = (n) => {
      if (n === 2) throw new SkipTask('two');
      return n === 3 ? null : n;
    };
    expect((await chunk(body, [1, 2, 3])).outcome).toMatchObject({ kind: 'success', output: { value: [1], length: 1 } });
    expect((await chunk(throwing(new SkipTask('none')), [1, 2])).outcome).toEqual({ kind: 'skipped', message: 'none' });
  });

  it('ends with the first error, and says at which element', async () => {
    const body: Body = (n) => {
      if (n === 2) throw new Error('no two');
      return n;
    };
    const { outcome, lines } = await chunk(body, [1, 2, 3]);
    expect(outcome).toMatchObject({ kind: 'failed', error: { message: 'no two' } });
    expect(lines).toContain('error system: element 2 of 3 of this copy failed');
  });
});

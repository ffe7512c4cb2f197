/** How callbacks are written, what of them the spec holds, and the mistakes in them. */
import { describe, expect, it } from '@jest/globals';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import {
  dag,
  defineDag,
  empty,
  latestOnly,
  task,
  type DagOptions,
  type TaskCallbackContext,
  type TaskOptions,
  type Wired,
} from '../../../src/sdk/index.js';
import { hashSpec } from '../../../src/sdk/spec-hash.js';

const nothing = (): void => undefined;

function definitionOf(options: DagOptions, taskOptions: TaskOptions = {}) {
  const one = defineDag('d', options, (d) => {
    d.task('a', taskOptions, () => 1)();
    d.task('b', () => 1)();
  });
  const { dags, problems } = collectDags({ one }, 'dags.ts');
  return { definition: dags[0], problems };
}

const problemOf = (options: object, taskOptions: object = {}) => definitionOf(options, taskOptions).problems[0];

describe('the spec', () => {
  it('holds which callbacks there are, and no code', () => {
    const { definition } = definitionOf(
      { onFailure: nothing, defaultArgs: { onRetry: nothing, onSkipped: nothing } },
      { onSuccess: nothing, onExecute: async () => undefined, onSkipped: null },
    );
    expect(definition?.spec.callbacks).toEqual(['failure']);
    expect(definition?.spec.tasks.map(({ callbacks }) => callbacks)).toEqual([
      ['execute', 'success', 'retry'],
      ['retry', 'skipped'],
    ]);
    expect(JSON.parse(JSON.stringify(definition?.spec))).toEqual(definition?.spec);
  });

  it('of a DAG without callbacks is the one it was before there were any', () => {
    const { spec } = definitionOf({}).definition!;
    expect(Object.keys(spec)).not.toContain('callbacks');
    expect(spec.tasks.flatMap((one) => Object.keys(one))).not.toContain('callbacks');
    const withNulls = definitionOf({ onSuccess: null, onFailure: null }, { onFailure: null }).definition!.spec;
    const unplaced = (one: typeof spec) => ({
      ...one,
      position: null,
      tasks: one.tasks.map((each) => ({ ...each, position: null })),
    });
    expect(hashSpec(unplaced(withNulls))).toBe(hashSpec(unplaced(spec)));
  });

  it('has an empty task run where it wants to be called before, and a latest-only task never', () => {
    @dag({ defaultArgs: { onExecute: nothing } })
    class D {
      start = empty();
      quiet = empty({ onExecute: null, onSuccess: nothing });
      latest = latestOnly();
      wire(t: Wired<D>) {
        t.start();
        t.quiet();
        t.latest();
      }
    }
    const [definition] = collectDags({ D }, 'dags.ts').dags;
    const instant = definition!.spec.tasks.map(({ taskId, isInstant }) => [taskId, isInstant]);
    expect(Object.fromEntries(instant)).toEqual({ start: false, quiet: true, latest: true });
  });
});

describe('an instance', () => {
  const told: string[] = [];
  const tell = (name: string) => (context: { readonly event: string }) => void told.push(`${name} ${context.event}`);

  @dag({ onSuccess: tell('dag'), defaultArgs: { onFailure: tell('default') } })
  class D {
    @task({ onSuccess: tell('a'), onExecute: tell('a') }) a(): void {}
    @task({ onFailure: tell('b') }) b(): void {}
    wire(t: Wired<D>) {
      t.a();
      t.b();
    }
  }
  const instance = collectDags({ D }, 'dags.ts').dags[0]!.createInstance();
  const callBack = (context: object): Promise<void> => instance.callBack(context as TaskCallbackContext);

  it('calls the function of the task or of the DAG, and none where there is none', async () => {
    for (const event of ['execute', 'success', 'failure', 'retry', 'skipped']) {
      for (const taskId of ['a', 'b']) await callBack({ event, taskId });
    }
    for (const event of ['success', 'failure']) await callBack({ event });
    expect(told).toEqual(['a execute', 'a success', 'default failure', 'b failure', 'dag success']);
    await expect(callBack({ event: 'success', taskId: 'aa' })).rejects.toThrow('did you mean a?');
  });
});

describe('a mistake', () => {
  it.each([
    ['VALUE_TYPE', { onFailure: 'notify' }, {}, 'd.onFailure'],
    ['VALUE_TYPE', { defaultArgs: { onRetry: [nothing] } }, {}, 'd.defaultArgs.onRetry'],
    ['VALUE_TYPE', {}, { onSkipped: true }, 'tasks.a.onSkipped'],
    ['OPTION_UNKNOWN', { onRetry: nothing }, {}, 'it is an option of tasks; for all of them, put it into defaultArgs'],
  ])('is answered with %s: %j %j', (code, options, taskOptions, text) => {
    expect(problemOf(options, taskOptions)).toMatchObject({ code, message: expect.stringContaining(text) });
  });

  it.each([
    ['on_failure_callback', 'onFailure'],
    ['onSkippedCallback', 'onSkipped'],
    ['onSucess', 'onSuccess'],
    ['onExecuted', 'onExecute'],
  ])('in a name is answered with the right one: %s', (name, right) => {
    expect(problemOf({}, { [name]: nothing })).toMatchObject({ code: 'OPTION_UNKNOWN', suggestion: right });
    expect(problemOf({ defaultArgs: { [name]: nothing } })).toMatchObject({ code: 'OPTION_UNKNOWN', suggestion: right });
  });

  it("in Airflow's name of a callback of a DAG is answered as well", () => {
    expect(problemOf({ on_success_callback: nothing })).toMatchObject({ code: 'OPTION_UNKNOWN', suggestion: 'onSuccess' });
  });
});

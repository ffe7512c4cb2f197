/** Callbacks in runs in memory: when they are called, with what, and that they change nothing. */
import { describe, expect, it } from '@jest/globals';
import {
  context,
  dag,
  defineDag,
  empty,
  FailTask,
  SkipTask,
  task,
  type DagCallbackContext,
  type TaskCallbackContext,
  type TaskOptions,
  type Wired,
} from '../../../src/sdk/index.js';
import { testDag, testSchedule } from '../../../src/testing/index.js';

type Told = TaskCallbackContext | DagCallbackContext;

/** A place where callbacks leave what they are told. */
function ledger() {
  const told: Told[] = [];
  const note = (context: Told): void => void told.push(context);
  const all = { onExecute: note, onSuccess: note, onFailure: note, onRetry: note, onSkipped: note };
  const lines = () => told.map((one) => `${one.event} ${'taskId' in one ? one.taskId : 'run'} ${one.state}`);
  return { told, note, all, lines };
}

describe('callbacks of tasks', () => {
  it('pitfall 52: are called for each try and its end, with what happened, and in this order', async () => {
    const { told, note, all, lines } = ledger();
    @dag({ startDate: '2024-01-01', params: { limit: 5 }, onFailure: note })
    class D {
      @task({ ...all, retries: 1, retryDelay: '1m' }) async load(): Promise<void> {
        throw new TypeError(`try ${context().tryNumber}`);
      }
      wire(t: Wired<D>) {
        t.load();
      }
    }
    const run = await testDag(D, { logicalDate: '2024-03-01', params: { limit: 7 } });
    expect(lines()).toEqual(['execute load running', 'retry load up_for_retry']);
    expect(run.task('load').state).toBe('up_for_retry');
    await run.finish();
    expect(lines().slice(2)).toEqual(['execute load running', 'failure load failed', 'failure run failed']);
    expect(told[3]).toMatchObject({
      callNumber: 1,
      dagId: 'd',
      runId: run.runId,
      runType: 'manual',
      taskId: 'load',
      mapIndex: -1,
      tryNumber: 2,
      maxTries: 2,
      logicalDate: new Date('2024-03-01T00:00:00Z'),
      dataInterval: run.dataInterval,
      params: { limit: 7 },
      conf: { limit: 7 },
      error: { code: 'TASK_ERROR', name: 'TypeError', message: 'try 2', stack: expect.stringContaining('TypeError') },
      reason: 'TASK_ERROR',
    });
    expect(told[4]).toMatchObject({ event: 'failure', state: 'failed', reason: 'task_failure' });
    expect(new Set(told.map(({ callbackId }) => callbackId)).size).toBe(5);
    expect(run.callbacks.map(({ event, taskId, tryNumber, error }) => [event, taskId, tryNumber, error])).toEqual([
      ['retry', 'load', 1, null],
      ['failure', 'load', 2, null],
      ['failure', null, null, null],
    ]);
  });

  it('pitfall 52: that throw change nothing, and are listed with what they threw', async () => {
    const fails = (): never => {
      throw new RangeError('no network');
    };
    const options: TaskOptions = { onExecute: fails, onSuccess: async () => fails() };
    const one = defineDag('d', { onSuccess: fails }, (d) => d.task('a', options, () => 1)());
    const run = await testDag(one);
    run.assertState('success');
    expect(run.task('a')).toMatchObject({ state: 'success', output: 1, tryNumber: 1 });
    expect(run.callbacks.map(({ taskId, state, error }) => [taskId, state, error?.message])).toEqual([
      ['a', 'success', 'no network'],
      [null, 'success', 'no network'],
    ]);
    expect(run.log).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'onExecute failed, the task goes on: no network' }),
    );
    expect(run.toString()).toContain('callback for success of a failed: RangeError: no network');
    expect(run.toString()).toContain('callback for success of the run failed: RangeError: no network');
    await run.finish();
    expect(run.callbacks).toHaveLength(2);
  });

  it('pitfall 53: tell of a skip that the task itself asked for, and of no other', async () => {
    const { all, lines } = ledger();
    @dag({ defaultArgs: { ...all, onExecute: null } })
    class D {
      @task.branch() pick(): 'left' | 'right' {
        return 'left';
      }
      @task() left(): void {
        throw new SkipTask('no data');
      }
      @task() right(): void {}
      @task() below(): void {}
      @task.sensor({ timeout: '1m', softFail: true }) landed(): boolean {
        return false;
      }
      @task() fails(): void {
        throw new FailTask('bad input');
      }
      @task() waits(): void {}
      wire(t: Wired<D>) {
        const pick = t.pick();
        t.below().after(t.left().after(pick));
        t.right().after(pick);
        t.landed();
        t.waits().after(t.fails());
      }
    }
    const run = await testDag(D);
    await run.finish();
    expect(Object.fromEntries(run.tasks.map(({ taskId, state }) => [taskId, state]))).toEqual({
      pick: 'success',
      left: 'skipped',
      below: 'skipped',
      right: 'skipped',
      landed: 'skipped',
      fails: 'failed',
      waits: 'upstream_failed',
    });
    expect(lines().sort()).toEqual([
      'failure fails failed',
      'skipped landed skipped',
      'skipped left skipped',
      'success pick success',
    ]);
  });

  it('are called for each copy, for a task with nothing to execute, and inside the task for onExecute', async () => {
    const { told, note } = ledger();
    const inside: string[] = [];
    @dag()
    class D {
      start = empty({ onSuccess: note });
      ready = empty({ onExecute: () => void inside.push(context().taskId) });
      @task({ onSuccess: note, onFailure: note }) each(n: number): number {
        if (n === 2) throw new FailTask('two');
        return n;
      }
      wire(t: Wired<D>) {
        t.each.map([1, 2, 3]).after(t.start(), t.ready());
      }
    }
    await testDag(D);
    const lines = told.map((one) => 'taskId' in one && `${one.taskId}[${one.mapIndex}] ${one.event}`);
    expect(lines.sort()).toEqual(['each[0] success', 'each[1] failure', 'each[2] success', 'start[-1] success']);
    expect(inside).toEqual(['ready']);
  });

  it('are not called for what people mark, and are called again for what they clear', async () => {
    const { note, all, lines } = ledger();
    @dag({ onSuccess: note, onFailure: note })
    class D {
      @task({ ...all, onExecute: null }) a(): void {}
      @task.sensor({ ...all, onExecute: null }) b(): boolean {
        return false;
      }
      wire(t: Wired<D>) {
        t.b().after(t.a());
      }
    }
    const run = await testDag(D);
    expect(lines().splice(0)).toEqual(['success a success']);
    await run.markRun('failed');
    run.assertState('failed');
    expect(lines()).toHaveLength(1);
    await run.clear();
    await run.mark('b', 'success');
    run.assertState('success');
    expect(lines().slice(1)).toEqual(['success a success', 'success run success']);
  });
});

describe('callbacks of runs', () => {
  it.each([
    ['timed_out', 'failed'],
    ['not_critical_failure', 'partial'],
  ])('tell of %s', async (reason, state) => {
    const { told, note } = ledger();
    @dag({ dagrunTimeout: '1h', onSuccess: note, onFailure: note })
    class D {
      @task({ critical: false }) a(): void {
        throw new FailTask('bad');
      }
      @task.sensor({ mode: 'reschedule', pokeInterval: '10m' }) b(): boolean {
        return reason === 'not_critical_failure';
      }
      wire(t: Wired<D>) {
        t.a();
        t.b();
      }
    }
    const run = await testDag(D);
    await run.finish();
    run.assertState(state as 'failed');
    expect(told).toMatchObject([{ event: state === 'failed' ? 'failure' : 'success', state, reason, runId: run.runId }]);
  });

  it('are called for every run of a schedule', async () => {
    const { told, note } = ledger();
    const one = defineDag('d', { schedule: '@daily', startDate: '2024-01-01', catchup: true, onSuccess: note }, (d) =>
      d.task('a', () => 1)(),
    );
    const schedule = await testSchedule(one, { from: '2024-01-01', to: '2024-01-05' });
    await schedule.finish();
    expect(told.map(({ logicalDate }) => logicalDate?.toISOString().slice(0, 10))).toEqual(
      schedule.runs.map((run) => run.logicalDate?.toISOString().slice(0, 10)),
    );
    expect(schedule.runs[0]?.callbacks).toHaveLength(1);
  });
});

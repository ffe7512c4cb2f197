import { describe, expect, it } from '@jest/globals';
import { InlineExecutor, type InlineExecutorOptions } from '../../../src/executors/inline.js';
import type { TaskSpec } from '../../../src/model/dag-spec.js';
import type { AttemptOutcome } from '../../../src/model/outcome.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import type { Assignment } from '../../../src/model/workload.js';
import type { Clock } from '../../../src/ports/clock.js';
import type { AttemptStore } from '../../../src/ports/store.js';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import { context } from '../../../src/sdk/context.js';
import { defineDag } from '../../../src/sdk/define-dag.js';

/** A clock that stands still until it is advanced. */
class HandClock implements Clock {
  private instant = Date.UTC(2024, 0, 1);
  private sleepers: { at: number; wake: () => void }[] = [];
  now = () => this.instant;
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.sleepers.push({ at: this.instant + ms, wake: resolve });
      signal?.addEventListener('abort', () => resolve());
    });
  }
  advance(ms: number): void {
    this.instant += ms;
    const due = this.sleepers.filter(({ at }) => at <= this.instant);
    this.sleepers = this.sleepers.filter(({ at }) => at > this.instant);
    for (const { wake } of due) wake();
  }
}

const sample = defineDag('sample', { schedule: null }, (d) => {
  const extract = d.task('extract', (): Date[] => [new Date(0)]);
  const load = d.task('load', (rows: Date[], label: string): string => {
    context().log.info('loading', { rows: rows.length });
    return `${label}${rows[0]?.getTime()}`;
  });
  const hangs = d.task('hangs', { executionTimeout: '10m' }, () => new Promise<void>(() => undefined));
  const look = d.sensor('look', { pokeInterval: '1m', timeout: '1h' }, () => context().pokeNumber === 3);
  load(extract(), 'n');
  hangs();
  look();
});

function setUp(more: Partial<InlineExecutorOptions> = {}) {
  const { dags, problems } = collectDags({ sample }, 'sample.ts');
  const dag = dags[0];
  if (!dag) throw new Error(JSON.stringify(problems));
  const clock = new HandClock();
  const lines: string[] = [];
  const executor = new InlineExecutor({
    workerId: 'inline',
    clock,
    attempts: {
      readXComs: async () => [[{ mapIndex: -1, value: [{ $type: 'Date', value: '1970-01-01T00:00:00.000Z' }] }]],
      pushXCom: async () => true,
    } as unknown as AttemptStore,
    loadDag: () => dag,
    onLogLine: ({ source, message }) => lines.push(`${source}: ${message}`),
    ...more,
  });
  const outcomes: AttemptOutcome[] = [];
  executor.onOutcome((outcome) => outcomes.push(outcome));
  const assignment = (taskId: string): Assignment => ({
    token: taskId,
    taskInstanceId: 1,
    dagRunId: 1,
    key: { dagId: 'sample', runId: 'r', taskId, mapIndex: -1 },
    tryNumber: 1,
    maxTries: 1,
    waitingSince: null,
    pokeNumber: 0,
    startedAt: clock.now(),
    instance: {} as TaskInstance,
    task: dag.spec.tasks.find((task) => task.taskId === taskId) as TaskSpec,
    versionId: 1,
    run: {
      dagId: 'sample',
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
  });
  return { executor, clock, outcomes, lines, assignment };
}

describe('InlineExecutor', () => {
  it('runs tasks in this process and shows what they were called with', async () => {
    const { executor, outcomes, lines, assignment } = setUp();
    executor.start([assignment('extract'), assignment('load')]);
    expect(executor.running()).toEqual(['extract', 'load']);
    await executor.settled();
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      { kind: 'success', output: { value: [{ $type: 'Date', value: '1970-01-01T00:00:00.000Z' }], length: 1 } },
      { kind: 'success', output: { value: 'n0', length: -1 } },
    ]);
    expect(executor.made.map(({ key, args }) => [key.taskId, args])).toEqual([
      ['extract', []],
      ['load', [[new Date(0)], 'n']],
    ]);
    expect(lines).toContain('task: loading');
  });

  it('lets a sensor wait on a clock that a test sets', async () => {
    const { executor, clock, outcomes, assignment } = setUp();
    executor.start([assignment('look')]);
    for (const expected of [0, 0, 1]) {
      await executor.settled();
      expect(outcomes).toHaveLength(expected);
      clock.advance(60_000);
    }
    expect(outcomes[0]).toMatchObject({ token: 'look', outcome: { kind: 'success' }, endedAt: Date.UTC(2024, 0, 1) + 120_000 });
  });

  it('reports a time limit by the same clock', async () => {
    const { executor, clock, outcomes, assignment } = setUp();
    executor.start([assignment('hangs')]);
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(600_000);
    await executor.settled();
    expect(outcomes[0]?.outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'TASK_TIMEOUT', message: 'ran longer than its executionTimeout of 10m' },
    });
  });

  it('reports nothing of a cancelled attempt, and what does not end in time as lost', async () => {
    const { executor, outcomes, assignment } = setUp();
    executor.start([assignment('look'), assignment('hangs')]);
    await new Promise((resolve) => setImmediate(resolve));
    executor.cancel('look', 'cleared');
    await executor.stop(20);
    expect(outcomes.map(({ token, outcome }) => [token, outcome.kind])).toEqual([['hangs', 'lost']]);
  });

  it('fails the attempt when the DAG cannot be loaded', async () => {
    const { executor, outcomes, assignment } = setUp({
      loadDag: () => {
        throw new Error('no such file');
      },
    });
    executor.start([assignment('extract')]);
    await executor.settled();
    expect(outcomes[0]?.outcome).toMatchObject({ kind: 'failed', error: { message: 'no such file' } });
  });
});

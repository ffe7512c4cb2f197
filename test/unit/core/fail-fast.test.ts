import { describe, expect, it } from '@jest/globals';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import type { RunView } from '../../../src/core/dag-run/run-view.js';
import { settleAttempt } from '../../../src/core/task-instance/settle-attempt.js';
import type { MapSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { SCHEDULER, statesOf, taskInstance, taskSpec, viewOf } from './factories.js';

const failed = { kind: 'failed', error: { code: 'TASK_ERROR', name: 'Error', message: 'boom', stack: null } } as const;
const literal = (value: readonly number[], rest: Partial<MapSpec> = {}): MapSpec => ({
  kind: 'each',
  sources: [{ kind: 'value', value }],
  ...rest,
});

function load(tasks: readonly TaskSpec[], rows: readonly (Partial<TaskInstance> & { taskId: string })[]): RunView {
  const taskInstances = rows.map((row, index) => taskInstance(index + 1, row.taskId, row));
  return viewOf(tasks, {}, { spec: { failFast: true }, snapshot: { taskInstances } });
}

const running = (taskId: string, mapIndex = -1) =>
  ({ taskId, mapIndex, state: 'running', token: `${taskId}${mapIndex}`, tryNumber: 1 }) as const;

function fail(view: RunView, id: number): void {
  settleAttempt(view, id, { ...failed, retryable: true }, 100, 100);
}

describe('in a DAG that fails fast, a failure for good', () => {
  it('skips also what could not run, and says why', () => {
    const tasks = [taskSpec('a'), taskSpec('x'), taskSpec('y', { upstream: ['x'] }), taskSpec('z'), taskSpec('d')];
    const view = load(tasks, [
      running('a'),
      { taskId: 'x', state: 'failed', endedAt: 7 },
      { taskId: 'y', state: 'upstream_failed', endedAt: 8 },
      { taskId: 'z' },
      { taskId: 'd', state: 'deferred', wakeAt: 900 },
    ]);
    fail(view, 1);
    expect(statesOf(view)).toEqual({ a: 'failed', x: 'failed', y: 'skipped', z: 'skipped', d: 'skipped' });
    expect(view.instance(2).endedAt).toBe(7);
    const changes = view.drain(SCHEDULER, undefined)?.changes.filter(({ taskInstanceId }) => taskInstanceId > 1);
    expect(changes?.map(({ reason, endAttempt, next }) => [next.taskId, reason, endAttempt, next.endedAt, next.wakeAt])).toEqual([
      ['y', 'fail_fast', null, 100, null],
      ['z', 'fail_fast', null, 100, null],
      ['d', 'fail_fast', null, 100, null],
    ]);
  });

  it('ends the attempts of what it stops', () => {
    const view = load([taskSpec('a'), taskSpec('b')], [running('a'), running('b')]);
    fail(view, 1);
    expect(view.drain(SCHEDULER, undefined)?.changes[1]).toMatchObject({
      expectedToken: 'b-1',
      reason: 'fail_fast',
      endAttempt: { state: 'failed', endedAt: 100, reason: 'fail_fast', error: null },
      next: { state: 'failed', endedAt: 100, token: null },
    });
  });

  it('leaves the other copies of the same task alone', () => {
    const tasks = [taskSpec('m', { map: literal([0, 1, 2]) }), taskSpec('b')];
    const view = load(tasks, [running('m', 0), running('m', 1), { taskId: 'm', mapIndex: 2 }, { taskId: 'b' }]);
    fail(view, 1);
    expect(statesOf(view)).toEqual({ 'm[0]': 'failed', 'm[1]': 'running', 'm[2]': 'none', b: 'skipped' });
  });

  it('stops nothing while the task may lose the copy, and everything when it loses more', () => {
    const tasks = [taskSpec('m', { map: literal([0, 1], { allowFailures: { count: 1 } }) }), taskSpec('b')];
    const view = load(tasks, [running('m', 0), running('m', 1), running('b')]);
    fail(view, 1);
    expect(statesOf(view)).toEqual({ 'm[0]': 'failed', 'm[1]': 'running', b: 'running' });
    fail(view, 2);
    expect(statesOf(view)).toEqual({ 'm[0]': 'failed', 'm[1]': 'failed', b: 'failed' });
  });

  it('is not one that was mapped over nothing, nor one that could not run', () => {
    const tasks = [
      taskSpec('empty', { map: literal([]) }),
      taskSpec('src'),
      taskSpec('m', { upstream: ['src'], map: { kind: 'each', sources: [{ kind: 'ref', taskId: 'src' }] } }),
      taskSpec('b'),
    ];
    const single = { taskId: 'src', state: 'success', outputLength: -1 } as const;
    const view = load(tasks, [{ taskId: 'empty' }, single, { taskId: 'm' }, running('b')]);
    planRun(view, 100);
    expect(statesOf(view)).toEqual({ empty: 'skipped', src: 'success', m: 'upstream_failed', b: 'running' });
  });

  it('of a teardown does not fail the run', () => {
    const tasks = [
      taskSpec('s', { role: 'setup' }),
      taskSpec('td', { upstream: ['s'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
      taskSpec('done'),
    ];
    const rows = [
      { taskId: 's', state: 'success' },
      { taskId: 'td', state: 'failed' },
      { taskId: 'done', state: 'success' },
    ] as const;
    const view = load(tasks, rows);
    planRun(view, 100);
    expect(view.run.state).toBe('success');
  });
});

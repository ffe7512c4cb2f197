import { describe, expect, it } from '@jest/globals';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import type { RunView } from '../../../src/core/dag-run/run-view.js';
import { settleAttempt } from '../../../src/core/task-instance/settle-attempt.js';
import type { MapSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import type { TaskInstanceState } from '../../../src/model/states.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { SCHEDULER, statesOf, taskInstance, taskSpec, viewOf } from './factories.js';

type States = Readonly<Record<string, TaskInstanceState>>;

function planned(tasks: readonly TaskSpec[], states: States, changes: Parameters<typeof viewOf>[2] = {}): RunView {
  const patches = Object.fromEntries(
    Object.entries(states).map(([taskId, state]) => [
      taskId,
      { state, token: state === 'running' || state === 'queued' ? `token-${taskId}` : null } satisfies Partial<TaskInstance>,
    ]),
  );
  const view = viewOf(tasks, patches, changes);
  planRun(view, 100);
  return view;
}

function endOf(view: RunView): readonly [string, string | null] {
  const reason = view.drain(SCHEDULER, undefined)?.run?.reason ?? null;
  return [view.run.state, reason];
}

describe('the state of a run', () => {
  it('pitfall 5: comes from effective leaves, so that a failed task in the middle can give a successful run', () => {
    const tasks = [taskSpec('a'), taskSpec('b', { upstream: ['a'], triggerRule: 'all_done' })];
    expect(endOf(planned(tasks, { a: 'failed', b: 'success' }))).toEqual(['success', null]);
    expect(endOf(planned(tasks, { a: 'success', b: 'failed' }))).toEqual(['failed', 'task_failure']);
    expect(endOf(planned(tasks, { a: 'success', b: 'skipped' }))).toEqual(['success', null]);
    expect(endOf(planned(tasks, { a: 'failed', b: 'removed' }))).toEqual(['success', null]);
  });

  it('pitfall 6: is not decided by teardowns, unless they say so', () => {
    const tasks = (failsRun: boolean) => [
      taskSpec('w'),
      taskSpec('td', {
        upstream: ['w'],
        role: 'teardown',
        triggerRule: 'all_done_setup_success',
        onFailureFailDagrun: failsRun,
      }),
    ];
    expect(endOf(planned(tasks(false), { w: 'success', td: 'failed' }))).toEqual(['success', null]);
    expect(endOf(planned(tasks(false), { w: 'failed', td: 'success' }))).toEqual(['failed', 'task_failure']);
    expect(endOf(planned(tasks(true), { w: 'success', td: 'failed' }))).toEqual(['failed', 'task_failure']);
    expect(endOf(planned(tasks(true), { w: 'failed', td: 'success' }))).toEqual(['success', null]);
  });

  it('comes from the tasks without children where only teardowns are left', () => {
    const teardown = (taskId: string, upstream: readonly string[]) =>
      taskSpec(taskId, { upstream, role: 'teardown', triggerRule: 'all_done_setup_success' });
    const tasks = [teardown('t1', []), teardown('t2', ['t1'])];
    expect(endOf(planned(tasks, { t1: 'failed', t2: 'success' }))).toEqual(['success', null]);
    expect(endOf(planned(tasks, { t1: 'success', t2: 'failed' }))).toEqual(['failed', 'task_failure']);
  });

  it('pitfall 50: is failed by a timeout that counts from the start, and skips what is unfinished, teardowns too', () => {
    const tasks = [
      taskSpec('a'),
      taskSpec('b', { upstream: ['a'] }),
      taskSpec('td', { upstream: ['b'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
      taskSpec('done'),
    ];
    const spec = { dagrunTimeoutMs: 50 };
    const late = planned(tasks, { a: 'running', done: 'success' }, { spec, run: { runAfter: 0, startedAt: 49 } });
    expect(statesOf(late)).toEqual({ a: 'skipped', b: 'skipped', td: 'skipped', done: 'success' });
    expect(late.instance(1).token).toBeNull();
    expect(endOf(late)).toEqual(['failed', 'timed_out']);
    const inTime = planned(tasks, { a: 'running', done: 'success' }, { spec, run: { runAfter: 0, startedAt: 50 } });
    expect(endOf(inTime)).toEqual(['running', null]);
  });

  it('has ended when it was decided, by a timeout too, which ends only attempts that there are', () => {
    const tasks = [taskSpec('a'), taskSpec('b', { upstream: ['a'] })];
    const view = planned(tasks, { a: 'running' }, { spec: { dagrunTimeoutMs: 50 }, run: { startedAt: 0 } });
    const commit = view.drain(SCHEDULER, undefined);
    expect(commit?.run).toMatchObject({ path: ['failed'], endedAt: 100 });
    const end = { state: 'skipped', endedAt: 100, reason: 'dagrun_timeout', error: null };
    expect(commit?.changes.map(({ endAttempt, reason, next }) => [endAttempt, reason, next.endedAt])).toEqual([
      [end, 'dagrun_timeout', 100],
      [null, 'dagrun_timeout', 100],
    ]);
  });

  it('has no time to be over before it has begun', () => {
    const view = planned([taskSpec('a')], { a: 'running' }, { spec: { dagrunTimeoutMs: 50 }, run: { startedAt: null } });
    expect(endOf(view)).toEqual(['running', null]);
  });

  it('is looked at again when the first thing is due, be it a task or its own timeout, and never when it is over', () => {
    const spec = { dagrunTimeoutMs: 500 };
    const wakeAt = (states: Parameters<typeof viewOf>[1], withTimeout = true) =>
      planRun(viewOf([taskSpec('a')], states, withTimeout ? { spec } : {}), 100).wakeAt;
    const poke = (at: number) => ({ a: { state: 'up_for_reschedule', wakeAt: at } }) as const;
    expect([wakeAt(poke(300)), wakeAt(poke(900)), wakeAt({ a: { state: 'running' } })]).toEqual([300, 501, 501]);
    expect([wakeAt(poke(900), false), wakeAt({ a: { state: 'running' } }, false)]).toEqual([900, null]);
    expect([wakeAt({ a: { state: 'success' } }), wakeAt({ a: { state: 'failed' } })]).toEqual([null, null]);
    const late = viewOf([taskSpec('a')], { a: { state: 'running' } }, { spec: { dagrunTimeoutMs: 50 } });
    expect(planRun(late, 100)).toEqual({ wakeAt: null });
  });

  it('does not take longer to decide the more ways lead through it', () => {
    const levels = Array.from({ length: 60 }, (_, level) => level);
    const tasks = levels.flatMap((level) =>
      ['l', 'r'].map((side) => taskSpec(`${side}${level}`, { upstream: level === 0 ? ['x'] : [`l${level - 1}`, `r${level - 1}`] })),
    );
    const below = Object.fromEntries(tasks.map(({ taskId }) => [taskId, 'upstream_failed'] as const));
    const x = taskSpec('x', { critical: false });
    const first = tasks.map((task) =>
      task.upstream[0] === 'x' ? { ...task, inputs: [{ kind: 'ref', taskId: 'x' } as const] } : task,
    );
    expect(endOf(planned([x, ...first], { x: 'failed', ...below }))).toEqual(['partial', 'not_critical_failure']);
  });
});

describe('a deadlock', () => {
  const blocked = taskSpec('b', { upstream: ['a'], triggerRule: 'all_skipped' });

  it('ends the run when nothing can ever go on', () => {
    const view = planned([taskSpec('a'), blocked], { a: 'removed' }, { spec: { dagrunTimeoutMs: 900 } });
    expect(view.run.endedAt).toBe(100);
    expect(endOf(view)).toEqual(['failed', 'all_tasks_deadlocked']);
    const again = viewOf([taskSpec('a'), blocked], { a: { state: 'removed' } }, { spec: { dagrunTimeoutMs: 900 } });
    expect(planRun(again, 100)).toEqual({ wakeAt: null });
  });

  it.each<[string, Partial<TaskSpec>]>([
    ['looks at the past', { dependsOnPast: true }],
    ['waits for the children of the run before', { waitForDownstream: true }],
    ['has a limit over all runs', { maxActiveTisPerDag: 1 }],
    ['has a limit within the run', { maxActiveTisPerDagrun: 1 }],
  ])('pitfall 9: is not declared while an unfinished task %s', (_why, options) => {
    const tasks = [taskSpec('a'), { ...blocked, ...options }];
    expect(endOf(planned(tasks, { a: 'removed' }))).toEqual(['running', null]);
  });

  it.each<TaskInstanceState>(['deferred', 'awaiting_input', 'running', 'queued', 'scheduled'])(
    'pitfall 9: is not declared beside a task that is %s',
    (state) => {
      expect(endOf(planned([taskSpec('a'), blocked, taskSpec('x')], { a: 'removed', x: state }))).toEqual(['running', null]);
    },
  );

  it.each<TaskInstanceState>(['up_for_retry', 'up_for_reschedule'])(
    'pitfall 10: is not declared while a task that is %s only waits for its time',
    (state) => {
      const view = viewOf([taskSpec('a'), blocked, taskSpec('x')], { a: { state: 'removed' }, x: { state, wakeAt: 1_000 } });
      planRun(view, 100);
      expect(view.run.state).toBe('running');
      const stuck = viewOf([taskSpec('a'), { ...blocked, taskId: 'x' }], { a: { state: 'removed' }, x: { state, wakeAt: 1_000 } });
      planRun(stuck, 100);
      expect(stuck.run.state).toBe('failed');
    },
  );
});

describe('a task that is not critical', () => {
  const a = taskSpec('a', { critical: false });
  const takes = (taskId: string, orElse?: null): Partial<TaskSpec> => ({
    inputs: [{ kind: 'ref', taskId, ...(orElse === undefined ? {} : { orElse }) }],
  });

  it('leaves the run partial when it fails, wherever it stands', () => {
    const view = planned([a], { a: 'failed' });
    expect(view.run.endedAt).toBe(100);
    expect(endOf(view)).toEqual(['partial', 'not_critical_failure']);
    expect(endOf(planned([a, taskSpec('b', { upstream: ['a'] })], { a: 'failed', b: 'success' }))[0]).toBe('partial');
    expect(endOf(planned([a], { a: 'success' }))).toEqual(['success', null]);
    expect(endOf(planned([a], { a: 'skipped' }))).toEqual(['success', null]);
  });

  it('does not make up for one that is', () => {
    expect(endOf(planned([a, taskSpec('b')], { a: 'failed', b: 'failed' }))).toEqual(['failed', 'task_failure']);
    const after = [a, taskSpec('b', { upstream: ['a'], triggerRule: 'all_done' })];
    expect(endOf(planned(after, { a: 'failed', b: 'failed' }))).toEqual(['failed', 'task_failure']);
  });

  it('counts as done well for those that only follow it', () => {
    for (const triggerRule of ['all_success', 'none_failed', 'one_success', 'none_failed_min_one_success'] as const) {
      const view = planned([a, taskSpec('b', { upstream: ['a'], triggerRule })], { a: 'failed' });
      expect(view.instance(2).state).toBe('scheduled');
    }
    const alarm = planned([a, taskSpec('b', { upstream: ['a'], triggerRule: 'one_failed' })], { a: 'failed' });
    expect(alarm.instance(2).state).toBe('skipped');
  });

  it('fails those that take its value, unless something stands in for it', () => {
    const without = planned([a, taskSpec('b', { upstream: ['a'], ...takes('a') })], { a: 'failed' });
    expect(statesOf(without)).toEqual({ a: 'failed', b: 'upstream_failed' });
    const nested: Partial<TaskSpec> = {
      inputs: [{ kind: 'object', fields: { x: { kind: 'list', items: [{ kind: 'ref', taskId: 'a' }] } } }],
    };
    expect(planned([a, taskSpec('b', { upstream: ['a'], ...nested })], { a: 'failed' }).instance(2).state).toBe('upstream_failed');
    const withDefault = planned([a, taskSpec('b', { upstream: ['a'], ...takes('a', null) })], { a: 'failed' });
    expect(statesOf(withDefault)).toEqual({ a: 'failed', b: 'scheduled' });
  });

  it('is the only reason why tasks below it could not run: the run is partial', () => {
    const tasks = [a, taskSpec('b', { upstream: ['a'], ...takes('a') }), taskSpec('c', { upstream: ['b'] })];
    const view = planned(tasks, { a: 'failed' });
    expect(statesOf(view)).toEqual({ a: 'failed', b: 'upstream_failed', c: 'upstream_failed' });
    expect(endOf(view)).toEqual(['partial', 'not_critical_failure']);
    const other = [...tasks.slice(0, 2), taskSpec('x'), taskSpec('c', { upstream: ['b', 'x'] })];
    expect(endOf(planned(other, { a: 'failed', x: 'failed' }))).toEqual(['failed', 'task_failure']);
    expect(endOf(planned(other, { a: 'failed', x: 'success' }))).toEqual(['partial', 'not_critical_failure']);
  });

  it('leaves the run partial also when it could not run because of one that is', () => {
    const tasks = [
      taskSpec('x'),
      taskSpec('n', { upstream: ['x'], critical: false }),
      taskSpec('z', { upstream: ['x'], triggerRule: 'all_done' }),
    ];
    expect(endOf(planned(tasks, { x: 'failed', n: 'upstream_failed', z: 'success' }))).toEqual(['partial', 'not_critical_failure']);
  });

  it('still blocks with a setup: what it did not make ready is missing', () => {
    const tasks = [{ ...a, role: 'setup' as const }, taskSpec('b', { upstream: ['a'] })];
    expect(planned(tasks, { a: 'failed' }).instance(2).state).toBe('upstream_failed');
  });

  it('gives what stands in for its value to a task that is mapped over it', () => {
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'ref', taskId: 'a', orElse: [1, 2] }] };
    const view = planned([a, taskSpec('m', { upstream: ['a'], map })], { a: 'failed' });
    expect(statesOf(view)).toEqual({ a: 'failed', 'm[0]': 'scheduled', 'm[1]': 'scheduled' });
  });
});

describe('copies that may fail', () => {
  const map = (allowFailures: NonNullable<MapSpec['allowFailures']>): MapSpec => ({
    kind: 'each',
    sources: [{ kind: 'value', value: [0, 1, 2, 3] }],
    allowFailures,
  });
  const run = (allowFailures: NonNullable<MapSpec['allowFailures']>, states: readonly TaskInstanceState[]): RunView => {
    const tasks = [taskSpec('m', { map: map(allowFailures) }), taskSpec('z', { upstream: ['m'] })];
    const instances = states.map((state, index) => taskInstance(index + 1, 'm', { mapIndex: index, state }));
    const view = viewOf(tasks, {}, { snapshot: { taskInstances: [...instances, taskInstance(9, 'z')] } });
    planRun(view, 100);
    return view;
  };

  it('let those below go on once all are finished', () => {
    expect(run({ count: 1 }, ['success', 'failed', 'running', 'success']).instance(9).state).toBe('none');
    expect(run({ count: 1 }, ['success', 'failed', 'success', 'success']).instance(9).state).toBe('scheduled');
    expect(run({ percent: 25 }, ['success', 'failed', 'success', 'success']).instance(9).state).toBe('scheduled');
  });

  it('fail those below at once when more fail', () => {
    expect(run({ count: 1 }, ['failed', 'failed', 'running', 'success']).instance(9).state).toBe('upstream_failed');
    expect(run({ percent: 24 }, ['failed', 'success', 'running', 'success']).instance(9).state).toBe('upstream_failed');
  });

  it('do not fail the run', () => {
    const mapped = (states: readonly TaskInstanceState[]) => {
      const instances = states.map((state, index) => taskInstance(index + 1, 'm', { mapIndex: index, state }));
      const view = viewOf([taskSpec('m', { map: map({ count: 1 }) })], {}, { snapshot: { taskInstances: instances } });
      planRun(view, 100);
      return view.run.state;
    };
    expect(mapped(['success', 'failed', 'success', 'success'])).toBe('success');
    expect(mapped(['success', 'failed', 'failed', 'success'])).toBe('failed');
  });

  it('do not excuse that there was nothing to map over because the source failed', () => {
    const overSource: MapSpec = { ...map({ count: 3 }), sources: [{ kind: 'ref', taskId: 's' }] };
    const tasks = [taskSpec('s'), taskSpec('m', { upstream: ['s'], map: overSource }), taskSpec('z', { upstream: ['m'] })];
    const view = viewOf(tasks, { s: { state: 'failed' } });
    planRun(view, 100);
    expect(statesOf(view)).toEqual({ s: 'failed', m: 'upstream_failed', z: 'upstream_failed' });
    expect(endOf(view)).toEqual(['failed', 'task_failure']);
  });

  it('do not excuse that a parent failed', () => {
    const tasks = [taskSpec('p'), taskSpec('m', { upstream: ['p'], map: map({ count: 4 }) }), taskSpec('z', { upstream: ['m'] })];
    const view = viewOf(tasks, { p: { state: 'failed' } });
    planRun(view, 100);
    expect(view.instances('m').map(({ state }) => state)).toEqual(Array.from({ length: 4 }, () => 'upstream_failed'));
    expect(statesOf(view)['z']).toBe('upstream_failed');
    expect(endOf(view)).toEqual(['failed', 'task_failure']);
  });

  it('do not excuse what could not run for another reason', () => {
    const tasks = [taskSpec('m', { map: map({ count: 1 }) }), taskSpec('z', { upstream: ['m'] })];
    const copies = (['failed', 'success'] as const).map((state, index) => taskInstance(index + 1, 'm', { mapIndex: index, state }));
    const z = taskInstance(9, 'z', { state: 'upstream_failed' });
    const view = viewOf(tasks, {}, { snapshot: { taskInstances: [...copies, z] } });
    planRun(view, 100);
    expect(endOf(view)).toEqual(['failed', 'task_failure']);
  });
});

describe('a DAG that fails fast', () => {
  const failed = { kind: 'failed', error: { code: 'TASK_ERROR', name: 'Error', message: 'boom', stack: null } } as const;
  const tasks = [
    taskSpec('a', { retries: 1 }),
    taskSpec('b'),
    taskSpec('queued'),
    taskSpec('c', { upstream: ['b'] }),
    taskSpec('done'),
    taskSpec('s', { role: 'setup' }),
    taskSpec('td', { upstream: ['s'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
  ];
  const running = (taskId: string, tryNumber: number): Partial<TaskInstance> => ({ state: 'running', token: taskId, tryNumber });
  const start = (options: Partial<TaskSpec> = {}): RunView =>
    viewOf(
      [{ ...(tasks[0] as TaskSpec), ...options }, ...tasks.slice(1)],
      {
        a: running('a', 2),
        b: running('b', 1),
        queued: { state: 'queued', token: 'q', tryNumber: 1 },
        done: { state: 'success' },
        s: { state: 'success' },
      },
      { spec: { failFast: true } },
    );

  it('stops everything but teardowns when a task fails for good, and fails', () => {
    const view = start();
    settleAttempt(view, 1, { ...failed, retryable: true }, 100, 100);
    expect(statesOf(view)).toEqual({
      a: 'failed',
      b: 'failed',
      queued: 'skipped',
      c: 'skipped',
      done: 'success',
      s: 'success',
      td: 'none',
    });
    const commit = view.drain(SCHEDULER, undefined);
    const ends = commit?.changes.map(({ taskInstanceId, endAttempt }) => [taskInstanceId, endAttempt?.reason ?? null]);
    expect(ends).toEqual([
      [1, 'TASK_ERROR'],
      [2, 'fail_fast'],
      [3, 'fail_fast'],
      [4, null],
    ]);
    expect(view.instance(2).token).toBeNull();
  });

  it('waits for retries', () => {
    const view = viewOf(tasks, { a: running('a', 1), b: running('b', 1) }, { spec: { failFast: true } });
    settleAttempt(view, 1, { ...failed, retryable: true }, 100, 100);
    expect([view.instance(1).state, view.instance(2).state]).toEqual(['up_for_retry', 'running']);
  });

  it('goes on after a failure that does not fail the run', () => {
    const view = start({ critical: false });
    settleAttempt(view, 1, { ...failed, retryable: true }, 100, 100);
    expect([view.instance(1).state, view.instance(2).state]).toEqual(['failed', 'running']);
  });

  it('is failed although all its leaves were skipped', () => {
    const two = [taskSpec('a'), taskSpec('b', { upstream: ['a'] })];
    const view = viewOf(two, { a: running('a', 1) }, { spec: { failFast: true } });
    settleAttempt(view, 1, { ...failed, retryable: true }, 100, 100);
    planRun(view, 100);
    expect(statesOf(view)).toEqual({ a: 'failed', b: 'skipped' });
    expect(endOf(view)).toEqual(['failed', 'task_failure']);
  });

  it('stops for a task that cannot be mapped', () => {
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'value', value: 7 }] };
    const view = planned([taskSpec('m', { map }), taskSpec('b')], { b: 'running' }, { spec: { failFast: true } });
    expect(statesOf(view)).toEqual({ m: 'failed', b: 'failed' });
  });
});

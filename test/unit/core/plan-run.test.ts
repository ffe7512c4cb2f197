import { describe, expect, it } from '@jest/globals';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import type { RunView } from '../../../src/core/dag-run/run-view.js';
import type { TaskSpec } from '../../../src/model/dag-spec.js';
import type { PreviousRun } from '../../../src/model/snapshot.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { accepted, SCHEDULER, statesOf, taskInstance, taskSpec, viewOf } from './factories.js';

const map = (taskId: string): TaskSpec['map'] => ({ kind: 'each', sources: [{ kind: 'ref', taskId }] });
const literalMap = (value: readonly number[]): TaskSpec['map'] => ({ kind: 'each', sources: [{ kind: 'value', value }] });

function store(view: RunView): void {
  const commit = view.drain(SCHEDULER, undefined);
  if (commit) view.committed(accepted(commit, view.revision + 1));
}

describe('planRun schedules', () => {
  it('what has no parents first, with its first try', () => {
    const view = viewOf([taskSpec('a'), taskSpec('b', { upstream: ['a'] })]);
    expect(planRun(view, 100)).toEqual({ wakeAt: null });
    expect(statesOf(view)).toEqual({ a: 'scheduled', b: 'none' });
    expect(view.instance(1)).toMatchObject({ tryNumber: 1, scheduledAt: 100 });
  });

  it('nothing of a run that is not running', () => {
    const view = viewOf([taskSpec('a')], {}, { run: { state: 'queued' } });
    expect(planRun(view, 100)).toEqual({ wakeAt: null });
    expect(view.drain(SCHEDULER, undefined)).toBeNull();
  });

  it('a failed try strictly after its delay, and a reschedule at its time', () => {
    const tasks = [taskSpec('retry'), taskSpec('poke')];
    const view = viewOf(tasks, {
      retry: { state: 'up_for_retry', tryNumber: 1, wakeAt: 200, lostDispatches: 2, pokeNumber: 3 },
      poke: { state: 'up_for_reschedule', tryNumber: 1, wakeAt: 300, pokeNumber: 3, waitingSince: 50 },
    });
    expect(planRun(view, 200)).toEqual({ wakeAt: 201 });
    expect(statesOf(view)).toEqual({ retry: 'up_for_retry', poke: 'up_for_reschedule' });
    expect(planRun(view, 201)).toEqual({ wakeAt: 300 });
    expect(view.instance(1)).toMatchObject({ state: 'scheduled', tryNumber: 2, lostDispatches: 0, pokeNumber: 0 });
    expect(planRun(view, 300)).toEqual({ wakeAt: null });
    expect(view.instance(2)).toMatchObject({ state: 'scheduled', tryNumber: 1, pokeNumber: 3, waitingSince: 50 });
  });

  it('propagates skips and failures through the whole graph in one pass', () => {
    const tasks = [
      taskSpec('a'),
      taskSpec('b', { upstream: ['a'] }),
      taskSpec('c', { upstream: ['b'] }),
      taskSpec('d', { upstream: ['c'], triggerRule: 'all_done' }),
    ];
    const failed = viewOf(tasks, { a: { state: 'failed' } });
    planRun(failed, 100);
    expect(statesOf(failed)).toEqual({ a: 'failed', b: 'upstream_failed', c: 'upstream_failed', d: 'scheduled' });
    const skipped = viewOf(tasks, { a: { state: 'skipped' } });
    planRun(skipped, 100);
    expect(statesOf(skipped)).toEqual({ a: 'skipped', b: 'skipped', c: 'skipped', d: 'scheduled' });
  });

  it('one copy again while another still waits for its first try', () => {
    const taskInstances = [
      taskInstance(1, 'm', { mapIndex: 0, state: 'up_for_retry', wakeAt: 4, tryNumber: 1 }),
      taskInstance(2, 'm', { mapIndex: 1 }),
    ];
    const view = viewOf([taskSpec('m', { map: literalMap([0, 1]) })], {}, { snapshot: { taskInstances } });
    planRun(view, 5);
    expect(statesOf(view)).toEqual({ 'm[0]': 'scheduled', 'm[1]': 'scheduled' });
  });

  it('what was cleared, in the same view', () => {
    const view = viewOf([taskSpec('a')], { a: { state: 'success' } });
    view.transition(1, 'clear');
    planRun(view, 5);
    expect(view.instance(1).state).toBe('scheduled');
  });

  it('no waiting try any more when what it follows failed, and says since when and why', () => {
    const tasks = [taskSpec('a'), taskSpec('b', { upstream: ['a'] })];
    const view = viewOf(tasks, { a: { state: 'failed' }, b: { state: 'up_for_retry', tryNumber: 1, wakeAt: 900 } });
    planRun(view, 100);
    const [change] = view.drain(SCHEDULER, undefined)?.changes ?? [];
    expect(change).toMatchObject({
      path: ['upstream_failed'],
      reason: 'trigger_rule',
      next: { state: 'upstream_failed', endedAt: 100, wakeAt: null },
    });
  });

  it.each<[TaskInstance['state'], string]>([
    ['deferred', 'scheduled'],
    ['awaiting_input', 'scheduled'],
  ])('a task that is %s on, strictly after its time is over, to hear of it', (state, expected) => {
    const view = viewOf([taskSpec('a')], { a: { state, wakeAt: 100, deferral: { trigger: 1 } } });
    expect(planRun(view, 100)).toEqual({ wakeAt: 101 });
    expect(view.instance(1).state).toBe(state);
    planRun(view, 101);
    expect(view.instance(1)).toMatchObject({ state: expected, deferral: { waited: { trigger: 1 }, result: { kind: 'timeout' } } });
  });

  it('looks only at what changed', () => {
    const view = viewOf([taskSpec('a'), taskSpec('b', { upstream: ['a'] }), taskSpec('c')], { a: { state: 'running' } });
    planRun(view, 1);
    expect(view.agenda.taskIds()).toEqual([]);
    view.transition(1, 'succeed');
    expect(view.agenda.taskIds()).toEqual(['b']);
    planRun(view, 2);
    expect(statesOf(view)).toEqual({ a: 'success', b: 'scheduled', c: 'scheduled' });
  });
});

describe('planRun looks at the past', () => {
  const previous = (states: PreviousRun['states'], everRan: string[] = []): PreviousRun => ({
    dagRunId: 7,
    logicalDate: -1,
    states,
    everRan,
  });
  const past: Partial<TaskSpec> = { dependsOnPast: true };
  it.each<[string, Partial<TaskSpec>, PreviousRun | null, string]>([
    ['there was no run before', past, null, 'scheduled'],
    ['it succeeded', past, previous({ a: ['success'], b: ['failed'] }), 'scheduled'],
    ['it was skipped', past, previous({ a: ['skipped', 'success'] }), 'scheduled'],
    ['it failed', past, previous({ a: ['failed'] }), 'none'],
    ['one copy is running', past, previous({ a: ['success', 'running'] }), 'none'],
    ['it was not part of the run before', past, previous({}), 'none'],
    ['pitfall 19: it never ran and may ignore that', { ...past, ignoreFirstDependsOnPast: true }, previous({}), 'scheduled'],
    [
      'pitfall 19: it ran earlier and may ignore only the first time',
      { ...past, ignoreFirstDependsOnPast: true },
      previous({}, ['a']),
      'none',
    ],
    ['its child is not done', { waitForDownstream: true }, previous({ a: ['success'], b: ['running'] }), 'none'],
    ['its child is done', { waitForDownstream: true }, previous({ a: ['success'], b: ['success'] }), 'scheduled'],
  ])('%s', (_case, options, run, expected) => {
    const view = viewOf([taskSpec('a', options), taskSpec('b', { upstream: ['a'] })], {}, { snapshot: { previous: run } });
    expect(planRun(view, 1)).toEqual({ wakeAt: null });
    expect(view.instance(1).state).toBe(expected);
    expect(view.run.state).toBe('running');
  });

  it('but not in the first run of a backfill, nor before the start date of a catchup', () => {
    const failed = previous({ a: ['failed'] });
    const tasks = [taskSpec('a', past)];
    const first = viewOf(tasks, {}, { snapshot: { previous: failed }, run: { backfillOrdinal: 1 } });
    planRun(first, 1);
    expect(first.instance(1).state).toBe('scheduled');
    const beforeStart = viewOf(tasks, {}, { snapshot: { previous: failed }, spec: { catchup: true, startDate: 0 } });
    planRun(beforeStart, 1);
    expect(beforeStart.instance(1).state).toBe('scheduled');
    const bothBeforeStart = viewOf(tasks, {}, { snapshot: { previous: failed }, spec: { catchup: true, startDate: 1 } });
    planRun(bothBeforeStart, 1);
    expect(bothBeforeStart.instance(1).state).toBe('none');
  });
});

describe('planRun maps', () => {
  const tasks = [taskSpec('src'), taskSpec('m', { upstream: ['src'], map: map('src') }), taskSpec('z', { upstream: ['m'] })];
  const done = (length: number | null): Partial<TaskInstance> => ({ state: 'success', outputLength: length });

  it('one copy per element, the first in place of the unexpanded row', () => {
    const view = viewOf(tasks, { src: done(3) });
    planRun(view, 1);
    expect(statesOf(view)).toEqual({ src: 'success', 'm[0]': 'scheduled', 'm[1]': 'scheduled', 'm[2]': 'scheduled', z: 'none' });
    expect(view.instance(2)).toMatchObject({ mapIndex: 0 });
    store(view);
    expect([...view.ready()].map((instance) => instance.id)).toEqual([2, 1_000, 1_001]);
  });

  it.each<[string, Partial<TaskInstance>, string, string]>([
    ['nothing to map over skips', done(0), 'skipped', 'skipped'],
    ['a single value fails upstream', done(-1), 'upstream_failed', 'upstream_failed'],
    ['no value fails upstream', done(null), 'upstream_failed', 'upstream_failed'],
    ['too many elements fail', done(1_025), 'failed', 'upstream_failed'],
    ['a skipped source skips', { state: 'skipped' }, 'skipped', 'skipped'],
    ['a failed source fails upstream', { state: 'failed' }, 'upstream_failed', 'upstream_failed'],
  ])('%s', (_case, source, mapped, child) => {
    const view = viewOf(tasks, { src: source });
    planRun(view, 1);
    expect([view.instance(2).state, view.instance(3).state]).toEqual([mapped, child]);
    expect(view.instance(2).mapIndex).toBe(-1);
  });

  it.each([
    [-1, 'upstream_failed', 'EXPAND_TYPE: expected an array or an object, got a single value (from the return value of src)'],
    [null, 'upstream_failed', 'EXPAND_TYPE: expected an array or an object, got null (from the return value of src)'],
    [100_000, 'failed', 'EXPAND_TOO_LARGE: 100000 > 1024 (task m); map over fewer elements, or raise core.maxMapLength'],
  ])('says why a length of %s makes it %s', (length, state, reason) => {
    const view = viewOf(tasks, { src: done(length) });
    planRun(view, 1);
    const change = view.drain(SCHEDULER, undefined)?.changes.find((found) => found.taskInstanceId === 2);
    expect(change).toMatchObject({ path: [state], reason });
  });

  it('a single element at once', () => {
    const view = viewOf(tasks, { src: done(1) });
    planRun(view, 1);
    expect(statesOf(view)).toEqual({ src: 'success', 'm[0]': 'scheduled', z: 'none' });
  });

  it.each<[TaskInstance['state'], string]>([
    ['failed', 'upstream_failed'],
    ['skipped', 'skipped'],
  ])('copies that wait take over that the source is %s now, whatever their rule', (state, expected) => {
    const free = [taskSpec('src'), taskSpec('m', { upstream: ['src'], map: map('src'), triggerRule: 'all_done' })];
    const copies = [0, 1].map((mapIndex) => taskInstance(10 + mapIndex, 'm', { mapIndex, tryNumber: 1, maxTries: 2 }));
    const view = viewOf(free, {}, { snapshot: { taskInstances: [taskInstance(1, 'src', { state }), ...copies] } });
    planRun(view, 1);
    expect(view.instances('m').map((instance) => instance.state)).toEqual([expected, expected]);
    expect(view.drain(SCHEDULER, undefined)?.changes.map(({ reason }) => reason)).toEqual(['map_source', 'map_source']);
  });

  it('as many as allowed by the limit given', () => {
    const view = viewOf(tasks, { src: done(5_000) });
    planRun(view, 1, { maxMapLength: 10_000 });
    expect(view.instances('m')).toHaveLength(5_000);
  });

  it('over the copies of a mapped task that returned something, once all are finished', () => {
    const nested = [...tasks.slice(0, 2), taskSpec('n', { upstream: ['m'], map: map('m'), triggerRule: 'all_done' })];
    const view = viewOf(nested, { src: done(3) });
    planRun(view, 1);
    store(view);
    const finish = (instance: TaskInstance, outputLength: number | null) => {
      view.transition(instance.id, 'queue');
      view.transition(instance.id, 'start');
      view.transition(instance.id, 'succeed', { outputLength });
      planRun(view, 2);
    };
    const [first, second, third] = view.instances('m') as [TaskInstance, TaskInstance, TaskInstance];
    finish(first, -1);
    finish(second, null);
    expect(view.instances('n').map((instance) => instance.state)).toEqual(['none']);
    finish(third, 4);
    expect(view.instances('n').map((instance) => [instance.mapIndex, instance.state])).toEqual([
      [0, 'scheduled'],
      [1, 'scheduled'],
    ]);
  });

  it('over a literal array or object from the start', () => {
    const literal = (value: unknown) =>
      [
        taskSpec('a'),
        taskSpec('m', { upstream: ['a'], map: { kind: 'each', sources: [{ kind: 'value', value: value as never }] } }),
      ] as const;
    const array = viewOf(literal(['x', 'y']));
    planRun(array, 1);
    expect(statesOf(array)).toEqual({ a: 'scheduled', 'm[0]': 'none', 'm[1]': 'none' });
    const object = viewOf(literal({ x: 1, y: 2, z: 3 }), { a: { state: 'success' } });
    planRun(object, 1);
    expect(object.instances('m').map((instance) => instance.state)).toEqual(['scheduled', 'scheduled', 'scheduled']);
    for (const value of [7, 'text', null, true, { $type: 'Date', value: '2026-01-01' }]) {
      const refused = viewOf(literal(value), { a: { state: 'success' } });
      planRun(refused, 1);
      expect(refused.instance(2).state).toBe('failed');
    }
  });

  it('waits for the length where the rule is met early', () => {
    const early = [
      taskSpec('o'),
      taskSpec('src'),
      taskSpec('m', { upstream: ['o', 'src'], map: map('src'), triggerRule: 'one_done' }),
    ];
    const view = viewOf(early, { o: { state: 'success' }, src: { state: 'running' } });
    planRun(view, 1);
    expect(statesOf(view)).toEqual({ o: 'success', src: 'running', m: 'none' });
  });

  it('anew when the source was cleared and has another length', () => {
    const copies: TaskInstance[] = [];
    const view = viewOf(tasks, { src: done(3) });
    planRun(view, 1);
    store(view);
    copies.push(...view.instances('m'));
    for (const { id } of copies) {
      view.transition(id, 'queue');
      view.transition(id, 'start');
      view.transition(id, 'succeed');
      view.transition(id, 'clear');
    }
    view.transition(1, 'clear');
    view.transition(1, 'schedule');
    view.transition(1, 'queue');
    view.transition(1, 'start');
    view.transition(1, 'succeed', { outputLength: 2 });
    planRun(view, 2);
    expect(view.instances('m').map((instance) => instance.state)).toEqual(['scheduled', 'scheduled', 'removed']);
  });
});

describe('planRun ends a run', () => {
  const diamond = [
    taskSpec('a'),
    taskSpec('b', { upstream: ['a'] }),
    taskSpec('c', { upstream: ['a'] }),
    taskSpec('d', { upstream: ['b', 'c'], triggerRule: 'all_done' }),
  ];
  const all = (state: TaskInstance['state'], changes: Record<string, TaskInstance['state']> = {}) =>
    Object.fromEntries(diamond.map((task) => [task.taskId, { state: changes[task.taskId] ?? state }]));

  it.each<[string, Record<string, TaskInstance['state']>, string]>([
    ['every leaf succeeded', {}, 'success'],
    ['a task in the middle failed, the leaf did not', { b: 'failed' }, 'success'],
    ['the leaf was skipped', { d: 'skipped' }, 'success'],
    ['the leaf was removed', { d: 'removed' }, 'success'],
    ['the leaf failed', { d: 'failed' }, 'failed'],
    ['the leaf never could run', { d: 'upstream_failed' }, 'failed'],
  ])('when %s', (_case, changes, expected) => {
    const view = viewOf(diamond, all('success', changes));
    expect(planRun(view, 50)).toEqual({ wakeAt: null });
    expect(view.run).toMatchObject({ state: expected, endedAt: 50 });
    expect(view.drain(SCHEDULER, null)?.run).toMatchObject({ from: 'running', path: [expected], endedAt: 50 });
  });

  it('at once when it has no tasks', () => {
    const view = viewOf([]);
    planRun(view, 50);
    expect(view.run.state).toBe('success');
  });

  it('in a deadlock, but not while something is under way or waits for another run', () => {
    const tasks = [taskSpec('a'), taskSpec('b', { upstream: ['a'], triggerRule: 'all_skipped' })];
    const stuck = viewOf(tasks, { a: { state: 'removed' } });
    planRun(stuck, 50);
    expect(stuck.run.state).toBe('failed');
    expect(stuck.drain(SCHEDULER, null)?.run).toMatchObject({ reason: 'all_tasks_deadlocked' });

    const busy = viewOf([...tasks, taskSpec('x')], { a: { state: 'removed' }, x: { state: 'running' } });
    planRun(busy, 50);
    expect(busy.run.state).toBe('running');

    const limited = viewOf([tasks[0] as TaskSpec, { ...(tasks[1] as TaskSpec), maxActiveTisPerDag: 1 }], {
      a: { state: 'removed' },
    });
    planRun(limited, 50);
    expect(limited.run.state).toBe('running');
  });

  it('when it takes longer than its dagrunTimeout, and takes away what is under way', () => {
    const view = viewOf(
      diamond,
      { a: { state: 'success' }, b: { state: 'running', token: 'token' } },
      { spec: { dagrunTimeoutMs: 100 } },
    );
    expect(planRun(view, 100)).toEqual({ wakeAt: 101 });
    expect(view.run.state).toBe('running');
    planRun(view, 101);
    expect(statesOf(view)).toEqual({ a: 'success', b: 'skipped', c: 'skipped', d: 'skipped' });
    const commit = view.drain(SCHEDULER, null);
    expect(commit?.run).toMatchObject({ path: ['failed'], reason: 'timed_out' });
    expect(commit?.changes.find((change) => change.taskInstanceId === 2)).toMatchObject({
      expectedToken: 'token',
      endAttempt: { state: 'skipped', reason: 'dagrun_timeout' },
      next: { token: null },
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import type { MapSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import { FINISHED_STATES, TASK_INSTANCE_STATES, type TaskInstanceState } from '../../../src/model/states.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { statesOf, taskInstance, taskSpec, viewOf } from './factories.js';

const over = (taskId: string, rest: Partial<MapSpec> = {}): MapSpec => ({
  kind: 'each',
  sources: [{ kind: 'ref', taskId }],
  ...rest,
});

/** A view whose instances are those of `rows`, copies in the order given. */
function loaded(tasks: readonly TaskSpec[], rows: readonly (Partial<TaskInstance> & { taskId: string })[]): RunView {
  const taskInstances = rows.map((row, index) => taskInstance(index + 1, row.taskId, row));
  return viewOf(tasks, {}, { snapshot: { taskInstances } });
}

const stateOf = (view: RunView, taskId: string): string | undefined => statesOf(view)[taskId];

describe('a view that was changed', () => {
  const tasks = [
    taskSpec('s', { role: 'setup' }),
    taskSpec('src', { critical: false }),
    taskSpec('m', { upstream: ['s', 'src'], map: over('src', { chunk: 2 }), maxActiveTisPerDagrun: 2 }),
    taskSpec('n', { upstream: ['m'], map: over('m') }),
    taskSpec('td', { upstream: ['s', 'n'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
  ];

  /** All that is counted, of the run and of each task. */
  const countsOf = (view: RunView) => ({
    counts: view.counts,
    unfinished: view.unfinishedCount,
    heldFromOutside: view.heldFromOutside,
    failedNotCritical: view.failedNotCritical,
    occupied: view.occupiedSlots,
    ready: [...view.ready()].map(({ id }) => id).sort(),
    waiting: [...view.agenda.waiting()].map(({ id }) => id).sort(),
    nextWakeAt: view.agenda.nextWakeAt(),
    tasks: [...view.nodes()].map((node) => ({
      taskId: node.task.taskId,
      indexes: [...node.byIndex.keys()].sort(),
      counts: node.counts,
      parents: node.parents,
      idle: [...node.idle].map(({ instance }) => instance.id).sort(),
      waiting: [...node.waiting].map(({ instance }) => instance.id).sort(),
      outputs: node.outputs,
      scopeUnfinished: node.scopeUnfinished,
    })),
  });
  const expectAsLoaded = (view: RunView): void => {
    const taskInstances = [...view.allInstances()];
    expect(countsOf(view)).toEqual(countsOf(RunView.from({ run: view.run, spec: view.spec, taskInstances, previous: null })));
  };

  it('counts what one counts that is loaded anew', () => {
    const view = viewOf(tasks);
    const run = (id: number, end: 'succeed' | 'fail' | 'skip', patch: Partial<TaskInstance> = {}): void => {
      for (const name of ['schedule', 'queue', 'start'] as const) {
        view.transition(id, name, name === 'queue' ? { token: `token-${id}` } : {});
        expectAsLoaded(view);
      }
      view.transition(id, end, { token: null, ...patch });
      expectAsLoaded(view);
    };
    expectAsLoaded(view);
    run(1, 'succeed');
    run(2, 'succeed', { outputLength: 6 });
    view.patch(3, { mapIndex: 0 });
    expectAsLoaded(view);
    // As if they were stored: a negative id cannot be queued.
    const copies = view.insertCopies(view.instance(3), [1, 2]);
    expect(copies.map(({ mapIndex }) => mapIndex)).toEqual([1, 2]);
    expectAsLoaded(view);
    run(3, 'succeed', { outputLength: 2 });
    view.transition(-1, 'skip');
    expectAsLoaded(view);
    view.transition(-2, 'remove');
    expectAsLoaded(view);
    view.transition(3, 'override', { state: 'failed' });
    expectAsLoaded(view);
    view.transition(3, 'override', { state: 'success' });
    expectAsLoaded(view);
    run(4, 'fail');
    view.transition(2, 'override', { state: 'failed' });
    expectAsLoaded(view);
    for (const id of [1, 2, 3]) {
      view.transition(id, 'clear', { outputLength: null });
      expectAsLoaded(view);
    }
    view.transition(1, 'schedule');
    view.transition(1, 'queue');
    view.transition(1, 'start');
    view.transition(1, 'reschedule', { wakeAt: 40 });
    expectAsLoaded(view);
    view.transition(1, 'skip', { wakeAt: null });
    expectAsLoaded(view);
    view.transition(5, 'failUpstream');
    expectAsLoaded(view);
  });

  it('counts each transition and each new copy', () => {
    const view = viewOf([taskSpec('m')], { m: { mapIndex: 0 } });
    view.insertCopies(view.instance(1), [1, 2, 3]);
    expect(view.changes).toBe(3);
    view.transition(1, 'schedule');
    expect(view.changes).toBe(4);
  });
});

describe('the setups that a teardown asks about', () => {
  const tasks = [
    taskSpec('s', { role: 'setup' }),
    taskSpec('w', { upstream: ['s'], triggerRule: 'always' }),
    taskSpec('td', { upstream: ['s', 'w'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
  ];
  const teardownAfter = (s: TaskInstanceState, w: TaskInstanceState) => {
    const view = viewOf(tasks, { s: { state: s }, w: { state: w } });
    planRun(view, 1);
    return view.instance(3).state;
  };

  it.each<[TaskInstanceState, TaskInstanceState, TaskInstanceState]>([
    ['success', 'failed', 'scheduled'],
    ['failed', 'success', 'upstream_failed'],
    ['failed', 'skipped', 'upstream_failed'],
    ['skipped', 'success', 'skipped'],
    ['skipped', 'failed', 'skipped'],
  ])('are no work: after a setup in %s and work in %s it is %s', (s, w, expected) => {
    expect(teardownAfter(s, w)).toBe(expected);
  });

  it('are counted also where work may lose some of its copies', () => {
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'value', value: [0, 1] }], allowFailures: { count: 1 } };
    const lenient = [tasks[0]!, taskSpec('w', { upstream: ['s'], map }), tasks[2]!];
    const view = loaded(lenient, [
      { taskId: 's', state: 'success' },
      { taskId: 'w', mapIndex: 0, state: 'failed' },
      { taskId: 'w', mapIndex: 1, state: 'success' },
      { taskId: 'td' },
    ]);
    planRun(view, 1);
    expect(view.instance(4).state).toBe('scheduled');
  });
});

describe('a task that is mapped over a mapped one', () => {
  const tasks = (chunk?: number) => [
    taskSpec('src'),
    taskSpec('m', { upstream: ['src'], map: over('src', chunk === undefined ? {} : { chunk }) }),
    taskSpec('n', { upstream: ['m'], map: over('m'), triggerRule: 'one_success' }),
  ];
  const copiesOfN = (m: readonly Partial<TaskInstance>[], chunk?: number): readonly string[] => {
    const rows = m.map((copy, mapIndex) => ({ taskId: 'm', mapIndex, ...copy }));
    const view = loaded(tasks(chunk), [{ taskId: 'src', state: 'success', outputLength: 9 }, ...rows, { taskId: 'n' }]);
    planRun(view, 1);
    return view.instances('n').map(({ mapIndex, state }) => `${mapIndex} ${state}`);
  };
  const done = (outputLength: number | null): Partial<TaskInstance> => ({ state: 'success', outputLength });

  it.each(TASK_INSTANCE_STATES.filter((state) => !FINISHED_STATES.has(state)))('waits while one of its copies is %s', (state) => {
    expect(copiesOfN([done(-1), { state, wakeAt: 900 }])).toEqual(['-1 none']);
  });

  it('has one copy for each value, and none for copies that gave nothing, failed, or were marked as failed', () => {
    const marked = { state: 'failed', outputLength: 5 } as const;
    expect(copiesOfN([done(-1), done(null), marked, { state: 'skipped' }, done(7)])).toEqual(['0 scheduled', '1 scheduled']);
  });

  it('has one copy for each element of chunks', () => {
    expect(copiesOfN([done(2), done(1), { state: 'failed', outputLength: 4 }], 2)).toHaveLength(3);
    expect(copiesOfN([done(2), done(1)], 1)).toHaveLength(2);
  });
});

describe('what counts as done well', () => {
  it('is a parent that is not critical and could not run', () => {
    const tasks = [
      taskSpec('x'),
      taskSpec('n', { upstream: ['x'], critical: false }),
      taskSpec('follows', { upstream: ['n'] }),
      taskSpec('alarm', { upstream: ['n'], triggerRule: 'one_failed' }),
    ];
    const view = viewOf(tasks, { x: { state: 'failed' } });
    planRun(view, 1);
    expect(statesOf(view)).toEqual({ x: 'failed', n: 'upstream_failed', follows: 'scheduled', alarm: 'skipped' });
  });

  it('is what a mapped task may lose, once where it is not critical either', () => {
    const map = (count: number): MapSpec => ({
      kind: 'each',
      sources: [{ kind: 'value', value: [0, 1, 2] }],
      allowFailures: { count },
    });
    const rows = (['failed', 'failed', 'running'] as const).map((state, mapIndex) => ({ taskId: 'm', mapIndex, state }));
    const child = (critical: boolean): string | undefined => {
      const tasks = [taskSpec('m', { critical, map: map(2) }), taskSpec('z', { upstream: ['m'], triggerRule: 'one_done' })];
      const view = loaded(tasks, [...rows, { taskId: 'z' }]);
      planRun(view, 1);
      return stateOf(view, 'z');
    };
    // A failure of what is not critical is done well at once; whether a critical task loses more than it may is known at its end.
    expect([child(false), child(true)]).toEqual(['scheduled', 'none']);
  });

  it.each<[readonly TaskInstanceState[], number, string]>([
    [['failed', 'success', 'success', 'success'], 1, 'scheduled'],
    [['failed', 'upstream_failed', 'success', 'success'], 1, 'upstream_failed'],
    [['failed', 'failed', 'success', 'success'], 1, 'upstream_failed'],
    [['failed', 'failed', 'success', 'success'], 2, 'scheduled'],
    // What could not run lacks something that no copy of its own is at fault for.
    [['failed', 'upstream_failed', 'success', 'success'], 2, 'upstream_failed'],
  ])('are copies in %j where %i may fail: what follows is %s', (states, count, expected) => {
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'value', value: [0, 1, 2, 3] }], allowFailures: { count } };
    const rows = states.map((state, mapIndex) => ({ taskId: 'm', mapIndex, state }));
    const view = loaded([taskSpec('m', { map }), taskSpec('z', { upstream: ['m'] })], [...rows, { taskId: 'z' }]);
    planRun(view, 1);
    expect(stateOf(view, 'z')).toBe(expected);
  });
});

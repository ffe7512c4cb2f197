import { describe, expect, it } from '@jest/globals';
import { planQueueing, type QueueingInput } from '../../../../src/core/queueing/plan-queueing.js';
import type { DagRun } from '../../../../src/model/dag-run.js';
import type { DagSpec, TaskSpec } from '../../../../src/model/dag-spec.js';
import type { Occupancy } from '../../../../src/model/snapshot.js';
import type { TaskInstance } from '../../../../src/model/task-instance.js';
import { taskSpec, viewOf } from '../factories.js';

describe('planQueueing', () => {
  const occupancy = (changes: Partial<Occupancy> = {}): Occupancy => ({
    total: 0,
    pools: { default_pool: { slots: 128, occupied: 0 }, small: { slots: 2, occupied: 1 }, endless: { slots: -1, occupied: 9_999 } },
    tasks: {},
    pausedDags: [],
    ...changes,
  });
  const candidates = (
    tasks: readonly Partial<TaskSpec>[],
    instances: readonly Partial<TaskInstance>[] = [],
    run: Partial<DagRun> = {},
    spec: Partial<DagSpec> = {},
  ) => {
    const specs = tasks.map((task, index) => taskSpec(`t${index}`, task));
    const states = Object.fromEntries(
      specs.map((task, index) => [
        task.taskId,
        {
          state: 'scheduled' as const,
          pool: task.pool,
          poolSlots: task.poolSlots,
          priorityWeight: task.priorityWeight,
          ...instances[index],
        },
      ]),
    );
    const view = viewOf(specs, states, { run, spec });
    return [...view.ready()].map((instance) => ({ view, instance }));
  };
  const plan = (input: Partial<QueueingInput>) =>
    planQueueing({ candidates: [], occupancy: occupancy(), parallelism: 32, freeSlots: 32, backfillShare: 0.5, ...input }).chosen;
  const chosen = (input: Partial<QueueingInput>) => plan(input).map(({ instance }) => instance.taskId);

  it('takes the most urgent first: live before backfill, weight, logical date (none last), map index, age', () => {
    const live = candidates([{ priorityWeight: 1 }, { priorityWeight: 5 }, { priorityWeight: 1 }], [], { logicalDate: 10 });
    const dateless = candidates([{ priorityWeight: 1 }], [{ id: 40 }], { logicalDate: null, runAfter: -5 });
    const copies = candidates(
      [{ priorityWeight: 1 }, { priorityWeight: 1 }],
      [
        { id: 51, mapIndex: 1 },
        { id: 52, mapIndex: 0 },
      ],
      {
        logicalDate: 5,
      },
    );
    const backfill = candidates([{ priorityWeight: 9 }], [{ id: 60 }], { backfillId: 1 });
    const all = [...backfill, ...dateless, ...live, ...copies];
    expect(plan({ candidates: all }).map(({ instance }) => instance.id)).toEqual([2, 52, 51, 1, 3, 40, 60]);
  });

  it('pitfall 33: lets a small one pass where a wide one of higher priority does not fit', () => {
    const pools = [
      { pool: 'small', poolSlots: 2, priorityWeight: 9 },
      { pool: 'small' },
      { pool: 'small' },
      { pool: 'endless' },
      { pool: 'nowhere' },
    ];
    expect(chosen({ candidates: candidates(pools) })).toEqual(['t1', 't3']);
  });

  it.each<[string, object, number]>([
    ['parallelism', { parallelism: 5, occupancy: occupancy({ total: 3 }) }, 2],
    ['the free slots', { freeSlots: 1 }, 1],
    ['more than parallelism in use', { parallelism: 2, occupancy: occupancy({ total: 3 }) }, 0],
  ])('honours %s', (_case, changes, expected) => {
    expect(plan({ candidates: candidates([{}, {}, {}, {}]), ...changes })).toHaveLength(expected);
  });

  it('honours maxActiveTasks of the run and maxActiveTisPerDagrun of the task', () => {
    const tasks = [{}, {}, {}, {}];
    expect(chosen({ candidates: candidates(tasks, [{ state: 'running' }], {}, { maxActiveTasks: 3 }) })).toEqual(['t1', 't2']);
    const limited = [{ maxActiveTisPerDagrun: 1, priorityWeight: 9 }, {}];
    expect(chosen({ candidates: candidates(limited) })).toEqual(['t0', 't1']);
    const view = viewOf([taskSpec('m', { maxActiveTisPerDagrun: 2 })], { m: { state: 'deferred', mapIndex: 0 } });
    view.insertCopies(view.instance(1), [1, 2, 3]);
    for (const id of [-1, -2, -3]) view.transition(id, 'schedule');
    const copies = view.instances('m').slice(1);
    // Copies that are not stored yet are never chosen, whatever the limit says.
    expect(plan({ candidates: copies.map((instance) => ({ view, instance })) })).toEqual([]);
    const stored = copies.map((instance, index) => ({ view, instance: { ...instance, id: 100 + index } }));
    expect(plan({ candidates: stored }).map(({ instance }) => instance.mapIndex)).toEqual([1]);
  });

  it('lets backfills into a pool without a limit in their order, also without a share', () => {
    const live = candidates([{ pool: 'small' }, { pool: 'small' }]);
    const backfill = candidates(
      [{ pool: 'endless', priorityWeight: 9 }, { priorityWeight: 1 }],
      [{ id: 60 }, { id: 61 }],
      { backfillId: 1 },
      { maxActiveTasks: 1 },
    );
    const ids = plan({ candidates: [...live, ...backfill], backfillShare: 0 }).map(({ instance }) => instance.id);
    expect(ids).toEqual([1, 60]);
  });
});

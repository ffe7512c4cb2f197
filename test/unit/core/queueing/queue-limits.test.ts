import { describe, expect, it } from '@jest/globals';
import { QueueLimits, type HoldReason, type QueueCandidate, type QueueState } from '../../../../src/core/queueing/queue-limits.js';
import type { DagRun } from '../../../../src/model/dag-run.js';
import type { TaskSpec } from '../../../../src/model/dag-spec.js';
import type { TaskInstanceState } from '../../../../src/model/states.js';
import { taskInstance, taskSpec, viewOf } from '../factories.js';
import { occupancy } from './queue.js';

interface Queue {
  /** The task that waits. */
  readonly task?: Partial<TaskSpec>;
  /** States of other copies of it in its run. */
  readonly copies?: readonly TaskInstanceState[];
  /** States of another task in its run. */
  readonly others?: readonly TaskInstanceState[];
  readonly run?: Partial<DagRun>;
  readonly maxActiveTasks?: number;
  readonly limits?: Partial<QueueState>;
}

/** The first copy of a task waits. */
function queue({ task, copies = [], others = [], run, maxActiveTasks = 16, limits = {} }: Queue) {
  const { pool, poolSlots, ...rest } = taskSpec('t', task);
  const rows = (['scheduled', ...copies] as const).map((state, mapIndex) =>
    taskInstance(mapIndex + 1, 't', { state, mapIndex, pool, poolSlots }),
  );
  const more = others.map((state, mapIndex) => taskInstance(100 + mapIndex, 'other', { state, mapIndex }));
  const tasks = [{ ...rest, pool, poolSlots }, taskSpec('other')];
  const view = viewOf(
    tasks,
    {},
    { ...(run && { run }), spec: { maxActiveTasks }, snapshot: { taskInstances: [...rows, ...more] } },
  );
  const candidate = (id: number): QueueCandidate => ({ view, instance: view.instance(id) });
  return {
    limits: new QueueLimits({ occupancy: occupancy(), parallelism: 32, freeSlots: 32, ...limits }),
    first: candidate(1),
    candidate,
  };
}

const pool = (slots: number, occupied: number): Partial<QueueState> => ({
  occupancy: occupancy({ pools: { p: { slots, occupied } } }),
});
const inP = (poolSlots = 1): Partial<TaskSpec> => ({ pool: 'p', poolSlots });
const perRun = { maxActiveTisPerDagrun: 2 };
const perDag = { maxActiveTisPerDag: 2 };
const active = (tasks: Readonly<Record<string, number>>): Partial<QueueState> => ({ occupancy: occupancy({ tasks }) });

describe('a task that waits for a slot is kept back', () => {
  it.each<[string, Queue, readonly HoldReason[]]>([
    ['by nothing, in the usual case', {}, []],
    ['while its run is queued', { run: { state: 'queued' } }, ['run_not_running']],
    ['when its run has ended', { run: { state: 'failed' } }, ['run_not_running']],
    ['while its DAG is paused', { limits: { occupancy: occupancy({ pausedDags: ['x', 'd'] }) } }, ['dag_paused']],
    ['not while another DAG is paused', { limits: { occupancy: occupancy({ pausedDags: ['x'] }) } }, []],
    ['by a pool that does not exist', { task: { pool: 'nowhere' } }, ['pool_unknown']],
    ['by a pool with fewer slots than it needs', { task: inP(3), limits: pool(2, 0) }, ['pool_too_small']],
    ['by such a pool also when it is in use', { task: inP(3), limits: pool(2, 2) }, ['pool_too_small']],
    ['by a pool that is closed', { task: inP(), limits: pool(0, 0) }, ['pool_too_small']],
    ['by a pool that is full', { task: inP(), limits: pool(2, 2) }, ['pool_full']],
    ['by a pool with room, but not for a wide one', { task: inP(2), limits: pool(2, 1) }, ['pool_full']],
    ['by a pool that was made smaller than what is in it', { task: inP(), limits: pool(2, 5) }, ['pool_full']],
    ['not by a pool where it just fits', { task: inP(2), limits: pool(3, 1) }, []],
    ['not by a pool without a limit', { task: inP(1_000), limits: pool(-1, 9_999) }, []],
    ['by its run', { maxActiveTasks: 2, others: ['running', 'queued'] }, ['max_active_tasks']],
    ['by copies of itself in its run', { maxActiveTasks: 2, copies: ['running', 'queued'] }, ['max_active_tasks']],
    ['not while its run may have more', { maxActiveTasks: 3, others: ['running', 'queued'] }, []],
    ['not by what holds no slot', { maxActiveTasks: 2, others: ['deferred', 'awaiting_input', 'scheduled', 'success'] }, []],
    ['by running copies of it', { task: perRun, copies: ['running', 'running'] }, ['max_active_tis_per_dagrun']],
    ['by queued copies of it', { task: perRun, copies: ['queued', 'queued'] }, ['max_active_tis_per_dagrun']],
    ['by copies that wait for a trigger', { task: perRun, copies: ['deferred', 'deferred'] }, ['max_active_tis_per_dagrun']],
    [
      'by copies that wait for a person',
      { task: perRun, copies: ['awaiting_input', 'awaiting_input'] },
      ['max_active_tis_per_dagrun'],
    ],
    ['by copies of every such kind together', { task: perRun, copies: ['running', 'deferred'] }, ['max_active_tis_per_dagrun']],
    ['not by fewer copies than there may be', { task: perRun, copies: ['running', 'scheduled', 'up_for_reschedule'] }, []],
    ['not by other tasks of its run', { task: perRun, others: ['running', 'running'] }, []],
    ['by instances of it in all runs', { task: perDag, limits: active({ 'd t': 2 }) }, ['max_active_tis_per_dag']],
    ['not by fewer of them', { task: perDag, limits: active({ 'd t': 1 }) }, []],
    ['not by those of other tasks and DAGs', { task: perDag, limits: active({ 'd other': 2, 'x t': 2 }) }, []],
    ['by as many as all may be', { limits: { parallelism: 3, occupancy: occupancy({ total: 3 }) } }, ['no_free_slot']],
    ['by more than all may be', { limits: { parallelism: 2, occupancy: occupancy({ total: 3 }) } }, ['no_free_slot']],
    ['by executors that can take no more', { limits: { freeSlots: 0 } }, ['no_free_slot']],
    ['not by one that leaves one', { limits: { parallelism: 4, freeSlots: 1, occupancy: occupancy({ total: 3 }) } }, []],
    [
      'by everything at once',
      {
        run: { state: 'queued' },
        task: { pool: 'small', poolSlots: 2, maxActiveTisPerDagrun: 1, maxActiveTisPerDag: 1 },
        copies: ['running'],
        maxActiveTasks: 1,
        limits: { freeSlots: 0, occupancy: occupancy({ pausedDags: ['d'], tasks: { 'd t': 1 } }) },
      },
      [
        'run_not_running',
        'dag_paused',
        'pool_full',
        'max_active_tasks',
        'max_active_tis_per_dagrun',
        'max_active_tis_per_dag',
        'no_free_slot',
      ],
    ],
  ])('%s', (_case, given, reasons) => {
    const { limits, first } = queue(given);
    expect(limits.holdReasons(first)).toEqual(reasons);
    expect(limits.holdReason(first)).toBe(reasons[0] ?? null);
  });
});

describe('what is taken', () => {
  const waiting: readonly TaskInstanceState[] = ['scheduled', 'scheduled'];

  it.each<[string, Queue, HoldReason]>([
    ['of all slots', { limits: { freeSlots: 2 } }, 'no_free_slot'],
    ['of its pool, as wide as it is', { task: inP(2), limits: pool(6, 1) }, 'pool_full'],
    ['of what its run may have', { maxActiveTasks: 3, others: ['running'] }, 'max_active_tasks'],
    ['of the copies that its run may have', { task: perRun }, 'max_active_tis_per_dagrun'],
    [
      'of the instances that all runs may have',
      { task: { maxActiveTisPerDag: 4 }, limits: active({ 'd t': 2 }) },
      'max_active_tis_per_dag',
    ],
  ])('is gone %s', (_case, given, reason) => {
    const { limits, candidate } = queue({ ...given, copies: waiting });
    const reasons = [1, 2, 3].map((id) => {
      const held = limits.holdReason(candidate(id));
      if (held === null) limits.take(candidate(id));
      return held;
    });
    expect(reasons).toEqual([null, null, reason]);
  });

  it('counts from what was under way in the run of each', () => {
    const { limits, candidate } = queue({ task: { maxActiveTisPerDagrun: 3 }, copies: ['deferred', 'scheduled', 'scheduled'] });
    limits.take(candidate(1));
    expect(limits.holdReason(candidate(3))).toBeNull();
    limits.take(candidate(3));
    expect(limits.holdReason(candidate(4))).toBe('max_active_tis_per_dagrun');
  });

  it('is told by slots, pools and tasks', () => {
    const given = { task: { ...inP(2), maxActiveTisPerDag: 9 }, copies: waiting };
    const { limits, candidate } = queue({
      ...given,
      limits: {
        occupancy: occupancy({ pools: { p: { slots: 9, occupied: 3 }, q: { slots: 1, occupied: 0 } }, tasks: { 'd t': 4 } }),
      },
    });
    limits.take(candidate(1));
    limits.take(candidate(2));
    const { slots, pools, tasks } = limits.taken();
    expect([slots, Object.fromEntries(pools), Object.fromEntries(tasks)]).toEqual([2, { p: 4, q: 0 }, { 'd t': 2 }]);
  });

  it('is told of a task of which nothing was under way', () => {
    const { limits, first } = queue({ task: perDag });
    expect([...limits.taken().tasks]).toEqual([]);
    limits.take(first);
    expect([...limits.taken().tasks]).toEqual([['d t', 1]]);
  });
});

describe('slots for somebody of whose run nothing is known', () => {
  const limits = (freeSlots: number) =>
    new QueueLimits({ occupancy: occupancy({ pools: { p: { slots: 5, occupied: 1 } } }), parallelism: 32, freeSlots });

  it('are taken while the pool has them', () => {
    const state = limits(9);
    expect([3, 2, 1, 1].map((slots) => state.takeSlots('p', slots))).toEqual([true, false, true, false]);
    expect(state.taken()).toMatchObject({ slots: 2, pools: new Map([['p', 4]]) });
  });

  it('are taken while there are any at all', () => {
    const state = limits(1);
    expect(state.isUsedUp).toBe(false);
    expect([1, 1].map((slots) => state.takeSlots('p', slots))).toEqual([true, false]);
    expect(state.isUsedUp).toBe(true);
    expect(limits(0).takeSlots('p', 1)).toBe(false);
  });

  it('are none in a pool that does not exist', () => expect(limits(9).takeSlots('nowhere', 1)).toBe(false));
});

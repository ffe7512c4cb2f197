import { describe, expect, it } from '@jest/globals';
import { compareDates } from '../../../../src/core/queueing/plan-queueing.js';
import { taskSpec, viewOf } from '../factories.js';
import { candidates, chosen, idsOf, occupancy, plan, queueing } from './queue.js';

describe('planQueueing', () => {
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
    expect(idsOf({ candidates: [...live, ...backfill], backfillShare: 0 })).toEqual([1, 60]);
  });

  it('takes backfills in the order of their urgency, after all others', () => {
    const backfill = candidates([{ priorityWeight: 1 }, { priorityWeight: 5 }], [{ id: 60 }, { id: 61 }], { backfillId: 1 });
    expect(idsOf({ candidates: [...backfill, ...candidates([{}])] })).toEqual([1, 61, 60]);
    expect(idsOf({ candidates: backfill })).toEqual([61, 60]);
    expect(idsOf({ candidates: [...backfill, ...candidates([{}, {}])], freeSlots: 2 })).toEqual([1, 61]);
  });

  it('chooses nobody twice, and gives what a wide one cannot use to backfills', () => {
    const pools = { default_pool: { slots: 128, occupied: 0 }, p: { slots: 4, occupied: 0 } };
    const backfill = candidates(
      [{ pool: 'p' }, { pool: 'p' }, { pool: 'p' }, {}],
      [60, 61, 62, 63].map((id) => ({ id })),
      {
        backfillId: 1,
      },
    );
    const wide = candidates([{ pool: 'p', poolSlots: 3 }]);
    // Two of the four slots are due to backfills. Three are no longer free then.
    expect(idsOf({ candidates: [...backfill, ...wide], occupancy: occupancy({ pools }) })).toEqual([60, 61, 63, 62]);
    const narrow = candidates([{ pool: 'p', poolSlots: 2 }]);
    expect(idsOf({ candidates: [...backfill, ...narrow], occupancy: occupancy({ pools }) })).toEqual([1, 60, 61, 63]);
  });

  it('queues nothing of nothing', () => {
    expect(queueing({})).toEqual({ chosen: [], laneCredits: new Map() });
  });
});

describe('of two that are alike otherwise, first comes', () => {
  const one = (id: number, weight: number, mapIndex: number, logicalDate: number | null, runAfter: number) =>
    candidates([{ priorityWeight: weight }], [{ id, mapIndex }], { logicalDate, runAfter });

  it.each([
    ['the heavier one, though it is younger', one(2, 5, 1, 9, 9), one(1, 4, 0, 1, 1)],
    ['the one that weighs less than nothing by less', one(2, -4, 1, 9, 9), one(1, -5, 0, 1, 1)],
    ['the one with the older date', one(2, 5, 1, 8, 9), one(1, 5, 0, 9, 1)],
    ['the one with a date before the one without', one(2, 5, 1, 8, 9), one(1, 5, 0, null, 1)],
    ['the copy with the lower index', one(2, 5, 0, 8, 9), one(1, 5, 1, 8, 1)],
    ['the copy with the lower index also without dates', one(2, 5, 0, null, 9), one(1, 5, 1, null, 1)],
    ['the one whose run is older', one(2, 5, 0, 8, 1), one(1, 5, 0, 8, 9)],
    ['the one whose run is older also without dates', one(2, 5, 0, null, 1), one(1, 5, 0, null, 9)],
    ['the one that was made first', one(1, 5, 0, null, 1), one(2, 5, 0, null, 1)],
  ])('%s', (_case, first, second) => {
    const expected = [...first, ...second].map(({ instance }) => instance.id);
    expect(idsOf({ candidates: [...first, ...second] })).toEqual(expected);
    expect(idsOf({ candidates: [...second, ...first] })).toEqual(expected);
  });
});

it('runs are compared by their dates: the older first, none last', () => {
  expect([7, null, 3, 0, null, 5].sort(compareDates)).toEqual([0, 3, 5, 7, null, null]);
  expect([compareDates(3, 3), compareDates(null, null)]).toEqual([0, 0]);
});

/** What backfills get of what is free while other runs wait for it too. */
import { describe, expect, it } from '@jest/globals';
import type { LaneCredits } from '../../../../src/core/queueing/fair-lane.js';
import type { QueueingInput } from '../../../../src/core/queueing/plan-queueing.js';
import type { TaskSpec } from '../../../../src/model/dag-spec.js';
import { occupancy, queueing, runsOf } from './queue.js';

/** How many of so many live runs and runs of backfills with one task each are chosen. Backfills have ids from 100 on. */
interface Queue {
  readonly live?: number;
  readonly backfills?: number;
  readonly task?: Partial<TaskSpec>;
  /** Of the task in backfills, where it is another one. */
  readonly backfillTask?: Partial<TaskSpec>;
  readonly input?: Partial<QueueingInput>;
}

function pass({ live = 9, backfills = 9, task = {}, backfillTask = task, input = {} }: Queue) {
  const candidates = [...runsOf(live, 1, task), ...runsOf(backfills, 100, backfillTask, { backfillId: 1 })];
  const { chosen, laneCredits } = queueing({ candidates, ...input });
  const ofBackfills = chosen.filter(({ instance }) => instance.id >= 100).length;
  return { counts: [chosen.length - ofBackfills, ofBackfills], laneCredits };
}

const pool = (slots: number, occupied: number): Partial<QueueingInput> => ({
  occupancy: occupancy({ pools: { p: { slots, occupied }, default_pool: { slots: 128, occupied: 0 } } }),
});
const inP = (poolSlots = 1): Partial<TaskSpec> => ({ pool: 'p', poolSlots });
const limited = { maxActiveTisPerDag: 4 };

describe('while others wait for the same, backfills get', () => {
  it.each<[string, Queue, readonly [live: number, backfills: number]]>([
    ['their share of the slots', { input: { freeSlots: 4 } }, [2, 2]],
    ['a larger share if they shall', { input: { freeSlots: 4, backfillShare: 0.75 } }, [1, 3]],
    ['no part of a slot', { input: { freeSlots: 5 } }, [3, 2]],
    ['nothing of one slot', { input: { freeSlots: 1 } }, [1, 0]],
    ['nothing with a share of nothing', { input: { freeSlots: 4, backfillShare: 0 } }, [4, 0]],
    ['all with a share of all', { input: { freeSlots: 4, backfillShare: 1 } }, [0, 4]],
    ['what the others leave of the slots', { live: 1, input: { freeSlots: 4 } }, [1, 3]],
    ['no more than they want', { backfills: 1, input: { freeSlots: 4 } }, [3, 1]],
    ['their share of a pool', { task: inP(), input: pool(5, 1) }, [2, 2]],
    ['what the others leave of a pool', { live: 1, task: inP(), input: pool(5, 1) }, [1, 3]],
    ['nothing of a pool that was made smaller than what is in it', { task: inP(), input: pool(2, 5) }, [0, 0]],
    ['their share of a pool in slots, not in tasks', { task: inP(), backfillTask: inP(2), input: pool(4, 0) }, [2, 1]],
    ['nothing of a pool whose share is narrower than they are', { task: inP(), backfillTask: inP(3), input: pool(4, 0) }, [4, 0]],
    ['all that they can use of a pool without a limit', { task: inP(), input: pool(-1, 99) }, [9, 9]],
    ['their share of what a task may have over all runs', { task: limited }, [2, 2]],
    ['what the others leave of it', { live: 1, task: limited }, [1, 3]],
    ['their share of what is left of it', { task: limited, input: { occupancy: occupancy({ tasks: { 'd t0': 2 } }) } }, [1, 1]],
    [
      'nothing of it where others have it all',
      { task: limited, input: { occupancy: occupancy({ tasks: { 'd t0': 5 } }) } },
      [0, 0],
    ],
    [
      'what no others want, although they want slots',
      { task: {}, backfillTask: inP(), input: { ...pool(4, 0), freeSlots: 20 } },
      [9, 4],
    ],
  ])('%s', (_case, given, expected) => {
    expect(pass(given).counts).toEqual(expected);
  });

  it('the place of another task of theirs where one has had its share', () => {
    const input = { ...pool(2, 0), freeSlots: 4 };
    const candidates = [
      ...runsOf(4, 1, { pool: 'p' }),
      ...runsOf(3, 100, { pool: 'p', priorityWeight: 9 }, { backfillId: 1 }),
      ...runsOf(3, 200, {}, { backfillId: 1 }),
    ];
    // One of pool p; of the four slots the others use one more, and leave two.
    const ids = queueing({ candidates, ...input }).chosen.map(({ instance }) => instance.id);
    expect(ids).toEqual([1, 100, 200, 201]);
  });
});

describe('what is due to backfills and cannot be divided', () => {
  /** Who gets what over several passes: `L` a live run, `B` a backfill. */
  function passes(count: number, given: Queue): string {
    let laneCredits: LaneCredits = new Map();
    let lanes = '';
    for (let index = 0; index < count; index++) {
      const found = pass({ ...given, input: { ...given.input, laneCredits } });
      ({ laneCredits } = found);
      lanes += 'L'.repeat(found.counts[0]!) + 'B'.repeat(found.counts[1]!);
    }
    return lanes;
  }

  it.each<[string, Queue, string]>([
    ['every second slot', { input: { freeSlots: 1 } }, 'LBLBLB'],
    ['every third slot', { input: { freeSlots: 1, backfillShare: 1 / 3 } }, 'LLBLLB'],
    ['every tenth slot', { input: { freeSlots: 1, backfillShare: 0.1 } }, 'LLLLLLLLLB'],
    ['every second slot of a pool', { task: inP(), input: pool(3, 2) }, 'LBLBLB'],
    ['every second instance of a task', { task: { maxActiveTisPerDag: 1 } }, 'LBLBLB'],
  ])('comes to them over time: %s', (_case, given, expected) => {
    expect(passes(expected.length, given)).toBe(expected);
  });

  it('is kept only where others take it', () => {
    // Two of three slots are left, more than the share of one and a half.
    expect(pass({ live: 1, input: { freeSlots: 3 } }).laneCredits).toEqual(new Map());
    // One is left, the share without its fraction.
    expect(pass({ live: 2, input: { freeSlots: 3 } }).laneCredits).toEqual(new Map([['slots', 0.5]]));
    expect(pass({ live: 9, input: { freeSlots: 3 } }).laneCredits).toEqual(new Map([['slots', 0.5]]));
  });

  it('is kept also by a task whose turn did not come', () => {
    const candidates = [
      ...runsOf(1, 1, { pool: 'p' }),
      ...runsOf(1, 2),
      ...runsOf(1, 100, { priorityWeight: 9 }, { backfillId: 1 }),
      ...runsOf(1, 101, { pool: 'p', maxActiveTisPerDag: 3 }, { backfillId: 1 }),
    ];
    const { chosen, laneCredits } = queueing({ candidates, ...pool(1, 0), freeSlots: 2 });
    expect(chosen.map(({ instance }) => instance.id)).toEqual([1, 100]);
    expect(laneCredits.get('pool p')).toBe(0.5);
  });

  it('is never less than nothing', () => {
    const { laneCredits } = pass({ task: inP(), input: pool(2, 5) });
    expect(Math.min(...laneCredits.values())).toBe(0);
  });

  it.each<[string, Queue]>([
    ['no others wait', { live: 0, input: { freeSlots: 1 } }],
    ['no backfills wait', { backfills: 0, input: { freeSlots: 1 } }],
    ['there is enough for all', { input: { freeSlots: 18 } }],
    ['what keeps them back is theirs alone', { task: inP(3), input: { ...pool(2, 0), freeSlots: 18 } }],
  ])('is forgotten when %s', (_case, given) => {
    const laneCredits = new Map([['slots', 0.5]]);
    expect(pass({ ...given, input: { ...given.input, laneCredits } }).laneCredits).toEqual(new Map());
  });

  it('is not forgotten while somebody waits: for a slot, a pool or a task', () => {
    for (const given of [{ input: { freeSlots: 17 } }, { task: inP(), input: pool(17, 0) }, { task: { maxActiveTisPerDag: 17 } }]) {
      expect(pass(given).laneCredits.size).toBeGreaterThan(0);
      expect(pass({ ...given, live: 17 }).laneCredits.size).toBeGreaterThan(0);
    }
  });
});

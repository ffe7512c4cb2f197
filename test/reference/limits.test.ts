import { describe, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import type { LaneCredits } from '../../src/core/queueing/fair-lane.js';
import { planQueueing } from '../../src/core/queueing/plan-queueing.js';
import { anySituation, inputOf } from './any-situation.js';
import { referenceQueueing, type ReferenceSituation } from './limits.js';

/** Random cases of each property; `REFERENCE_CASES=100000` is the proof. */
const numRuns = Number(process.env['REFERENCE_CASES'] ?? 1_000);
const TIMEOUT_MS = 600_000;

const idsOf = (situation: ReferenceSituation): number[] =>
  planQueueing(inputOf(situation)).chosen.map(({ instance }) => instance.id);

describe('queueing', () => {
  it(
    'chooses what the specification chooses',
    () => {
      fc.assert(
        fc.property(anySituation, (situation) => {
          expect(new Set(idsOf(situation))).toEqual(referenceQueueing(situation));
        }),
        { numRuns },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'leaves no slot empty that somebody could take',
    () => {
      fc.assert(
        fc.property(anySituation, (situation) => {
          const chosen = new Set(idsOf(situation));
          const rows = situation.rows.map((row) => (chosen.has(row.id) ? { ...row, state: 'queued' as const } : row));
          const freeSlots = situation.freeSlots - chosen.size;
          expect([...referenceQueueing({ ...situation, rows, freeSlots })]).toEqual([]);
        }),
        { numRuns },
      );
    },
    TIMEOUT_MS,
  );
});

describe('the fair lane', () => {
  const isBackfill = ({ runs, rows }: ReferenceSituation, id: number): boolean =>
    runs.find((run) => run.id === rows.find((row) => row.id === id)!.runId)!.isBackfill;

  it(
    'gives backfills no more than their share of the free slots while the others could take them all',
    () => {
      fc.assert(
        fc.property(anySituation, (situation) => {
          const { rows, freeSlots, parallelism, backfillShare } = situation;
          const live = rows.filter(({ state }) => state === 'queued' || state === 'running').length;
          const free = Math.max(0, Math.min(freeSlots, parallelism - live));
          const withoutBackfills = rows.filter(({ id, state }) => state !== 'scheduled' || !isBackfill(situation, id));
          const alone = referenceQueueing({ ...situation, rows: withoutBackfills });
          const ofBackfills = idsOf(situation).filter((id) => isBackfill(situation, id)).length;
          if (alone.size === free) expect(ofBackfills).toBeLessThanOrEqual(Math.floor(free * backfillShare + 1e-9));
        }),
        { numRuns },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'without a share leaves the others all that they would have without backfills',
    () => {
      fc.assert(
        fc.property(anySituation, (given) => {
          const situation = { ...given, backfillShare: 0 };
          const withoutBackfills = situation.rows.filter(({ id, state }) => state !== 'scheduled' || !isBackfill(situation, id));
          const alone = referenceQueueing({ ...situation, rows: withoutBackfills });
          expect(new Set(idsOf(situation).filter((id) => !isBackfill(situation, id)))).toEqual(alone);
        }),
        { numRuns },
      );
    },
    TIMEOUT_MS,
  );

  it('gives half of one slot at a time as every second slot', () => {
    const dag = { dagId: 'd0', isPaused: false, maxActiveTasks: 99, tasks: { t0: { perDag: null, perDagRun: null } } };
    const runs = [1, 2].map((id) => ({ id, dagId: 'd0', state: 'running' as const, logicalDate: id, isBackfill: id === 2 }));
    const rows = Array.from({ length: 40 }, (_, index) => {
      const place = { dagId: 'd0', runId: (index % 2) + 1, taskId: 't0', mapIndex: index };
      return { id: index + 1, ...place, state: 'scheduled' as const, pool: 'left', poolSlots: 1, weight: 1 };
    });
    const pools = [{ name: 'left', slots: 10, includeDeferred: false }];
    const situation = { dags: [dag], runs, rows, pools, parallelism: 99, freeSlots: 1, backfillShare: 0.5 };
    const lanes: boolean[] = [];
    let laneCredits: LaneCredits | undefined;
    for (let pass = 0; pass < 8; pass++) {
      const plan = planQueueing({ ...inputOf(situation), ...(laneCredits && { laneCredits }) });
      laneCredits = plan.laneCredits;
      lanes.push(...plan.chosen.map(({ instance }) => isBackfill(situation, instance.id)));
    }
    expect(lanes).toEqual([false, true, false, true, false, true, false, true]);
  });
});

import { planBackfill } from '../core/backfill/plan-backfill.js';
import type { Backfill } from '../model/backfill.js';
import { MOST_BACKFILL_RUNS } from './create-backfill.js';
import { findLiveDag } from './find-dag.js';
import type { OperationDeps } from './operation-deps.js';

/**
 * Gives a backfill the runs that it lacks because the process that created it died, and unpauses it: the intervals that it was created for, as
 * its DAG makes them now. Null: there is no such backfill any more.
 * @throws AirflowLikeError STATE_CONFLICT (the DAG is retired), BACKFILL_RANGE (its schedule has no interval in the range any more).
 */
export async function completeBackfill(
  { store, clock, actor, timetables }: OperationDeps,
  backfill: Backfill,
): Promise<Backfill | null> {
  const { id, dagId, fromDate: from, toDate: to, conf, runBackwards, createdAt } = backfill;
  const { spec } = await findLiveDag(store, dagId);
  const { create } = planBackfill({
    spec,
    from,
    to,
    existing: await store.runs.listRuns({ dagId, from, to }),
    // Runs that run again have been taken over with its first runs.
    reprocessBehavior: 'none',
    runBackwards,
    maxRuns: MOST_BACKFILL_RUNS,
    conf,
    now: createdAt,
    ...(timetables ? { custom: timetables } : {}),
  });
  return store.backfills.complete(id, create, actor, clock.now());
}

import type { Backfill } from '../model/backfill.js';
import { AirflowLikeError } from '../model/errors.js';
import type { BackfillChange } from '../ports/backfill-store.js';
import { completeBackfill } from './complete-backfill.js';
import type { OperationDeps } from './operation-deps.js';

/**
 * Pauses or unpauses a backfill: no more runs of it start, those under way go on. One whose creation was interrupted gets the runs that it lacks
 * before it is unpaused.
 * @throws AirflowLikeError NOT_FOUND; STATE_CONFLICT when it has ended; what `completeBackfill` throws.
 */
export async function pauseBackfill(deps: OperationDeps, backfillId: number, isPaused: boolean): Promise<BackfillChange> {
  const { store, bus, clock, actor } = deps;
  const backfill = isPaused ? null : (await store.backfills.progress(backfillId))?.backfill;
  const isLacking = backfill?.isIncomplete === true && backfill.completedAt === null;
  const completed = isLacking ? await completeBackfill(deps, backfill) : null;
  const changed = completed
    ? { backfill: completed, isChanged: completed.completedAt === null }
    : await store.backfills.setPaused(backfillId, isPaused, actor, clock.now());
  const change = open(changed, backfillId);
  if (change.isChanged) bus.publish('runs');
  return change;
}

/**
 * Ends a backfill: its queued runs fail, those under way go on to their end.
 * @throws AirflowLikeError NOT_FOUND; STATE_CONFLICT when it has ended.
 */
export async function cancelBackfill(
  deps: OperationDeps,
  backfillId: number,
): Promise<BackfillChange & { readonly failedRuns: number }> {
  const { store, bus, clock, actor } = deps;
  const change = open(await store.backfills.cancel(backfillId, actor, clock.now()), backfillId);
  if (change.isChanged) bus.publish('runs');
  return change;
}

function open<Change extends BackfillChange>(change: Change | null, backfillId: number): Change {
  if (change === null) {
    throw new AirflowLikeError('NOT_FOUND', {
      place: 'backfill',
      message: 'there is no backfill with this number',
      value: backfillId,
    });
  }
  if (!change.isChanged && change.backfill.completedAt !== null) {
    throw new AirflowLikeError('STATE_CONFLICT', {
      place: `backfill ${backfillId}`,
      message: `it is ${endOf(change.backfill)} already`,
    });
  }
  return change;
}

function endOf({ isCancelled }: Backfill): string {
  return isCancelled ? 'cancelled' : 'completed';
}

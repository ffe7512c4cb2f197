import { estimateMs } from '../core/backfill/estimate.js';
import type { Backfill, BackfillProgress } from '../model/backfill.js';
import type { DagRun } from '../model/dag-run.js';
import { AirflowLikeError } from '../model/errors.js';
import { followHints } from './follow-hints.js';
import type { OperationDeps } from './operation-deps.js';

/** Newest finished runs whose durations make the estimate: enough for a median, cheap to read. */
const SAMPLE_RUNS = 100;

export interface FollowedBackfill extends BackfillProgress {
  /** Time to its end by the median duration of finished runs and the runs that go on side by side; null before any run of the DAG has finished. */
  readonly etaMs: number | null;
}

/**
 * Follows a backfill: yields its progress, then again at every change, to its end. Ends early when `signal` aborts; the backfill goes on.
 * @throws AirflowLikeError NOT_FOUND when there is no such backfill, or it is deleted meanwhile.
 */
export async function* followBackfill(
  deps: Pick<OperationDeps, 'store' | 'bus' | 'clock'>,
  backfillId: number,
  signal?: AbortSignal,
): AsyncGenerator<FollowedBackfill> {
  const { store } = deps;
  let last = '';
  for await (const _hint of followHints(deps, ['runs', 'tasks'], signal)) {
    const progress = await store.backfills.progress(backfillId);
    if (!progress)
      throw new AirflowLikeError('NOT_FOUND', {
        place: 'backfill',
        message: 'there is no backfill with this number',
        value: backfillId,
      });
    const isComplete = progress.backfill.completedAt !== null;
    const seen = [
      progress.queued,
      progress.running,
      progress.success,
      progress.partial,
      progress.failed,
      isComplete,
      progress.backfill.isPaused,
    ].join();
    if (seen === last) continue;
    last = seen;
    yield { ...progress, etaMs: isComplete ? 0 : estimateEtaMs(progress, await sampleDurations(deps, progress.backfill)) };
    if (isComplete) return;
  }
}

/** Milliseconds to the end of a backfill; null when no run has finished yet. */
export function estimateEtaMs({ backfill, queued, running }: BackfillProgress, durationsMs: readonly number[]): number | null {
  // A run under way counts by half: on average it is in its middle.
  return estimateMs(queued + running / 2, Math.min(backfill.maxActiveRuns, queued + running), durationsMs);
}

/** Of its own newest runs; of the DAG's, until the first of its own has finished. */
async function sampleDurations({ store }: Pick<OperationDeps, 'store'>, { id, dagId }: Backfill): Promise<readonly number[]> {
  const newest = { states: ['success', 'partial', 'failed'], order: '-logical_date', limit: SAMPLE_RUNS } as const;
  const own = durationsOf(await store.runs.listRuns({ backfillId: id, ...newest }));
  return own.length > 0 ? own : durationsOf(await store.runs.listRuns({ dagId, noBackfill: true, ...newest }));
}

function durationsOf(runs: readonly DagRun[]): readonly number[] {
  return runs.flatMap(({ startedAt, endedAt }) => (startedAt === null || endedAt === null ? [] : [endedAt - startedAt]));
}

import type { DagSchedule } from '../../model/dag.js';

/**
 * Why a DAG whose runs keep failing is paused; null: it is not. It is when the newest `maxConsecutiveFailedDagRuns` runs by logical date all
 * failed. Whoever unpauses it gives it another run: failures from before do not count alone.
 */
export function pauseForFailures({ spec, newestRuns, activeSince }: DagSchedule): string | null {
  const limit = spec.maxConsecutiveFailedDagRuns;
  if (limit === 0 || newestRuns.length < limit || newestRuns.some(({ state }) => state !== 'failed')) return null;
  const lastFailedAt = Math.max(...newestRuns.map(({ endedAt }) => endedAt ?? Number.NEGATIVE_INFINITY));
  if (lastFailedAt < (activeSince ?? Number.NEGATIVE_INFINITY)) return null;
  return `its newest ${limit === 1 ? 'run' : `${limit} runs`} failed (maxConsecutiveFailedDagRuns)`;
}

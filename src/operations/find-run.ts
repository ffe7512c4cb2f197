import type { DagRun } from '../model/dag-run.js';
import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import type { Store } from '../ports/store.js';

/** The run with this id, else the one with this logical date. @throws AirflowLikeError NOT_FOUND with the nearest run id. */
export async function findRun(store: Store, dagId: string, runId: string): Promise<DagRun> {
  const run = await store.runs.findRun(dagId, runId);
  if (run) return run;
  const known = await store.runs.listRuns({ dagId, order: '-logical_date', limit: 1_000 });
  throw new AirflowLikeError('NOT_FOUND', {
    place: `DAG ${dagId}`,
    message: 'it has no run with this id',
    value: runId,
    suggestion: nearestName(
      runId,
      known.map((candidate) => candidate.runId),
    ),
  });
}

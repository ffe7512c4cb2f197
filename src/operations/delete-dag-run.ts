import { AirflowLikeError } from '../model/errors.js';
import { findDag } from './find-dag.js';
import { findRun } from './find-run.js';
import type { OperationDeps } from './operation-deps.js';

/**
 * Deletes a run with all its history. If it was the newest run of the schedule, the schedule makes it again.
 * @returns The id of the run, which may have been named by its logical date.
 * @throws AirflowLikeError NOT_FOUND; STATE_CONFLICT while it is running.
 */
export async function deleteDagRun({ store, bus, actor }: OperationDeps, dagId: string, runId: string): Promise<string> {
  await findDag(store, dagId);
  const run = await findRun(store, dagId, runId);
  const outcome = await store.runs.deleteRun(run.id, actor);
  if (outcome === 'running') {
    throw new AirflowLikeError('STATE_CONFLICT', {
      place: `run ${run.runId} of DAG ${dagId}`,
      message: 'it is running, or a task of it is: wait for its end, or mark it failed first',
    });
  }
  bus.publish('dags');
  return run.runId;
}

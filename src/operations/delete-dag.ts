import { AirflowLikeError } from '../model/errors.js';
import { findDag } from './find-dag.js';
import type { OperationDeps } from './operation-deps.js';

/**
 * Deletes a retired DAG with all its history.
 * @throws AirflowLikeError NOT_FOUND; DAG_FILE_EXISTS while a file still holds it, because the next scan would bring it back without its
 * history; DAG_HAS_RUNNING_TASKS while attempts are under way.
 */
export async function deleteDag({ store, bus, actor }: OperationDeps, dagId: string): Promise<void> {
  const { dag } = await findDag(store, dagId);
  if (!dag.isRetired) {
    throw new AirflowLikeError('DAG_FILE_EXISTS', {
      place: `DAG ${dagId}`,
      message: `the file ${dag.file} still holds it and the next scan would bring it back: remove it from there first, or pause the DAG`,
    });
  }
  const outcome = await store.catalog.deleteDag(dagId, actor);
  if (outcome === 'running') {
    throw new AirflowLikeError('DAG_HAS_RUNNING_TASKS', {
      place: `DAG ${dagId}`,
      message: 'tasks of it are queued or running: wait until they have ended',
    });
  }
  bus.publish('dags');
}

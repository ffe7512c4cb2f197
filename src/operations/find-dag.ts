import { AirflowLikeError } from '../model/errors.js';
import { checkId } from '../model/ids.js';
import { nearestName } from '../model/nearest-name.js';
import type { DagListing, Store } from '../ports/store.js';

/**
 * A DAG by its id, retired ones included.
 * @throws AirflowLikeError ID_INVALID; NOT_FOUND, with the nearest id that exists.
 */
export async function findDag(store: Store, dagId: string): Promise<DagListing> {
  checkId(dagId, 'dagId');
  const listing = await store.catalog.getDag(dagId);
  if (listing) return listing;
  const known = await store.catalog.listDags();
  throw new AirflowLikeError('NOT_FOUND', {
    place: 'dagId',
    message: 'there is no DAG with this id',
    value: dagId,
    suggestion: nearestName(
      dagId,
      known.map(({ dag }) => dag.dagId),
    ),
  });
}

/**
 * A DAG whose file still exists: only such a DAG can get new runs.
 * @throws AirflowLikeError like `findDag`, and STATE_CONFLICT for a retired DAG.
 */
export async function findLiveDag(store: Store, dagId: string): Promise<DagListing> {
  const listing = await findDag(store, dagId);
  if (!listing.dag.isRetired) return listing;
  throw new AirflowLikeError('STATE_CONFLICT', {
    place: `DAG ${dagId}`,
    message: `it is retired because its file ${listing.dag.file} no longer holds it; put it back to run it`,
  });
}

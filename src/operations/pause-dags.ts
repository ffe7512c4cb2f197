import { AirflowLikeError } from '../model/errors.js';
import { findDag } from './find-dag.js';
import type { OperationDeps } from './operation-deps.js';
import { checkNote } from './set-run-note.js';

export interface PauseRequest {
  /** Either ids, each of which must exist, or a regular expression that is looked for in every id. */
  readonly dagIds: readonly string[] | RegExp;
  readonly isPaused: boolean;
  /** Shown where the DAG is; only kept while it is paused. Null or empty: a DAG that is paused already keeps the one it has. */
  readonly reason?: string | null;
}

/**
 * Pauses or unpauses DAGs. A paused DAG gets no new runs, starts none, and queues no task; tasks that are queued or running go on.
 * @returns The ids whose flag changed: fewer than were named when some had it already.
 * @throws AirflowLikeError VALUE_RANGE and STRING_INVALID (`reason`), NOT_FOUND when an id, or every id for an expression, is unknown; nothing is changed then.
 */
export async function pauseDags(deps: OperationDeps, request: PauseRequest): Promise<readonly string[]> {
  const { store, bus, clock, actor } = deps;
  checkNote(request.reason ?? null, 'reason');
  const dagIds = await resolveIds(deps, request.dagIds);
  const reason = request.isPaused ? request.reason || null : null;
  const changed = await store.catalog.setPaused(dagIds, request.isPaused, reason, actor, clock.now());
  if (changed.length > 0) bus.publish('dags');
  return changed;
}

async function resolveIds({ store }: OperationDeps, dagIds: readonly string[] | RegExp): Promise<readonly string[]> {
  if (!(dagIds instanceof RegExp)) {
    const listings = await Promise.all(dagIds.map((dagId) => findDag(store, dagId)));
    return listings.map(({ dag }) => dag.dagId);
  }
  const pattern = new RegExp(dagIds.source, dagIds.flags.replace(/[gy]/g, '')); // a global one would remember its last place
  const matching = (await store.catalog.listDags()).map(({ dag }) => dag.dagId).filter((dagId) => pattern.test(dagId));
  if (matching.length > 0) return matching;
  throw new AirflowLikeError('NOT_FOUND', { place: 'dagIds', message: 'no DAG id matches this expression', value: dagIds.source });
}

import { parallelismProblems, poolProblems } from '../core/queueing/check-pools.js';
import type { ImportProblem } from '../model/dag.js';
import type { Store } from '../ports/store.js';

/**
 * What the DAGs ask for and the installation does not have: tasks that wait in vain, because their pool does not exist or is narrower than they are,
 * and runs that may have more tasks at once than run at all.
 * @param parallelism Most tasks at once, as the schedulers are set.
 */
export async function findPoolProblems(
  { store }: { readonly store: Store },
  parallelism: number,
): Promise<readonly ImportProblem[]> {
  const [listings, pools] = await Promise.all([store.catalog.listDags(), store.pools.list()]);
  return listings.flatMap(({ spec }) => [...poolProblems(spec, pools), ...parallelismProblems(spec, parallelism)]);
}

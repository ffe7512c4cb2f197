import { poolProblems } from '../core/queueing/check-pools.js';
import type { ImportProblem } from '../model/dag.js';
import type { Store } from '../ports/store.js';

/** Tasks of all DAGs that wait in vain while the pools are as they are: their pool does not exist, or is narrower than they are. */
export async function findPoolProblems({ store }: { readonly store: Store }): Promise<readonly ImportProblem[]> {
  const [listings, pools] = await Promise.all([store.catalog.listDags(), store.pools.list()]);
  return listings.flatMap(({ spec }) => poolProblems(spec, pools));
}

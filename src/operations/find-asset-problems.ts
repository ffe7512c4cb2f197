import { displacedAssets, displacementText } from '../core/asset/displaced.js';
import { assetKeyText } from '../model/asset.js';
import type { ImportProblem } from '../model/dag.js';
import type { Store } from '../ports/store.js';

/** Places where DAGs name an asset that cannot be used, because another one has its name or URI. */
export async function findAssetProblems({ store }: { readonly store: Store }): Promise<readonly ImportProblem[]> {
  const assets = await store.assets.list({ includeInactive: true });
  if (assets.every(({ isActive }) => isActive)) return [];
  const [references, listings] = await Promise.all([store.assets.listReferences(), store.catalog.listDags()]);
  const specs = new Map(listings.map(({ spec }) => [spec.dagId, spec]));
  return references.flatMap(({ dagId, taskId, ref }) => {
    const [displaced] = ref.kind === 'asset' ? displacedAssets([ref.asset], assets) : [];
    const spec = specs.get(dagId);
    if (!displaced || !spec) return [];
    const position = spec.tasks.find((task) => task.taskId === taskId)?.position ?? spec.position;
    return {
      code: 'ASSET_CONFLICT',
      message: `${taskId === null ? `${dagId}.schedule` : `${dagId}.${taskId}`}: ${displacementText(displaced)}`,
      file: position?.file ?? spec.file,
      line: position?.line ?? null,
      column: position?.column ?? null,
      value: JSON.stringify(assetKeyText(displaced.asset).replace('\n', ' ')),
      allowed: null,
      suggestion: null,
      stack: null,
    };
  });
}

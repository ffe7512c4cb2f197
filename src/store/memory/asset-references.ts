/** Where DAGs name assets, in memory. */
import { activeAssets } from '../../core/asset/active-assets.js';
import { assetReferencesOf } from '../../core/asset/references.js';
import { canonicalJson } from '../../model/canonical-json.js';
import { assetKeyText, assetRefText, type Asset, type AssetSpec } from '../../model/asset.js';
import type { DagSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import type { Tables } from './tables.js';

export function saveAssetReferences(tables: Tables, spec: DagSpec, now: Instant): void {
  const { dagId } = spec;
  const references = assetReferencesOf(spec);
  for (const { ref } of references) {
    if (ref.kind === 'asset') saveAsset(tables, ref.asset, now);
    else {
      const { id = tables.nextId(), members = new Map() } = tables.aliases.get(ref.alias.name) ?? {};
      tables.aliases.set(ref.alias.name, { ...ref.alias, id, members });
    }
  }
  tables.assetReferences.set(dagId, references);
  const waitsFor = new Set(references.filter(({ role }) => role === 'schedule').map(({ ref }) => assetRefText(ref)));
  const queue = (tables.assetQueues.get(dagId) ?? []).filter(({ asset, alias }) =>
    waitsFor.has(alias === null ? `asset ${assetKeyText(asset)}` : `alias ${alias}`),
  );
  tables.assetQueues.set(dagId, queue);
  const dag = tables.dags.get(dagId);
  if (dag && queue.length > 0) tables.dags.set(dagId, { ...dag, assetCheckAt: now });
}

/** Which assets are in use, after DAGs came, changed, went or came back. */
export function refreshUse(tables: Tables): void {
  const named = new Set<string>();
  for (const [dagId, references] of tables.assetReferences) {
    if (tables.dags.get(dagId)?.isRetired !== false) continue;
    for (const { ref } of references) {
      if (ref.kind === 'asset') named.add(assetKeyText(ref.asset));
      else for (const key of tables.aliases.get(ref.alias.name)?.members.keys() ?? []) named.add(key);
    }
  }
  const active = activeAssets([...tables.assets.values()], (asset) => named.has(assetKeyText(asset)));
  for (const [key, asset] of tables.assets) {
    const isActive = active.has(asset.id);
    if (asset.isActive !== isActive) tables.assets.set(key, Object.freeze({ ...asset, isActive }));
  }
}

function saveAsset(tables: Tables, { name, uri, group, extra }: AssetSpec, now: Instant): void {
  const key = assetKeyText({ name, uri });
  const old = tables.assets.get(key);
  if (old?.group === group && canonicalJson(old.extra) === canonicalJson(extra)) return;
  const base: Pick<Asset, 'id' | 'isActive' | 'createdAt'> = old ?? { id: tables.nextId(), isActive: false, createdAt: now };
  tables.assets.set(key, Object.freeze({ ...base, name, uri, group, extra, updatedAt: now }));
}

import { assetKeyText, type AssetActivity, type AssetEmission, type OutletRecord } from '../../model/asset.js';
import { canonicalJson } from '../../model/canonical-json.js';
import type { TaskSpec } from '../../model/dag-spec.js';

/**
 * What the success of a task means for assets: one event for each asset that is an outlet, whatever the task did, and those that it added through aliases. What
 * it says of anything that is no outlet of its does not count. Null: it has nothing to do with assets.
 */
export function assetActivityOf(
  { outlets, inlets }: Pick<TaskSpec, 'outlets' | 'inlets'>,
  records: readonly OutletRecord[] = [],
): AssetActivity | null {
  if (outlets.length === 0 && inlets.length === 0) return null;
  const written: AssetEmission[] = [];
  const aliases = new Set<string>();
  for (const outlet of outlets) {
    if (outlet.kind === 'alias') {
      aliases.add(outlet.alias.name);
      continue;
    }
    const key = assetKeyText(outlet.asset);
    const said = records.findLast((record) => record.kind === 'asset' && assetKeyText(record.asset) === key);
    written.push({ asset: outlet.asset, extra: said?.extra ?? {}, aliases: [] });
  }
  written.push(...addedThroughAliases(records, aliases));
  return { read: inlets.flatMap((inlet) => (inlet.kind === 'asset' ? [inlet.asset] : [])), written };
}

/** One asset with one extra is one event, through however many aliases it came. */
function addedThroughAliases(records: readonly OutletRecord[], declared: ReadonlySet<string>): readonly AssetEmission[] {
  const events = new Map<string, AssetEmission>();
  for (const record of records) {
    if (record.kind !== 'alias' || !declared.has(record.alias)) continue;
    const key = `${assetKeyText(record.asset)}\n${canonicalJson(record.extra)}`;
    const { asset, extra, aliases } = events.get(key) ?? { ...record, aliases: [] };
    events.set(key, { asset, extra, aliases: aliases.includes(record.alias) ? aliases : [...aliases, record.alias] });
  }
  return [...events.values()];
}

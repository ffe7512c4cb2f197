/** Reads what a runner reports of a task's outlets, of which nothing is believed; see `read-outcome.ts`. */
import { assetNameProblem, assetUriProblem } from '../../core/asset/asset-uri.js';
import type { AssetExtra, AssetSpec, OutletRecord } from '../../model/asset.js';
import { isStorableText, isTaggedJson } from '../../model/codec.js';

/** What an attempt may say at most, whatever it is. */
const MOST_RECORDS = 10_000;
const MAX_GROUP_LENGTH = 250;

/** Null: there are none. Undefined: these are none. */
export function readOutlets(outlets: unknown): readonly OutletRecord[] | null | undefined {
  if (outlets === undefined) return null;
  if (!Array.isArray(outlets) || outlets.length > MOST_RECORDS) return undefined;
  const records: OutletRecord[] = [];
  for (const outlet of outlets as unknown[]) {
    const record = readRecord(outlet);
    if (!record) return undefined;
    records.push(record);
  }
  return records;
}

function readRecord(value: unknown): OutletRecord | null {
  const { kind, alias, asset, extra } = fieldsOf(value);
  const key = readKey(asset);
  if (!key || !isExtra(extra)) return null;
  if (kind === 'asset') return { kind, asset: key, extra };
  const { group, extra: ofAsset } = fieldsOf(asset);
  const isGroup = typeof group === 'string' && group.length > 0 && group.length <= MAX_GROUP_LENGTH && isStorableText(group);
  if (kind !== 'alias' || assetNameProblem(alias) !== null || !isGroup || !isExtra(ofAsset)) return null;
  return { kind, alias: alias as string, asset: { ...key, group, extra: ofAsset }, extra };
}

function readKey(asset: unknown): Pick<AssetSpec, 'name' | 'uri'> | null {
  const { name, uri } = fieldsOf(asset);
  return assetNameProblem(name) === null && assetUriProblem(uri) === null ? { name: name as string, uri: uri as string } : null;
}

function isExtra(value: unknown): value is AssetExtra {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('$type' in value) && isTaggedJson(value);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

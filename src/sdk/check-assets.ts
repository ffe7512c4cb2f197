/** From assets as written to plain data. */
import { assetNameProblem, assetUriProblem } from '../core/asset/asset-uri.js';
import { assetRefText, type AssetCondition, type AssetExtra, type AssetRef, type AssetSpec } from '../model/asset.js';
import { encodeTagged } from '../model/codec.js';
import { AirflowLikeError } from '../model/errors.js';
import { isAsset, isAssetAlias, isAssetExpression, partsOf, type Asset } from './asset.js';
import { name } from './check-options.js';

const MOST_PARTS = 1_000;
const MOST_EXTRA_BYTES = 65_536;

/** @throws AirflowLikeError VALUE_TYPE, VALUE_RANGE, ASSET_INVALID, ARG_NOT_SERIALIZABLE */
export function readAssetCondition(value: unknown, place: string): AssetCondition {
  const parts = isAssetExpression(value) ? partsOf(value) : null;
  return parts ? joined(parts.kind, parts.of, place) : readAssetRef(value, place);
}

/** A list of assets is a condition that all of them meet together. */
export function readAssetList(values: readonly unknown[], place: string): AssetCondition {
  return values.length === 1 ? readAssetCondition(values[0], `${place}[0]`) : joined('all', values, place);
}

/** The option `outlets` or `inlets` of a task. */
export function assetRefs(values: unknown, place: string): readonly AssetRef[] {
  if (!Array.isArray(values)) throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this must be a list', value: values });
  const refs = values.map((value: unknown, index) => readAssetRef(value, `${place}[${index}]`));
  return [...new Map(refs.map((ref) => [assetRefText(ref), ref])).values()];
}

export function readAssetRef(value: unknown, place: string): AssetRef {
  if (isAsset(value)) return { kind: 'asset', asset: readAsset(value, place) };
  if (!isAssetAlias(value)) {
    throw new AirflowLikeError('VALUE_TYPE', {
      place,
      message: 'this is not an asset',
      value,
      allowed: "asset('s3://lake/orders'), assetAlias('orders')",
      suggestion: typeof value === 'string' ? `asset('${value}')` : null,
    });
  }
  refuse(assetNameProblem(value.name), `${place}.name`, value.name);
  return { kind: 'alias', alias: { name: value.name, group: name(value.group, `${place}.group`) } };
}

/** @throws AirflowLikeError ASSET_INVALID, VALUE_TYPE, ARG_NOT_SERIALIZABLE */
export function readAsset(value: Asset, place: string): AssetSpec {
  refuse(assetNameProblem(value.name), `${place}.name`, value.name);
  refuse(assetUriProblem(value.uri), `${place}.uri`, value.uri);
  return {
    name: value.name,
    uri: value.uri,
    group: name(value.group, `${place}.group`),
    extra: readAssetExtra(value.extra, `${place}.extra`),
  };
}

/** @throws AirflowLikeError VALUE_TYPE, VALUE_RANGE, ARG_NOT_SERIALIZABLE */
export function readAssetExtra(value: unknown, place: string): AssetExtra {
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value);
  const extra = isPlain ? encodeTagged(value, place, 'ARG_NOT_SERIALIZABLE') : null;
  if (extra === null || '$type' in (extra as object))
    throw new AirflowLikeError('VALUE_TYPE', { place, message: 'extra must be an object of plain data', value });
  const bytes = Buffer.byteLength(JSON.stringify(extra));
  if (bytes <= MOST_EXTRA_BYTES) return extra as AssetExtra;
  throw new AirflowLikeError('VALUE_RANGE', {
    place,
    message: `extra takes ${bytes} bytes`,
    allowed: `up to ${MOST_EXTRA_BYTES} bytes of JSON; store the rest elsewhere and name its place`,
  });
}

function joined(kind: 'all' | 'any', values: readonly unknown[], place: string): AssetCondition {
  if (values.length === 0 || values.length > MOST_PARTS)
    throw new AirflowLikeError('VALUE_RANGE', {
      place,
      message: `this joins ${values.length} assets`,
      allowed: `1 to ${MOST_PARTS}`,
    });
  return { kind, of: values.map((value, index) => readAssetCondition(value, `${place}[${index}]`)) };
}

function refuse(problem: string | null, place: string, value: unknown): void {
  if (problem === null) return;
  throw new AirflowLikeError('ASSET_INVALID', { place, message: problem, value, allowed: '1 to 1500 printable ASCII characters' });
}

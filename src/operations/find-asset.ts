import type { Asset } from '../model/asset.js';
import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import type { Store } from '../ports/store.js';

/** How a person names an asset: one of these, or name and URI that belong together. */
export interface AssetQuery {
  readonly id?: number;
  readonly name?: string;
  readonly uri?: string;
}

/**
 * An asset that is in use.
 * @throws AirflowLikeError REQUEST_INVALID when nothing names it; NOT_FOUND, with the nearest that exists.
 */
export async function findAsset(store: Pick<Store, 'assets'>, { id, name, uri }: AssetQuery): Promise<Asset> {
  const place = id !== undefined ? 'asset_id' : name !== undefined ? 'name' : 'uri';
  const value = id ?? name ?? uri;
  if (value === undefined)
    throw new AirflowLikeError('REQUEST_INVALID', {
      place: 'asset',
      message: 'nothing says which asset is meant',
      allowed: 'name or uri',
    });
  const all = await store.assets.list({ includeInactive: true });
  const found = all.filter(
    (asset) =>
      (id === undefined || asset.id === id) &&
      (name === undefined || asset.name === name) &&
      (uri === undefined || asset.uri === uri),
  );
  const asset = found.find(({ isActive }) => isActive);
  if (asset) return asset;
  const texts = all.filter(({ isActive }) => isActive).map((one) => (place === 'uri' ? one.uri : one.name));
  throw new AirflowLikeError('NOT_FOUND', {
    place,
    message: found.length > 0 ? 'no DAG uses this asset any more' : 'there is no such asset',
    value,
    suggestion: found.length === 0 && typeof value === 'string' ? nearestName(value, texts) : null,
  });
}

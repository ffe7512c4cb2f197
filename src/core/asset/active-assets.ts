import type { Asset } from '../../model/asset.js';

/**
 * Which assets are in use: those that a DAG names. Where two of them share a name or a URI the one that was in use before keeps it, then the older one.
 * @param isNamed Whether a DAG that is not retired names it, itself or through an alias.
 */
export function activeAssets(
  assets: readonly Pick<Asset, 'id' | 'name' | 'uri' | 'isActive'>[],
  isNamed: (asset: Pick<Asset, 'name' | 'uri'>) => boolean,
): ReadonlySet<number> {
  const names = new Set<string>();
  const uris = new Set<string>();
  const active = new Set<number>();
  const inOrder = assets.filter(isNamed).sort((a, b) => Number(b.isActive) - Number(a.isActive) || a.id - b.id);
  for (const { id, name, uri } of inOrder) {
    if (names.has(name) || uris.has(uri)) continue;
    names.add(name);
    uris.add(uri);
    active.add(id);
  }
  return active;
}

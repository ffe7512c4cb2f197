import { assetKeyText, type Asset, type AssetKey } from '../../model/asset.js';

/** An asset that cannot be used, because another one that was in use before has its name or URI. */
export interface DisplacedAsset {
  readonly asset: AssetKey;
  readonly owner: AssetKey;
}

/** Those of `keys` that are displaced. An asset that is merely not named by anybody any more is not. */
export function displacedAssets(
  keys: readonly AssetKey[],
  known: readonly Pick<Asset, 'name' | 'uri' | 'isActive'>[],
): readonly DisplacedAsset[] {
  const active = known.filter(({ isActive }) => isActive);
  const inUse = new Set(active.map(assetKeyText));
  return keys.flatMap(({ name, uri }) => {
    if (inUse.has(assetKeyText({ name, uri }))) return [];
    const owner = active.find((one) => one.name === name || one.uri === uri);
    return owner ? [{ asset: { name, uri }, owner: { name: owner.name, uri: owner.uri } }] : [];
  });
}

/** In a sentence without a full stop. */
export function displacementText({ asset, owner }: DisplacedAsset): string {
  const shared = asset.name === owner.name ? `its name, with the URI ${owner.uri}` : `its URI, under the name ${owner.name}`;
  return `the asset ${asset.name} (${asset.uri}) cannot be used: another one has ${shared}`;
}

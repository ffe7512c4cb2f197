/** Events of assets as tests give and see them. */
import { conditionText, isConditionMet, refsOf } from '../core/asset/condition.js';
import { assetKeyText, assetRefText, type AssetEvent as StoredEvent } from '../model/asset.js';
import { decodeTagged } from '../model/codec.js';
import type { DagSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import { assetConditionOf } from '../model/schedule-parts.js';
import { isAsset, type Asset, type AssetAlias } from '../sdk/asset.js';
import type { AssetEvent } from '../sdk/asset-context.js';
import { readAsset, readAssetExtra } from '../sdk/check-assets.js';
import type { InMemoryWorld } from './in-memory-world.js';
import { instantOf, type DateInput } from './intervals.js';

/** Something that happened to an asset, for a DAG that waits for it. */
export interface TestAssetEvent {
  readonly asset: Asset;
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Default: what the clock shows. */
  readonly at?: DateInput;
  /** The alias through which it comes, for a DAG that waits for that. */
  readonly alias?: AssetAlias;
}

/** Stores the events as if tasks of other DAGs had brought them. */
export async function reportEvents(world: InMemoryWorld, events: readonly TestAssetEvent[], place: string): Promise<void> {
  const { spec, store, clock } = world;
  for (const [index, { asset, extra = {}, at, alias }] of events.entries()) {
    const here = `${place}[${index}]`;
    if (!isAsset(asset))
      throw new AirflowLikeError('VALUE_TYPE', { place: `${here}.asset`, message: 'this is not an asset', value: asset });
    const event = await store.assets.createEvent(readAsset(asset, `${here}.asset`), {
      at: at === undefined ? clock.now() : instantOf(at, `${here}.at`, spec.timezone),
      extra: readAssetExtra(extra, `${here}.extra`),
      ...(alias && { aliases: [alias.name] }),
    });
    const waitsFor = conditionOf(spec, place);
    const isMeant = refsOf(waitsFor).some((ref) =>
      ref.kind === 'asset' ? assetKeyText(ref.asset) === assetKeyText(asset) : ref.alias.name === alias?.name,
    );
    if (event && isMeant) continue;
    throw new AirflowLikeError('UNKNOWN_NAME', {
      place: here,
      message: `${spec.dagId} does not wait for this`,
      value: alias?.name ?? asset.name,
      allowed: conditionText(waitsFor),
    });
  }
}

/** @throws AirflowLikeError STATE_CONFLICT unless the events of the world were enough for a run. */
export async function checkEnough({ spec, store }: InMemoryWorld, place: string): Promise<void> {
  const queued = await store.assets.listQueued({ dagId: spec.dagId });
  const present = new Set(queued.map(({ asset, alias }) => (alias === null ? `asset ${assetKeyText(asset)}` : `alias ${alias}`)));
  const condition = conditionOf(spec, place);
  if (queued.length === 0 || isConditionMet(condition, (ref) => present.has(assetRefText(ref)))) return;
  throw new AirflowLikeError('STATE_CONFLICT', {
    place,
    message: `these events do not start a run: ${spec.dagId} waits for ${conditionText(condition)}`,
  });
}

/** Events that tasks brought, as a task that looks through them sees them. */
export function shownEvents(events: readonly StoredEvent[]): readonly AssetEvent[] {
  return events.map(({ asset, at, extra, source }) => ({
    asset,
    timestamp: new Date(at),
    extra: decodeTagged(extra) as AssetEvent['extra'],
    source,
  }));
}

/** @throws AirflowLikeError STATE_CONFLICT for a DAG that does not wait for assets. */
export function conditionOf(spec: DagSpec, place: string): NonNullable<ReturnType<typeof assetConditionOf>> {
  const condition = assetConditionOf(spec.schedule);
  if (condition) return condition;
  throw new AirflowLikeError('STATE_CONFLICT', { place, message: `the schedule of ${spec.dagId} has no assets to wait for` });
}

import type { AssetEvent, AssetExtra } from '../model/asset.js';
import { encodeTagged } from '../model/codec.js';
import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';
import { findAsset, type AssetQuery } from './find-asset.js';
import type { OperationDeps } from './operation-deps.js';

export interface AssetEventRequest {
  readonly asset: AssetQuery;
  /** What is said of it: a JSON object. Default: empty. */
  readonly extra?: unknown;
  /** When it happened. Default: now. */
  readonly at?: Instant;
  /** Marks the event as one that came by the REST API, as Airflow does. */
  readonly isFromApi?: boolean;
}

const MOST_EXTRA_BYTES = 65_536;

/**
 * Says that something happened to an asset, as a task that writes it would: the DAGs that wait for it run.
 * @throws AirflowLikeError NOT_FOUND, REQUEST_INVALID, DATE_INVALID (a time that has not come), VALUE_TYPE and VALUE_RANGE (extra).
 */
export async function createAssetEvent(deps: OperationDeps, request: AssetEventRequest): Promise<AssetEvent> {
  const { store, bus, clock } = deps;
  const asset = await findAsset(store, request.asset);
  const now = clock.now();
  const at = request.at ?? now;
  if (!Number.isInteger(at) || at > now) {
    const value = Number.isFinite(new Date(at).getTime()) ? new Date(at).toISOString() : at;
    throw new AirflowLikeError('DATE_INVALID', {
      place: 'timestamp',
      message: 'an event lies in the past',
      value,
      allowed: 'up to now',
    });
  }
  const extra = checkExtra(request.extra);
  const event = await store.assets.createEvent(asset, { at, extra: request.isFromApi ? { ...extra, from_rest_api: true } : extra });
  if (!event)
    throw new AirflowLikeError('NOT_FOUND', { place: 'asset', message: 'there is no such asset any more', value: asset.name });
  bus.publish('runs');
  return event;
}

function checkExtra(given: unknown): AssetExtra {
  if (given === undefined || given === null) return {};
  if (typeof given !== 'object' || Array.isArray(given))
    throw new AirflowLikeError('VALUE_TYPE', { place: 'extra', message: 'this is not a JSON object', value: given });
  const extra = encodeTagged(given, 'extra', 'ARG_NOT_SERIALIZABLE') as AssetExtra;
  const bytes = Buffer.byteLength(JSON.stringify(extra));
  if (bytes <= MOST_EXTRA_BYTES) return extra;
  throw new AirflowLikeError('VALUE_RANGE', {
    place: 'extra',
    message: `this takes ${bytes} bytes`,
    allowed: `up to ${MOST_EXTRA_BYTES} bytes of JSON`,
  });
}

/** What `context()` offers of assets: events that the task brings, and those that it looks through. */
import { assetKeyText, type AssetEvent as StoredEvent, type AssetRef, type OutletRecord } from '../../model/asset.js';
import { decodeTagged } from '../../model/codec.js';
import type { TaskSpec } from '../../model/dag-spec.js';
import { AirflowLikeError } from '../../model/errors.js';
import { nearestName } from '../../model/nearest-name.js';
import type { AttemptToken } from '../../model/task-instance.js';
import { MOST_ASSET_EVENTS, type AssetEventQuery, type TaskChannel } from '../../ports/task-channel.js';
import { isAsset, isAssetAlias, type Asset, type AssetAlias } from '../../sdk/asset.js';
import type {
  AliasEvents,
  AssetEvent,
  InletEvents,
  OutletEvent,
  OutletEvents,
  TriggeringAssetEvents,
} from '../../sdk/asset-context.js';
import { readAsset, readAssetExtra } from '../../sdk/check-assets.js';

/** More events through aliases than one attempt may bring. */
const MOST_ADDED = 1_000;
/** All that one attempt may say of its outlets, as JSON. */
const MOST_BYTES = 4_194_304;
const DEFAULT_LIMIT = 1_000;

/** Remembers what the code of a task says of its outlets. */
export class OutletRecorder implements OutletEvents {
  readonly #outlets: readonly AssetRef[];
  readonly #events = new Map<string, { readonly asset: Asset; readonly event: OutletEvent }>();
  readonly #added: OutletRecord[] = [];

  constructor({ outlets }: Pick<TaskSpec, 'outlets'>) {
    this.#outlets = outlets;
  }

  get(outlet: Asset): OutletEvent;
  get(outlet: AssetAlias): AliasEvents;
  get(outlet: Asset | AssetAlias): OutletEvent | AliasEvents {
    checkDeclared(outlet, this.#outlets, 'outlet');
    return isAsset(outlet) ? this.#eventOf(outlet) : { add: (asset, extra = {}) => this.#add(outlet.name, asset, extra) };
  }

  /** @throws AirflowLikeError VALUE_TYPE, VALUE_RANGE or ARG_NOT_SERIALIZABLE for an extra that cannot be stored. */
  records(): readonly OutletRecord[] {
    const said = [...this.#events.values()].map(({ asset: { name, uri }, event }): OutletRecord => {
      const extra = readAssetExtra(event.extra, `outletEvents.get(asset('${name}')).extra`);
      return { kind: 'asset', asset: { name, uri }, extra };
    });
    const records = [...said, ...this.#added];
    const bytes = Buffer.byteLength(JSON.stringify(records));
    if (bytes <= MOST_BYTES) return records;
    throw new AirflowLikeError('VALUE_RANGE', {
      place: 'outletEvents',
      message: `what the task says of its outlets takes ${bytes} bytes`,
      allowed: `up to ${MOST_BYTES} bytes; store it elsewhere and name its place`,
    });
  }

  #eventOf(asset: Asset): OutletEvent {
    const key = assetKeyText(asset);
    const known = this.#events.get(key) ?? { asset, event: { extra: {} } };
    this.#events.set(key, known);
    return known.event;
  }

  #add(alias: string, asset: Asset, extra: Readonly<Record<string, unknown>>): void {
    const place = `outletEvents.get(assetAlias('${alias}')).add`;
    if (!isAsset(asset)) {
      const allowed = "asset('s3://lake/orders')";
      throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this is not an asset', value: asset, allowed });
    }
    if (this.#added.length >= MOST_ADDED) {
      throw new AirflowLikeError('VALUE_RANGE', {
        place,
        message: 'one task brings too many events',
        allowed: `up to ${MOST_ADDED}`,
      });
    }
    this.#added.push({ kind: 'alias', alias, asset: readAsset(asset, place), extra: readAssetExtra(extra, `${place}.extra`) });
  }
}

/** @throws AirflowLikeError ASSET_CONFLICT when the task reads or writes an asset whose name or URI another one has. */
export async function refuseDisplaced({ inlets, outlets }: TaskSpec, token: AttemptToken, channel: TaskChannel): Promise<void> {
  if (inlets.length === 0 && outlets.length === 0) return;
  const [first] = ((await channel.lookUp(token, { kind: 'displacedAssets' })) ?? []) as readonly string[];
  if (first !== undefined) throw new AirflowLikeError('ASSET_CONFLICT', { message: first });
}

export function inletEventsOf({ inlets }: Pick<TaskSpec, 'inlets'>, token: AttemptToken, channel: TaskChannel): InletEvents {
  return {
    async get(inlet, { after, before, limit = DEFAULT_LIMIT } = {}) {
      checkDeclared(inlet, inlets, 'inlet');
      if (!Number.isInteger(limit) || limit < 1 || limit > MOST_ASSET_EVENTS) {
        const allowed = `1 to ${MOST_ASSET_EVENTS}`;
        throw new AirflowLikeError('VALUE_RANGE', {
          place: 'inletEvents.get',
          message: 'limit is out of range',
          value: limit,
          allowed,
        });
      }
      const query: AssetEventQuery = {
        of: isAsset(inlet) ? { kind: 'asset', name: inlet.name, uri: inlet.uri } : { kind: 'alias', name: inlet.name },
        after: after?.getTime() ?? null,
        before: before?.getTime() ?? null,
        limit,
      };
      return (await channel.readAssetEvents(token, query)).map(shown);
    },
  };
}

export function triggeringEventsOf(token: AttemptToken, channel: TaskChannel): TriggeringAssetEvents {
  const read = async (): Promise<readonly AssetEvent[]> => {
    const query: AssetEventQuery = { of: { kind: 'trigger' }, after: null, before: null, limit: MOST_ASSET_EVENTS };
    return (await channel.readAssetEvents(token, query)).map(shown);
  };
  return {
    all: read,
    get: async (asset) => (await read()).filter((event) => assetKeyText(event.asset) === assetKeyText(asset)),
  };
}

function shown({ asset, at, extra, source }: StoredEvent): AssetEvent {
  return { asset, timestamp: new Date(at), extra: decodeTagged(extra) as AssetEvent['extra'], source };
}

function checkDeclared(given: Asset | AssetAlias, declared: readonly AssetRef[], role: 'outlet' | 'inlet'): void {
  const place = `${role}Events.get`;
  if (!isAsset(given) && !isAssetAlias(given))
    throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this is neither an asset nor an alias', value: given });
  const isDeclared = declared.some((ref) =>
    ref.kind === 'asset'
      ? isAsset(given) && assetKeyText(ref.asset) === assetKeyText(given)
      : isAssetAlias(given) && ref.alias.name === given.name,
  );
  if (isDeclared) return;
  const names = declared.map((ref) => (ref.kind === 'asset' ? ref.asset.name : ref.alias.name));
  throw new AirflowLikeError('UNKNOWN_NAME', {
    place,
    message: `this is not among the ${role}s of the task`,
    value: given.name,
    allowed: names.length === 0 ? `none: name it in the option ${role}s` : names.join(', '),
    suggestion: nearestName(given.name, names),
  });
}

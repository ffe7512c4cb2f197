/** What a running task can do with events of assets. */
import type { Asset, AssetAlias } from './asset.js';

/** Something that happened to an asset. */
export interface AssetEvent {
  readonly asset: { readonly name: string; readonly uri: string };
  readonly timestamp: Date;
  /** What was said of it when it happened. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** The task that wrote the asset; null for an event that was reported from elsewhere. */
  readonly source: {
    readonly dagId: string;
    readonly runId: string;
    readonly taskId: string;
    readonly mapIndex: number;
  } | null;
}

/** The event that the success of this task will bring of one of its outlets. */
export interface OutletEvent {
  /** What is said of it: plain data. Assign to it, or to its fields. */
  extra: Record<string, unknown>;
}

/** The events that the success of this task will bring through an alias that is one of its outlets. */
export interface AliasEvents {
  /** Adds an event of this asset, which becomes known by it if it was not. */
  add(asset: Asset, extra?: Readonly<Record<string, unknown>>): void;
}

/** What becomes of the task's outlets when it succeeds. Nothing of it counts if it does not. */
export interface OutletEvents {
  /** @throws AirflowLikeError UNKNOWN_NAME when it is not among the outlets of the task. */
  get(outlet: Asset): OutletEvent;
  get(outlet: AssetAlias): AliasEvents;
}

export interface AssetEventOptions {
  /** Only events from this time on. */
  readonly after?: Date;
  /** Only events up to this time. */
  readonly before?: Date;
  /** At most so many, the newest of them: 1 to 10,000. Default 1,000. */
  readonly limit?: number;
}

/** What happened so far to what the task reads. */
export interface InletEvents {
  /**
   * Events of an asset, or of all assets that came through an alias; the newest is the last.
   * @throws AirflowLikeError UNKNOWN_NAME when it is not among the inlets of the task.
   */
  get(inlet: Asset | AssetAlias, options?: AssetEventOptions): Promise<readonly AssetEvent[]>;
}

/** The events for which this run was made; none unless it was made for assets. */
export interface TriggeringAssetEvents {
  /** All of them, the newest last. */
  all(): Promise<readonly AssetEvent[]>;
  /** Those of an asset. */
  get(asset: Asset): Promise<readonly AssetEvent[]>;
}

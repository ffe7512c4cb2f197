/** Assets: data that tasks write and read, and whose events make DAGs run. */
import type { Instant } from './instant.js';
import type { TaggedJson } from './tagged-json.js';

/** What an asset is known by: both texts together. Of the assets in use, no two share a name or a URI. */
export interface AssetKey {
  readonly name: string;
  readonly uri: string;
}

/** Facts about an asset or an event, for whoever reads them: a JSON object. */
export type AssetExtra = { readonly [key: string]: TaggedJson };

/** An asset as its author describes it. */
export interface AssetSpec extends AssetKey {
  readonly group: string;
  readonly extra: AssetExtra;
}

/** A name for assets that are known only when a task runs. */
export interface AssetAliasSpec {
  readonly name: string;
  readonly group: string;
}

/** One thing that a task writes or reads, or that a DAG waits for. */
export type AssetRef =
  { readonly kind: 'asset'; readonly asset: AssetSpec } | { readonly kind: 'alias'; readonly alias: AssetAliasSpec };

/** Of which assets there must be events for a DAG to run. `core/asset/condition.ts` evaluates it. */
export type AssetCondition = AssetRef | { readonly kind: 'all' | 'any'; readonly of: readonly AssetCondition[] };

/** What the code of a task says of its outlets while it runs. */
export type OutletRecord =
  /** The extra of the event of an asset that is an outlet. */
  | { readonly kind: 'asset'; readonly asset: AssetKey; readonly extra: AssetExtra }
  /** An event of an asset that the task found out about, through an alias that is an outlet. */
  | { readonly kind: 'alias'; readonly alias: string; readonly asset: AssetSpec; readonly extra: AssetExtra };

/** An event that a task's success brings with it. */
export interface AssetEmission {
  readonly asset: AssetSpec;
  readonly extra: AssetExtra;
  /** Names of the aliases through which it came; empty for an asset that is an outlet itself. */
  readonly aliases: readonly string[];
}

/** What a task instance did with assets, as far as it succeeded: the events it brings, and the rows of lineage. */
export interface AssetActivity {
  readonly read: readonly AssetKey[];
  readonly written: readonly AssetEmission[];
}

/** An asset as the installation knows it. */
export interface Asset extends AssetSpec {
  readonly id: number;
  /** False: no DAG uses it any more, or another one in use has its name or URI. */
  readonly isActive: boolean;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export interface AssetAlias extends AssetAliasSpec {
  readonly id: number;
  /** Assets of which events came through it. */
  readonly assets: readonly AssetKey[];
}

/** Where a DAG names an asset or an alias. */
export interface AssetReference {
  readonly dagId: string;
  readonly role: 'schedule' | 'outlet' | 'inlet';
  /** Null where the schedule names it. */
  readonly taskId: string | null;
  readonly ref: AssetRef;
}

/** Something happened to an asset: a task wrote it, or somebody said so. */
export interface AssetEvent {
  readonly id: number;
  readonly asset: AssetKey;
  readonly at: Instant;
  readonly extra: AssetExtra;
  readonly aliases: readonly string[];
  /** The task instance that wrote it; null for an event that somebody or something else reported. */
  readonly source: { readonly dagId: string; readonly runId: string; readonly taskId: string; readonly mapIndex: number } | null;
}

/** What a DAG with a schedule of assets waits with: an event that came and has not been part of a run yet. */
export interface QueuedAssetEvent {
  readonly dagId: string;
  readonly eventId: number;
  readonly asset: AssetKey;
  /** Name of the alias through which the DAG waits for it; null: it waits for the asset itself. */
  readonly alias: string | null;
  readonly at: Instant;
}

/** One line of what a run read and wrote, kept as long as the run. */
export interface AssetLineage {
  readonly dagRunId: number;
  /** `trigger`: the event is part of why the run exists; `input` and `output`: a task that succeeded read or wrote the asset. */
  readonly kind: 'trigger' | 'input' | 'output';
  readonly taskId: string | null;
  readonly mapIndex: number | null;
  readonly asset: AssetKey;
  /** Null for an input. */
  readonly eventId: number | null;
  readonly at: Instant;
}

/** A text by which assets are told apart in maps. */
export function assetKeyText({ name, uri }: AssetKey): string {
  return `${name}\n${uri}`;
}

/** Same for whatever a condition or a task may name. */
export function assetRefText(ref: AssetRef): string {
  return ref.kind === 'asset' ? `asset ${assetKeyText(ref.asset)}` : `alias ${ref.alias.name}`;
}

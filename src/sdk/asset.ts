/** Assets as authors name them. They only hold what was written; it is checked where a DAG or a task uses them. */
import { normalizeAssetUri } from '../core/asset/asset-uri.js';

/** Shared by all copies of this package in the process: a DAG file may have imported another one. */
const EXPRESSION = Symbol.for('airflow-like:asset-expression');

/** What a DAG can wait for: an asset, an alias, or several of them joined by `and` and `or`. */
export interface AssetExpression {
  readonly [EXPRESSION]: 'asset' | 'alias' | 'all' | 'any';
  /** Holds when there are events for this and for each of the others. */
  and(...others: readonly [AssetExpression, ...AssetExpression[]]): AssetExpression;
  /** Holds when there is an event for this or for one of the others. */
  or(...others: readonly [AssetExpression, ...AssetExpression[]]): AssetExpression;
}

/** Data that tasks write and read: a table, a file, whatever has a name. Made by `asset(...)`. */
export interface Asset extends AssetExpression {
  readonly name: string;
  readonly uri: string;
  readonly group: string;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** A name for assets that are known only when a task runs. Made by `assetAlias(...)`. */
export interface AssetAlias extends AssetExpression {
  readonly name: string;
  readonly group: string;
}

export interface AssetOptions {
  /** Default: the first argument. */
  readonly name?: string;
  /** Default: the first argument. Put into one spelling: scheme in lower case, no password, no trailing slash. */
  readonly uri?: string;
  /** For people who look through many assets. Default `'asset'`. */
  readonly group?: string;
  /** Facts about the asset: plain data. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

const DEFAULT_GROUP = 'asset';

/**
 * An asset by its name or URI; each is the other's default: `asset('s3://lake/orders')`, `asset('orders', { uri: 's3://lake/orders' })`. The same name
 * and URI in any file mean the same asset.
 */
export function asset(nameOrUri: string, options: AssetOptions = {}): Asset {
  const { name = nameOrUri, uri = nameOrUri, group = DEFAULT_GROUP, extra = {} } = options;
  return expression('asset', { name, uri: typeof uri === 'string' ? normalizeAssetUri(uri) : uri, group, extra }) as Asset;
}

/**
 * A name under which tasks bring events of assets that they find out about while they run: an outlet for the task, which then says
 * `context().outletEvents.get(alias).add(asset('...'))`, and a schedule for those who wait for whatever comes through it.
 */
export function assetAlias(name: string, options: { readonly group?: string } = {}): AssetAlias {
  return expression('alias', { name, group: options.group ?? DEFAULT_GROUP }) as AssetAlias;
}

export function isAssetExpression(value: unknown): value is AssetExpression {
  return typeof value === 'object' && value !== null && EXPRESSION in value;
}

export function isAsset(value: unknown): value is Asset {
  return isAssetExpression(value) && value[EXPRESSION] === 'asset';
}

export function isAssetAlias(value: unknown): value is AssetAlias {
  return isAssetExpression(value) && value[EXPRESSION] === 'alias';
}

/** Of a joined expression: how it is joined, and what. Null for an asset or an alias. */
export function partsOf(value: AssetExpression): { readonly kind: 'all' | 'any'; readonly of: readonly unknown[] } | null {
  const kind = value[EXPRESSION];
  return kind === 'all' || kind === 'any' ? { kind, of: (value as unknown as { of: readonly unknown[] }).of } : null;
}

function expression(kind: AssetExpression[typeof EXPRESSION], fields: object): AssetExpression {
  const self: AssetExpression = Object.freeze({
    [EXPRESSION]: kind,
    ...fields,
    and: (...others: readonly AssetExpression[]) => expression('all', { of: [self, ...others] }),
    or: (...others: readonly AssetExpression[]) => expression('any', { of: [self, ...others] }),
  });
  return self;
}

/** Events of assets: how they are written, queued for the DAGs that wait for them, and read. */
import {
  assetKeyText,
  type AssetEmission,
  type AssetEvent,
  type AssetExtra,
  type AssetKey,
  type AssetSpec,
} from '../../model/asset.js';
import type { RunCommit, TaskInstanceChange } from '../../model/commit.js';
import type { Instant } from '../../model/instant.js';
import type { AssetEventFilter, AssetStore } from '../../ports/store.js';
import { listParameter, RowSet } from './columns.js';
import type { Database, Row, Session, Statement } from './session.js';

/**
 * The statement part that queues the events of `source` (rows of asset_event) for the DAGs that wait for them. Those that are paused do
 * not get them.
 */
export function queueEvents(source: string): string {
  return `insert into asset_queue (dag_id, asset_event_id, asset_name, asset_uri, alias_name, at)
  select f.dag_id, e.asset_event_id, e.asset_name, e.asset_uri, f.alias_name, e.at
  from ${source} e cross join lateral (
    select r.dag_id, r.alias_name from asset_reference r
    where r.asset_name = e.asset_name and r.asset_uri = e.asset_uri and r.role = 'schedule'
    union all
    select r.dag_id, r.alias_name from asset_reference r where r.alias_name = any (e.aliases) and r.alias_name <> '' and r.role = 'schedule'
  ) f join dag g on g.dag_id = f.dag_id and not g.is_paused and not g.is_retired
  order by f.dag_id, e.asset_event_id
  on conflict do nothing`;
}

/** Rows of the commit statement for what a change says of assets. Only an attempt brings any. */
export function assetRows({ dagId, dagRunId }: RunCommit, change: TaskInstanceChange, position: number, now: Instant) {
  const { assets, expectedToken, next } = change;
  if (!assets || expectedToken === null) return [];
  const common = {
    change: position,
    dag_id: dagId,
    dag_run_id: dagRunId,
    task_id: next.taskId,
    map_index: next.mapIndex,
    token: expectedToken,
    at: now,
  };
  const key = ({ name, uri }: AssetKey) => ({ asset_name: name, asset_uri: uri });
  const none = { group_name: null, asset_extra: null, extra: null, aliases: null };
  return [
    ...assets.read.map((asset) => ({ ...common, ...none, ...key(asset), kind: 'input', position: null })),
    ...assets.written.map(({ asset, extra, aliases }, index) => ({
      ...common,
      ...key(asset),
      kind: 'output',
      position: index,
      group_name: asset.group,
      asset_extra: JSON.stringify(asset.extra),
      extra: JSON.stringify(extra),
      aliases: aliases.length === 0 ? null : aliases.join('\n'),
    })),
  ];
}

const KEYS = new RowSet({ name: 'text', uri: 'text' } as const);

/** Ids of the DAGs that wait for events of these assets and aliases: the aliases are parameter 2, the assets those from 3 on. */
const CONSUMERS = `select r.dag_id from (${KEYS.select(3)}) x
        join asset_reference r on r.asset_name = x.name and r.asset_uri = x.uri and r.role = 'schedule'
      union
      select r.dag_id from asset_reference r where r.alias_name = any ($2::text[]) and r.alias_name <> '' and r.role = 'schedule'`;

const LOCK_CONSUMERS: Statement = {
  name: 'lock_asset_consumers',
  text: `select g.dag_id from dag g where g.dag_id = any ($1::text[]) or g.dag_id in (${CONSUMERS}) order by g.dag_id for update`,
};

const WAKE_CONSUMERS: Statement = {
  name: 'wake_asset_consumers',
  text: `update dag g set asset_check_at = to_timestamp($1::float8 / 1000)
    where not g.is_paused and not g.is_retired and g.dag_id in (${CONSUMERS})`,
};

type Written = readonly Pick<AssetEmission, 'asset' | 'aliases'>[];

/** Locks the DAGs that wait for these events, and those of `dagIds`, in the order that all who lock several keep. */
export async function lockConsumers(session: Session, written: Written, dagIds: readonly string[]): Promise<void> {
  await session.run(LOCK_CONSUMERS, [listParameter(dagIds), ...keysOf(written)]);
}

/** Has the asset trigger look at the DAGs that wait for these events. */
export async function wakeConsumers(session: Session, written: Written, now: Instant): Promise<void> {
  await session.run(WAKE_CONSUMERS, [now, ...keysOf(written)]);
}

/** Parameters from 2 on. */
function keysOf(written: Written): readonly unknown[] {
  const keys = new Map(written.map(({ asset: { name, uri } }) => [assetKeyText({ name, uri }), { name, uri }]));
  const aliases = [...new Set(written.flatMap((event) => event.aliases))];
  return [listParameter(aliases), ...KEYS.values([...keys.values()])];
}

const CREATE: Statement = {
  name: 'create_asset_event',
  text: `with found as (
  insert into asset (name, uri, group_name, extra, is_active, created_at, updated_at)
  select $1, $2, $6, $7, not exists (select 1 from asset o where o.is_active and (o.name = $1 or o.uri = $2)),
    to_timestamp($3::float8 / 1000), to_timestamp($3::float8 / 1000)
  where cardinality($5::text[]) > 0
  on conflict (name, uri) do nothing
), members as (
  insert into asset_alias_member (alias_name, asset_name, asset_uri) select m.name, $1, $2 from unnest($5::text[]) as m(name) order by 1
  on conflict do nothing
), created as (
  insert into asset_event (asset_name, asset_uri, at, extra, aliases)
  select $1, $2, to_timestamp($3::float8 / 1000), $4, $5::text[]
  where cardinality($5::text[]) > 0 or exists (select 1 from asset a where a.name = $1 and a.uri = $2)
  returning *
), queued as (
  ${queueEvents('created')}
)
select * from created`,
};

/** An event that no task wrote; see `AssetStore.createEvent`. */
export function createEvent(
  database: Database,
  asset: AssetSpec,
  { at, extra, aliases = [] }: Parameters<AssetStore['createEvent']>[1],
): Promise<AssetEvent | null> {
  const { name, uri, group } = asset;
  const values = [name, uri, at, JSON.stringify(extra), listParameter(aliases), group, JSON.stringify(asset.extra)];
  return database.transaction(async (session) => {
    const [row] = await session.run(CREATE, values);
    if (!row) return null;
    await lockConsumers(session, [{ asset, aliases }], []);
    await wakeConsumers(session, [{ asset, aliases }], at);
    return readEvent(row);
  });
}

/** Events in the order in which they came, or the newest first. */
export async function listEvents(session: Session, filter: AssetEventFilter): Promise<readonly AssetEvent[]> {
  const { asset, alias, triggeredRun, source, after, before, newestFirst, limit } = filter;
  const values: unknown[] = [];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const conditions: string[] = [];
  if (asset) conditions.push(`e.asset_name = ${parameter(asset.name)}`, `e.asset_uri = ${parameter(asset.uri)}`);
  if (alias !== undefined) conditions.push(`${parameter(alias)} = any (e.aliases)`);
  if (triggeredRun !== undefined)
    conditions.push(
      `e.asset_event_id in (select l.asset_event_id from asset_lineage l where l.dag_run_id = ${parameter(triggeredRun)} and l.kind = 'trigger')`,
    );
  if (source?.dagId !== undefined) conditions.push(`e.source_dag_id = ${parameter(source.dagId)}`);
  if (source?.runId !== undefined) conditions.push(`e.source_run_id = ${parameter(source.runId)}`);
  if (source?.taskId !== undefined) conditions.push(`e.source_task_id = ${parameter(source.taskId)}`);
  if (after !== undefined) conditions.push(`e.at >= to_timestamp(${parameter(after)}::float8 / 1000)`);
  if (before !== undefined) conditions.push(`e.at <= to_timestamp(${parameter(before)}::float8 / 1000)`);
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
  const order = newestFirst ? 'e.at desc, e.asset_event_id desc' : 'e.at, e.asset_event_id';
  const limited = limit === undefined ? '' : `limit ${parameter(limit)}`;
  const rows = await session.runText(`select e.* from asset_event e ${where} order by ${order} ${limited}`, values);
  return rows.map(readEvent);
}

function readEvent(row: Row): AssetEvent {
  const dagId = row['source_dag_id'] as string | null;
  return {
    id: row['asset_event_id'] as number,
    asset: { name: row['asset_name'] as string, uri: row['asset_uri'] as string },
    at: row['at'] as Instant,
    extra: JSON.parse(row['extra'] as string) as AssetExtra,
    aliases: row['aliases'] as string[],
    source:
      dagId === null
        ? null
        : {
            dagId,
            runId: row['source_run_id'] as string,
            taskId: row['source_task_id'] as string,
            mapIndex: row['source_map_index'] as number,
          },
  };
}

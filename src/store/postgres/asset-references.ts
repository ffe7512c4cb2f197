/** Where DAGs name assets: written with the DAG files, and with it which assets are known and in use. */
import { activeAssets } from '../../core/asset/active-assets.js';
import { assetReferencesOf } from '../../core/asset/references.js';
import { assetKeyText } from '../../model/asset.js';
import type { DagSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import { listParameter, RowSet } from './columns.js';
import type { Session, Statement } from './session.js';

const REFERENCES = new RowSet({
  dag_id: 'text',
  role: 'text',
  task_id: 'text',
  asset_name: 'text',
  asset_uri: 'text',
  alias_name: 'text',
} as const);

const FORGET: Statement = {
  name: 'forget_asset_references',
  text: `with given as materialized (${REFERENCES.select(2)})
  delete from asset_reference r where r.dag_id = any ($1::text[]) and not exists (
    select 1 from given x where x.dag_id = r.dag_id and x.role = r.role and x.task_id = r.task_id and x.asset_name = r.asset_name
      and x.asset_uri = r.asset_uri and x.alias_name = r.alias_name
  ) returning 1`,
};

const ADD: Statement = {
  name: 'add_asset_references',
  text: `insert into asset_reference (dag_id, role, task_id, asset_name, asset_uri, alias_name, created_at)
  select x.dag_id, x.role, x.task_id, x.asset_name, x.asset_uri, x.alias_name, to_timestamp($1::float8 / 1000)
  from (${REFERENCES.select(2)}) x order by x.dag_id, x.role, x.task_id, x.asset_name, x.asset_uri, x.alias_name
  on conflict do nothing`,
};

/** Events that a DAG does not wait for any more leave its queue; what is left may be enough now. */
const TIDY_QUEUE: Statement = {
  name: 'tidy_asset_queue',
  text: `with gone as (
  delete from asset_queue q where q.dag_id = any ($1::text[]) and not exists (
    select 1 from asset_reference r where r.dag_id = q.dag_id and r.role = 'schedule' and r.alias_name = q.alias_name
      and (r.alias_name <> '' or r.asset_name = q.asset_name and r.asset_uri = q.asset_uri)
  )
)
update dag g set asset_check_at = to_timestamp($2::float8 / 1000)
  where g.dag_id = any ($1::text[]) and exists (select 1 from asset_queue q where q.dag_id = g.dag_id)`,
};

const ASSETS = new RowSet({ name: 'text', uri: 'text', group_name: 'text', extra: 'text' } as const);
const SAVE_ASSETS: Statement = {
  name: 'save_assets',
  text: `insert into asset as a (name, uri, group_name, extra, is_active, created_at, updated_at)
  select x.name, x.uri, x.group_name, x.extra, false, to_timestamp($1::float8 / 1000), to_timestamp($1::float8 / 1000)
  from (${ASSETS.select(2)}) x order by x.name, x.uri
  on conflict (name, uri) do update set group_name = excluded.group_name, extra = excluded.extra, updated_at = excluded.updated_at
    where a.group_name <> excluded.group_name or a.extra <> excluded.extra`,
};

const ALIASES = new RowSet({ name: 'text', group_name: 'text' } as const);
const SAVE_ALIASES: Statement = {
  name: 'save_asset_aliases',
  text: `insert into asset_alias as a (name, group_name) select x.name, x.group_name from (${ALIASES.select(1)}) x order by x.name
  on conflict (name) do update set group_name = excluded.group_name where a.group_name <> excluded.group_name`,
};

const READ_USE: Statement = {
  name: 'read_asset_use',
  text: `select a.asset_id, a.name, a.uri, a.is_active,
      exists (
        select 1 from asset_reference r join dag g on g.dag_id = r.dag_id and not g.is_retired
        where r.asset_name = a.name and r.asset_uri = a.uri
      ) or exists (
        select 1 from asset_alias_member m join asset_reference r on r.alias_name = m.alias_name
          join dag g on g.dag_id = r.dag_id and not g.is_retired
        where m.asset_name = a.name and m.asset_uri = a.uri
      ) as is_named
    from asset a`,
};

const WRITE_USE: Statement = {
  name: 'write_asset_use',
  text: `update asset set is_active = (asset_id = any ($1::bigint[])) where is_active <> (asset_id = any ($1::bigint[]))`,
};

/** Writes what the saved DAGs name. Assets that no DAG names any more are not in use from now on; their events stay. */
export async function saveAssetReferences(session: Session, specs: readonly DagSpec[], now: Instant): Promise<void> {
  if (specs.length === 0) return;
  const dagIds = listParameter(specs.map(({ dagId }) => dagId));
  const references = specs.flatMap(assetReferencesOf);
  const rows = REFERENCES.values(
    references.map(({ dagId, role, taskId, ref }) => ({
      dag_id: dagId,
      role,
      task_id: taskId ?? '',
      asset_name: ref.kind === 'asset' ? ref.asset.name : '',
      asset_uri: ref.kind === 'asset' ? ref.asset.uri : '',
      alias_name: ref.kind === 'alias' ? ref.alias.name : '',
    })),
  );
  const forgotten = await session.run(FORGET, [dagIds, ...rows]);
  if (references.length > 0) await saveNamed(session, references, now);
  if (references.length > 0) await session.run(ADD, [now, ...rows]);
  if (references.some(({ role }) => role === 'schedule') || forgotten.length > 0) await session.run(TIDY_QUEUE, [dagIds, now]);
  if (references.length > 0 || forgotten.length > 0) await refreshUse(session);
}

/** Which assets are in use, after DAGs came, changed, went or came back. */
export async function refreshUse(session: Session): Promise<void> {
  const rows = await session.run<{ asset_id: number; name: string; uri: string; is_active: boolean; is_named: boolean }>(READ_USE);
  const named = new Set(rows.filter((row) => row.is_named).map(assetKeyText));
  const active = activeAssets(
    rows.map(({ asset_id: id, name, uri, is_active: isActive }) => ({ id, name, uri, isActive })),
    (asset) => named.has(assetKeyText(asset)),
  );
  await session.run(WRITE_USE, [listParameter([...active])]);
}

async function saveNamed(session: Session, references: ReturnType<typeof assetReferencesOf>, now: Instant): Promise<void> {
  const assets = new Map<string, { name: string; uri: string; group_name: string; extra: string }>();
  const aliases = new Map<string, { name: string; group_name: string }>();
  for (const { ref } of references) {
    if (ref.kind === 'alias') aliases.set(ref.alias.name, { name: ref.alias.name, group_name: ref.alias.group });
    else {
      const { name, uri, group, extra } = ref.asset;
      assets.set(assetKeyText(ref.asset), { name, uri, group_name: group, extra: JSON.stringify(extra) });
    }
  }
  if (assets.size > 0) await session.run(SAVE_ASSETS, [now, ...ASSETS.values([...assets.values()])]);
  if (aliases.size > 0) await session.run(SAVE_ALIASES, ALIASES.values([...aliases.values()]));
}

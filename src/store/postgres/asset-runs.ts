/** The asset trigger's pass: claims DAGs for which events wait, lets a pure function decide, and writes what it answered, in one transaction. */
import { assetRefText, type AssetRef } from '../../model/asset.js';
import type { Actor } from '../../model/commit.js';
import type { AssetSchedule, AssetSchedulePlan } from '../../model/dag.js';
import type { Instant } from '../../model/instant.js';
import type { SchedulingStore } from '../../ports/store.js';
import { PLAN_ERROR_DELAY_MS } from '../../core/dag-run/plan-error-delay.js';
import { DAG_COLUMNS, readDag } from './dags.js';
import { listParameter, RowSet } from './columns.js';
import { insertRuns, type RunToCreate } from './new-runs.js';
import type { Database, Session, Statement } from './session.js';
import type { SpecCache } from './spec-cache.js';

const ACTOR: Actor = { kind: 'scheduler', id: 'asset-trigger' };

const CLAIM_CONSUMERS: Statement = {
  name: 'claim_asset_consumers',
  text: `select ${DAG_COLUMNS} from dag g join dag_version v on v.dag_version_id = g.current_version_id
    where g.asset_check_at is not null and g.asset_check_at <= to_timestamp($1::float8 / 1000)
    order by g.asset_check_at, g.dag_id limit $2 for update of g skip locked`,
};

/** Read in statements of their own, after the lock: what came while another held it must be seen. */
const READ_WAITING: Statement = {
  name: 'read_waiting_events',
  text: `select x.dag_id, newest.asset_event_id, newest.at,
      (select count(*) from dag_run d where d.dag_id = x.dag_id and d.state in ('queued', 'running') and d.backfill_id is null) as unfinished,
      exists (
        select 1 from dag_run d where d.dag_id = x.dag_id and d.run_id >= 'asset_triggered__' and d.run_id < 'asset_triggered_\`'
      ) as had_asset_runs
    from unnest($1::text[]) as x(dag_id)
    left join lateral (
      select q.asset_event_id, q.at from asset_queue q where q.dag_id = x.dag_id order by q.asset_event_id desc limit 1
    ) newest on true`,
};

/** One look into the queue for each thing that a DAG waits for, however many events wait. */
const READ_PRESENT: Statement = {
  name: 'read_present_assets',
  text: `select r.dag_id, r.asset_name, r.asset_uri, r.alias_name from asset_reference r
    where r.dag_id = any ($1::text[]) and r.role = 'schedule' and (
      r.alias_name = '' and exists (
        select 1 from asset_queue q
        where q.dag_id = r.dag_id and q.asset_name = r.asset_name and q.asset_uri = r.asset_uri and q.alias_name = ''
      ) or r.alias_name <> '' and exists (select 1 from asset_queue q where q.dag_id = r.dag_id and q.alias_name = r.alias_name)
    )`,
};

const CONSUMERS = new RowSet({ dag_run_id: 'bigint', dag_id: 'text', takes_backlog: 'boolean' } as const);

/** Exactly what leaves the queue becomes part of the run, so that nothing that arrives meanwhile is lost. */
const CONSUME: Statement = {
  name: 'consume_asset_events',
  text: `with consumers as materialized (${CONSUMERS.select(2)}), taken as (
  delete from asset_queue q using consumers c where q.dag_id = c.dag_id returning q.asset_event_id, c.dag_run_id
), consumed as (
  select t.dag_run_id, t.asset_event_id from taken t
  union
  select c.dag_run_id, e.asset_event_id from consumers c
    join asset_reference r on r.dag_id = c.dag_id and r.role = 'schedule'
    join asset_event e on case when r.alias_name = '' then e.asset_name = r.asset_name and e.asset_uri = r.asset_uri else r.alias_name = any (e.aliases) end
  where c.takes_backlog
)
insert into asset_lineage (dag_run_id, kind, asset_name, asset_uri, asset_event_id, at)
select c.dag_run_id, 'trigger', e.asset_name, e.asset_uri, e.asset_event_id, to_timestamp($1::float8 / 1000)
from consumed c join asset_event e on e.asset_event_id = c.asset_event_id
order by c.dag_run_id, c.asset_event_id`,
};

const WRITE_CHECKS: Statement = {
  name: 'write_asset_checks',
  text: `update dag g set asset_check_at = case when g.dag_id = any ($2::text[]) then to_timestamp($3::float8 / 1000) end
    where g.dag_id = any ($1::text[])`,
};

type Planned = Awaited<ReturnType<SchedulingStore['planAssetRuns']>>;

export function planAssetRuns(
  database: Database,
  specs: SpecCache,
  now: Instant,
  limit: number,
  plan: (schedule: AssetSchedule) => AssetSchedulePlan,
): Promise<Planned> {
  return database.transaction(async (session) => {
    const claimed = (await session.run(CLAIM_CONSUMERS, [now, limit])).map(readDag);
    if (claimed.length === 0) return { claimed: 0, createdRuns: 0, errors: [] };
    const schedules = await readAssetSchedules(session, specs, claimed, now);
    const create: (RunToCreate & { readonly takesBacklog: boolean })[] = [];
    const errors: { dagId: string; error: unknown }[] = [];
    for (const schedule of schedules) {
      const { dag, spec } = schedule;
      try {
        const { createRun: run, takesBacklog } = plan(schedule);
        if (run) create.push({ dagId: dag.dagId, versionId: dag.currentVersionId, spec, run, takesBacklog });
      } catch (error) {
        errors.push({ dagId: dag.dagId, error });
      }
    }
    const created = await insertRuns(session, create, ACTOR, now);
    const consumers = created.map(({ id, dagId }) => ({
      dag_run_id: id,
      dag_id: dagId,
      takes_backlog: create.some((one) => one.dagId === dagId && one.takesBacklog),
    }));
    if (consumers.length > 0) await session.run(CONSUME, [now, ...CONSUMERS.values(consumers)]);
    const again = errors.map(({ dagId }) => dagId);
    const all = claimed.map(({ dagId }) => dagId);
    await session.run(WRITE_CHECKS, [listParameter(all), listParameter(again), now + PLAN_ERROR_DELAY_MS]);
    return { claimed: claimed.length, createdRuns: created.length, errors };
  });
}

/** What waits for these DAGs. */
export async function readAssetSchedules(
  session: Session,
  specs: SpecCache,
  dags: readonly ReturnType<typeof readDag>[],
  now: Instant,
): Promise<readonly AssetSchedule[]> {
  const ids = listParameter(dags.map(({ dagId }) => dagId));
  const known = await specs.load(
    session,
    dags.map((dag) => dag.currentVersionId),
  );
  const [waiting, refs] = await Promise.all([session.run(READ_WAITING, [ids]), session.run(READ_PRESENT, [ids])]);
  const rows = new Map(waiting.map((row) => [row['dag_id'] as string, row]));
  return dags.map((dag): AssetSchedule => {
    const row = rows.get(dag.dagId)!;
    const eventId = row['asset_event_id'] as number | null;
    return {
      dag,
      spec: known.get(dag.currentVersionId)!,
      present: new Set(refs.filter((ref) => ref['dag_id'] === dag.dagId).map((ref) => assetRefText(readRef(ref)))),
      newest: eventId === null ? null : { eventId, at: row['at'] as Instant },
      hadAssetRuns: row['had_asset_runs'] as boolean,
      unfinishedRuns: row['unfinished'] as number,
      now,
    };
  });
}

/** Group and extra are not part of a reference: what they are stands with the asset. */
export function readRef(row: Readonly<Record<string, unknown>>): AssetRef {
  const { asset_name: name, asset_uri: uri, alias_name: alias } = row as Record<string, string>;
  if (alias) return { kind: 'alias', alias: { name: alias, group: '' } };
  return { kind: 'asset', asset: { name: name as string, uri: uri as string, group: '', extra: {} } };
}

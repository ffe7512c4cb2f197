/** Deletes a DAG with all its history; one of the few places where the append-only event log may shrink. */
import type { Actor } from '../../model/commit.js';
import { refreshUse } from './asset-references.js';
import type { Database, Statement } from './session.js';

const LOCK: Statement = { name: 'delete_dag_lock', text: 'select 1 from dag where dag_id = $1 for update' };
const LOCK_RUNS: Statement = {
  name: 'delete_dag_lock_runs',
  text: 'select dag_run_id from dag_run where dag_id = $1 order by dag_run_id for update',
};
const FIND_LIVE: Statement = {
  name: 'delete_dag_find_live',
  text: `select 1 from task_attempt a join dag_run d on d.dag_run_id = a.dag_run_id
    where d.dag_id = $1 and a.state in ('queued', 'running') limit 1`,
};
/** Lets this transaction, and no other, delete rows of the event log. */
export const ALLOW_DELETING_HISTORY: Statement = {
  name: 'delete_dag_allow',
  text: `select set_config('airflow_like.may_delete_history', 'on', true)`,
};

const ITS_RUNS = 'dag_run_id in (select dag_run_id from dag_run where dag_id = $1)';
/** Children before parents. */
const DELETES: readonly Statement[] = [
  `delete from xcom where task_instance_id in (select task_instance_id from task_instance where ${ITS_RUNS})`,
  `delete from asset_lineage where ${ITS_RUNS}`,
  `delete from callback where ${ITS_RUNS}`,
  `delete from asset_queue where dag_id = $1`,
  `delete from asset_reference where dag_id = $1`,
  `delete from event_log where ${ITS_RUNS}`,
  `delete from event_log where dag_run_id is null and dag_id = $1`,
  `delete from task_attempt where ${ITS_RUNS}`,
  `delete from task_instance where ${ITS_RUNS}`,
  `delete from dag_run where dag_id = $1`,
  `delete from backfill where dag_id = $1`,
  `delete from watched_file where dag_id = $1`,
  `delete from dag_version where dag_id = $1`,
  `delete from dag where dag_id = $1`,
  `delete from source_bundle_file f where not exists (select 1 from dag_version v where v.bundle_hash = f.bundle_hash)`,
  `delete from source_bundle b where not exists (select 1 from dag_version v where v.bundle_hash = b.hash)`,
  `delete from source_file s where not exists (select 1 from source_bundle_file f where f.file_hash = s.hash and f.path = s.path)`,
].map((text, index) => ({ name: `delete_dag_${index}`, text }));

const RECORD: Statement = {
  name: 'delete_dag_record',
  text: `insert into event_log (entity, dag_id, to_state, actor_kind, actor_id) values ('dag', $1, 'deleted', $2, $3)`,
};

/** `running`: attempts are under way, nothing was deleted. */
export function deleteDag(database: Database, dagId: string, actor: Actor): Promise<'deleted' | 'running' | 'missing'> {
  return database.transaction(async (session) => {
    if ((await session.run(LOCK, [dagId])).length === 0) return 'missing';
    await session.run(LOCK_RUNS, [dagId]);
    if ((await session.run(FIND_LIVE, [dagId])).length > 0) return 'running';
    await session.run(ALLOW_DELETING_HISTORY);
    for (const statement of DELETES) await session.run(statement, statement.text.includes('$1') ? [dagId] : []);
    await refreshUse(session);
    await session.run(RECORD, [dagId, actor.kind, actor.id]);
    return 'deleted';
  });
}

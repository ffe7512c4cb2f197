/** Deletes one run with all that belongs to it; the event log keeps that it was there. */
import type { Actor } from '../../model/commit.js';
import { ALLOW_DELETING_HISTORY } from './delete-dag.js';
import type { Database, Statement } from './session.js';

const LOCK: Statement = {
  name: 'delete_run_lock',
  text: 'select dag_id, run_id, state from dag_run where dag_run_id = $1 for update',
};
const FIND_LIVE: Statement = {
  name: 'delete_run_find_live',
  text: `select 1 from task_attempt where dag_run_id = $1 and state in ('queued', 'running') limit 1`,
};

/** Children before parents. */
const DELETES: readonly Statement[] = [
  'delete from xcom where task_instance_id in (select task_instance_id from task_instance where dag_run_id = $1)',
  'delete from asset_lineage where dag_run_id = $1',
  'delete from callback where dag_run_id = $1',
  'delete from event_log where dag_run_id = $1',
  'delete from task_attempt where dag_run_id = $1',
  'delete from task_instance where dag_run_id = $1',
  'delete from dag_run where dag_run_id = $1',
].map((text, index) => ({ name: `delete_run_${index}`, text }));

const RECORD: Statement = {
  name: 'delete_run_record',
  text: `insert into event_log (entity, dag_id, to_state, actor_kind, actor_id, reason) values ('dag', $1, 'run_deleted', $2, $3, $4)`,
};

/** `running`: the run or an attempt of it is under way, nothing was deleted. */
export function deleteRun(database: Database, dagRunId: number, actor: Actor): Promise<'deleted' | 'running' | 'missing'> {
  return database.transaction(async (session) => {
    const [run] = await session.run<{ dag_id: string; run_id: string; state: string }>(LOCK, [dagRunId]);
    if (!run) return 'missing';
    if (run.state === 'running' || (await session.run(FIND_LIVE, [dagRunId])).length > 0) return 'running';
    await session.run(ALLOW_DELETING_HISTORY);
    for (const statement of DELETES) await session.run(statement, [dagRunId]);
    await session.run(RECORD, [run.dag_id, actor.kind, actor.id, run.run_id]);
    return 'deleted';
  });
}

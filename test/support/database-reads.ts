/** What tests ask the database itself: states, without a command's start in between, and the event history. */
import { withClient } from './postgres.js';

/** State of each run of a DAG by run id. */
export async function runStates(url: string, dagId: string): Promise<ReadonlyMap<string, string>> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ run_id: string; state: string }>(
      'select run_id, state from airflow_like.dag_run where dag_id = $1 order by dag_run_id',
      [dagId],
    );
    return new Map(rows.map((row) => [row.run_id, row.state]));
  });
}

/** Pids of the live processes of a kind, as they registered themselves. */
export async function componentPids(url: string, kind: string): Promise<number[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      'select pid from airflow_like.component where kind = $1 and stopped_at is null and lease_until > clock_timestamp()',
      [kind],
    );
    return rows.map((row) => row.pid);
  });
}

/** Which steps the event history holds, each once: `task_instance none -> scheduled by scheduler`. */
export async function stepsTaken(url: string): Promise<string[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ step: string }>(
      `select distinct entity || ' ' || coalesce(from_state, 'new') || ' -> ' || to_state || ' by ' || actor_kind as step
       from airflow_like.event_log where entity <> 'dag' order by step`,
    );
    return rows.map((row) => row.step);
  });
}

/** Task instances whose history does not hang together: an event that does not begin where the one before it ended. */
export async function brokenHistories(url: string): Promise<number[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ entity_id: string }>(
      `select distinct entity_id from (
         select entity_id, from_state, lag(to_state) over (partition by entity, entity_id order by seq) as before
         from airflow_like.event_log where entity <> 'dag'
       ) steps where before is not null and from_state is distinct from before`,
    );
    return rows.map((row) => Number(row.entity_id));
  });
}

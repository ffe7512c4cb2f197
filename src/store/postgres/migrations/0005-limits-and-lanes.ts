/**
 * What limits count and people change: task instances that wait for a trigger or a person can be counted, pools and backfills have a history.
 *
 * `is_parked` does not change while an instance is queued, runs and ends, so those updates still touch no index.
 */
export const limitsAndLanes = {
  version: 5,
  name: 'limits and lanes',
  sql: `
alter table task_instance add column is_parked boolean not null generated always as (state in ('deferred', 'awaiting_input')) stored;
create index task_instance_parked_idx on task_instance (pool) where is_parked;

alter table event_log drop constraint event_log_entity_check;
alter table event_log add constraint event_log_entity_check
  check (entity in ('dag', 'dag_run', 'task_instance', 'pool', 'backfill', 'asset', 'variable', 'connection'));
-- The name of what has no number: a pool.
alter table event_log add column subject text collate "C";
`,
} as const;

/**
 * What the complete core keeps: partial runs, the order within a backfill, who triggered a run and under which key, what a task decided,
 * the name of a copy, what a task waits for, the template fields as rendered, pools without a limit, cancelled backfills.
 */
export const statesOfACompleteCore = {
  version: 3,
  name: 'states of a complete core',
  sql: `
alter table dag_run drop constraint dag_run_state_check;
alter table dag_run add constraint dag_run_state_check check (state in ('queued', 'running', 'success', 'partial', 'failed'));
alter table dag_run add column backfill_ordinal integer;
alter table dag_run add column triggering_user text;
alter table dag_run add column idempotency_key text collate "C";
create unique index dag_run_idempotency_key_idx on dag_run (dag_id, idempotency_key) where idempotency_key is not null;

alter table task_instance add column decision text;
alter table task_instance add column map_label text;
alter table task_instance add column deferral text;
alter table task_attempt add column rendered text;

-- A deferral ends its attempt: what goes on after it has a token of its own.
drop index task_attempt_live_idx;
create unique index task_attempt_live_idx on task_attempt (task_instance_id) where state in ('queued', 'running');

alter table pool drop constraint pool_slots_check;
alter table pool add constraint pool_slots_check check (slots >= -1);
alter table pool add column include_deferred boolean not null default false;

alter table backfill add column is_cancelled boolean not null default false;
alter table backfill add column run_on_latest_version boolean not null default true;

alter type commit_change add attribute decision text;
alter type commit_change add attribute map_label text;
alter type commit_change add attribute deferral text;
alter type commit_insertion add attribute decision text;
alter type commit_insertion add attribute map_label text;
alter type commit_insertion add attribute deferral text;
`,
} as const;

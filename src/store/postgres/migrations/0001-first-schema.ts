/**
 * The first schema.
 *
 * Hot tables (dag_run, task_instance, task_attempt) are narrow and keep free space in their pages, so that most updates stay in the
 * page and touch no index (HOT). That is why no index of task_instance knows its state: what is live is found through the partial
 * indexes of task_attempt and dag_run. There are no foreign keys among hot tables: their checks would lock the parent rows.
 */
export const firstSchema = {
  version: 1,
  name: 'first schema',
  sql: `
create table dag (
  dag_id             text collate "C" primary key,
  is_paused          boolean not null,
  paused_reason      text,
  is_retired         boolean not null default false,
  current_version_id bigint not null,
  file               text collate "C" not null,
  next_logical_date  timestamptz(3),
  next_interval_start timestamptz(3),
  next_interval_end  timestamptz(3),
  next_run_after     timestamptz(3),
  check_at           timestamptz(3),
  last_parsed_at     timestamptz(3) not null,
  has_import_errors  boolean not null default false
) with (fillfactor = 70);
create index dag_check_at_idx on dag (check_at) where check_at is not null;
create index dag_file_idx on dag (file);

create table dag_file (
  path         text collate "C" primary key,
  content_hash text not null,
  parsed_at    timestamptz(3) not null,
  parse_ms     double precision not null
);

create table import_problem (
  import_problem_id bigint generated always as identity primary key,
  file       text collate "C" not null,
  code       text not null,
  message    text not null,
  line       integer,
  "column"   integer,
  value      text,
  allowed    text,
  suggestion text,
  stack      text
);
create index import_problem_file_idx on import_problem (file);

create table source_file (
  hash     text collate "C" not null,
  path     text collate "C" not null,
  content  text not null,
  compiled text not null,
  primary key (hash, path)
);

create table source_bundle (
  hash  text collate "C" primary key,
  entry text not null
);

create table source_bundle_file (
  bundle_hash text collate "C" not null,
  position    integer not null,
  path        text collate "C" not null,
  file_hash   text collate "C" not null,
  primary key (bundle_hash, position)
);

create table dag_version (
  dag_version_id bigint generated always as identity primary key,
  dag_id      text collate "C" not null,
  number      integer not null,
  spec_hash   text collate "C" not null,
  bundle_hash text collate "C" not null,
  created_at  timestamptz(3) not null,
  spec        text not null,
  unique (dag_id, number),
  unique (dag_id, spec_hash, bundle_hash)
);

create table backfill (
  backfill_id        bigint generated always as identity primary key,
  dag_id             text collate "C" not null,
  from_date          timestamptz(3) not null,
  to_date            timestamptz(3) not null,
  max_active_runs    integer not null,
  conf               text not null,
  reprocess_behavior text not null check (reprocess_behavior in ('none', 'failed', 'completed')),
  run_backwards      boolean not null,
  is_paused          boolean not null,
  expected_runs      integer not null,
  created_at         timestamptz(3) not null,
  completed_at       timestamptz(3)
);
create unique index backfill_active_idx on backfill (dag_id) where completed_at is null;

create table dag_run (
  dag_run_id     bigint generated always as identity primary key,
  dag_id         text collate "C" not null,
  run_id         text collate "C" not null,
  run_type       text not null check (run_type in ('scheduled', 'manual', 'backfill', 'asset_triggered', 'asset_materialization')),
  triggered_by   text not null check (triggered_by in ('timetable', 'cli', 'rest_api', 'ui', 'operator', 'backfill', 'asset', 'test')),
  state          text not null check (state in ('queued', 'running', 'success', 'failed')),
  logical_date   timestamptz(3),
  interval_start timestamptz(3),
  interval_end   timestamptz(3),
  run_after      timestamptz(3) not null,
  version_id     bigint not null,
  backfill_id    bigint,
  queued_at      timestamptz(3) not null,
  started_at     timestamptz(3),
  ended_at       timestamptz(3),
  clear_number   integer not null default 0,
  revision       bigint not null default 0,
  plan_at        timestamptz(3),
  note           text,
  conf           text not null,
  unique (dag_id, run_id),
  unique (dag_id, logical_date)
) with (
  fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0
);
create index dag_run_plan_at_idx on dag_run ((backfill_id is not null), plan_at) where state = 'running' and plan_at is not null;
create index dag_run_unfinished_idx on dag_run (dag_id) where state in ('queued', 'running');
create index dag_run_backfill_idx on dag_run (backfill_id) where backfill_id is not null;
create index dag_run_ended_at_idx on dag_run (ended_at) where ended_at is not null;

create table task_instance (
  task_instance_id bigint generated always as identity primary key,
  dag_run_id      bigint not null,
  task_id         text collate "C" not null,
  map_index       integer not null,
  state           text not null check (state in ('none', 'scheduled', 'queued', 'running', 'success', 'failed', 'skipped',
                    'upstream_failed', 'up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input', 'removed')),
  try_number      integer not null,
  max_tries       integer not null,
  lost_dispatches integer not null,
  token           uuid,
  worker_id       text collate "C",
  pool            text collate "C" not null,
  pool_slots      integer not null,
  priority_weight integer not null,
  queue           text collate "C" not null,
  scheduled_at    timestamptz(3),
  queued_at       timestamptz(3),
  started_at      timestamptz(3),
  ended_at        timestamptz(3),
  wake_at         timestamptz(3),
  waiting_since   timestamptz(3),
  poke_number     integer not null,
  output_length   integer,
  unique (dag_run_id, task_id, map_index)
) with (
  fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0
);

create table task_attempt (
  token            uuid primary key,
  task_instance_id bigint not null,
  dag_run_id       bigint not null,
  try_number       integer not null,
  dispatch_number  integer not null,
  state            text not null check (state in ('none', 'scheduled', 'queued', 'running', 'success', 'failed', 'skipped',
                     'upstream_failed', 'up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input', 'removed', 'lost', 'cleared')),
  pool             text collate "C" not null,
  pool_slots       integer not null,
  queue            text collate "C" not null,
  priority_weight  integer not null,
  worker_id        text collate "C",
  created_at       timestamptz(3) not null,
  started_at       timestamptz(3),
  ended_at         timestamptz(3),
  end_reason       text,
  error            text,
  log_path         text
) with (
  fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0
);
create unique index task_attempt_live_idx on task_attempt (task_instance_id) where state in ('queued', 'running', 'deferred');
create index task_attempt_queued_idx on task_attempt (queue, priority_weight desc, created_at, task_instance_id) where state = 'queued';
create index task_attempt_instance_idx on task_attempt (task_instance_id);

create table xcom (
  task_instance_id bigint not null,
  key   text collate "C" not null,
  value text not null,
  token uuid,
  primary key (task_instance_id, key)
);

create table pool (
  name        text collate "C" primary key,
  slots       integer not null check (slots >= 0),
  description text
);
insert into pool (name, slots, description) values ('default_pool', 128, 'Default pool');

create table component (
  component_id text collate "C" primary key,
  kind         text not null,
  hostname     text not null,
  pid          integer not null,
  version      text not null,
  started_at   timestamptz(3) not null,
  heartbeat_at timestamptz(3) not null,
  lease_until  timestamptz(3) not null,
  stopped_at   timestamptz(3),
  details      text not null
) with (fillfactor = 50);

create table event_log (
  seq        bigint generated always as identity,
  at         timestamptz(3) not null default clock_timestamp(),
  txid       bigint not null default txid_current(),
  entity     text not null check (entity in ('dag', 'dag_run', 'task_instance')),
  dag_id     text collate "C",
  dag_run_id bigint,
  entity_id  bigint,
  from_state text,
  to_state   text not null,
  token      uuid,
  actor_kind text not null,
  actor_id   text not null,
  reason     text
) with (autovacuum_vacuum_cost_delay = 0);
create index event_log_run_idx on event_log (dag_run_id, seq);

-- Rows that the commit statement takes as parameters; instants are epoch milliseconds.
create type commit_run as (
  dag_run_id bigint, expected_revision bigint, sets_plan_at boolean, plan_at float8, from_state text, state text, queued_at float8, started_at float8, ended_at float8, clear_number integer, version_id bigint
);
create type commit_change as (
  run integer, task_instance_id bigint, from_state text, expected_token uuid, state text, map_index integer, try_number integer, max_tries integer, lost_dispatches integer, token uuid, worker_id text, pool text, pool_slots integer, priority_weight integer, queue text, scheduled_at float8, queued_at float8, started_at float8, ended_at float8, wake_at float8, waiting_since float8, poke_number integer, output_length integer
);
create type commit_attempt as (
  change integer, token uuid, state text, worker_id text, started_at float8, ended_at float8, end_reason text, error text
);
create type commit_opening as (
  change integer, token uuid, task_instance_id bigint, dag_run_id bigint, try_number integer, dispatch_number integer, state text, pool text, pool_slots integer, queue text, priority_weight integer, worker_id text, created_at float8, started_at float8
);
create type commit_event as (
  run integer, change integer, dag_run_id bigint, entity_id bigint, from_state text, to_state text, token uuid, actor_kind text, actor_id text, reason text
);
create type commit_clear as (
  change integer, task_instance_id bigint, kept text
);
create type commit_xcom as (
  change integer, task_instance_id bigint, key text, value text, token uuid
);
create type commit_insertion as (
  run integer, dag_run_id bigint, task_id text, map_index integer, state text, try_number integer, max_tries integer, lost_dispatches integer, token uuid, worker_id text, pool text, pool_slots integer, priority_weight integer, queue text, scheduled_at float8, queued_at float8, started_at float8, ended_at float8, wake_at float8, waiting_since float8, poke_number integer, output_length integer
);
create type commit_insertion_event as (
  dag_run_id bigint, task_id text, state text, from_state text, to_state text, actor_kind text, actor_id text
);

create function refuse_history_change() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('airflow_like.may_delete_history', true), '') <> 'on' then
    raise exception 'event_log is append-only' using errcode = 'insufficient_privilege';
  end if;
  return old;
end $$;
create trigger event_log_append_only before update or delete on event_log for each row execute function refuse_history_change();
create trigger event_log_no_truncate before truncate on event_log for each statement execute function refuse_history_change();
`,
} as const;

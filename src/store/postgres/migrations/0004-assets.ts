/**
 * Assets: what DAGs name, events, what waits for the DAGs that consume them, and what each run read and wrote.
 *
 * Events and what follows from them know an asset by its name and URI, so that a commit can write them without looking anything up. In
 * references and in the queue an empty text stands for what does not apply, because a key cannot hold null.
 */
export const assets = {
  version: 4,
  name: 'assets',
  sql: `
create table asset (
  asset_id   bigint generated always as identity primary key,
  name       text collate "C" not null,
  uri        text collate "C" not null,
  group_name text not null,
  extra      text not null,
  is_active  boolean not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  unique (name, uri)
);
create index asset_uri_idx on asset (uri);

create table asset_alias (
  asset_alias_id bigint generated always as identity primary key,
  name       text collate "C" not null unique,
  group_name text not null
);

-- Assets of which events came through an alias.
create table asset_alias_member (
  alias_name text collate "C" not null,
  asset_name text collate "C" not null,
  asset_uri  text collate "C" not null,
  primary key (alias_name, asset_name, asset_uri)
);

create table asset_reference (
  dag_id     text collate "C" not null,
  role       text not null check (role in ('schedule', 'outlet', 'inlet')),
  task_id    text collate "C" not null,
  asset_name text collate "C" not null,
  asset_uri  text collate "C" not null,
  alias_name text collate "C" not null,
  created_at timestamptz(3) not null,
  primary key (dag_id, role, task_id, asset_name, asset_uri, alias_name)
);
create index asset_reference_asset_idx on asset_reference (asset_name, asset_uri);
create index asset_reference_alias_idx on asset_reference (alias_name) where alias_name <> '';

create table asset_event (
  asset_event_id   bigint generated always as identity primary key,
  asset_name       text collate "C" not null,
  asset_uri        text collate "C" not null,
  at               timestamptz(3) not null,
  extra            text not null,
  aliases          text[] not null,
  source_dag_id    text collate "C",
  source_run_id    text collate "C",
  source_task_id   text collate "C",
  source_map_index integer,
  token            uuid,
  position         integer,
  unique (token, position)
);
create index asset_event_asset_idx on asset_event (asset_name, asset_uri, asset_event_id);
create index asset_event_source_idx on asset_event (source_dag_id, source_run_id);

create table asset_queue (
  dag_id         text collate "C" not null,
  asset_event_id bigint not null,
  asset_name     text collate "C" not null,
  asset_uri      text collate "C" not null,
  alias_name     text collate "C" not null,
  at             timestamptz(3) not null,
  primary key (dag_id, asset_event_id, alias_name)
);
create index asset_queue_asset_idx on asset_queue (dag_id, asset_name, asset_uri, alias_name);
create index asset_queue_alias_idx on asset_queue (dag_id, alias_name);

create table asset_lineage (
  asset_lineage_id bigint generated always as identity primary key,
  dag_run_id     bigint not null,
  kind           text not null check (kind in ('trigger', 'input', 'output')),
  task_id        text collate "C",
  map_index      integer,
  asset_name     text collate "C" not null,
  asset_uri      text collate "C" not null,
  asset_event_id bigint,
  at             timestamptz(3) not null
);
create index asset_lineage_run_idx on asset_lineage (dag_run_id, asset_lineage_id);
create index asset_lineage_event_idx on asset_lineage (asset_event_id) where kind = 'trigger';

alter table dag add column asset_check_at timestamptz(3);
create index dag_asset_check_at_idx on dag (asset_check_at) where asset_check_at is not null;

create type commit_asset as (
  change integer, kind text, dag_id text, dag_run_id bigint, task_id text, map_index integer, token uuid, position integer, asset_name text, asset_uri text, group_name text, asset_extra text, extra text, aliases text, at float8
);
`,
} as const;

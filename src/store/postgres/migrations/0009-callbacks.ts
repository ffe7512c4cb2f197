/**
 * Callbacks that were decided together with a state and wait for a worker to call them. Empty unless an author asks for some. `due_at` is also the
 * end of a lease; without it a callback was given up and is kept for people to see.
 */
export const callbacks = {
  version: 9,
  name: 'callbacks',
  sql: `
create table callback (
  callback_id bigint generated always as identity primary key,
  key         text collate "C" not null unique,
  dag_run_id  bigint not null,
  version_id  bigint not null,
  request     text not null,
  calls       integer not null default 0,
  due_at      timestamptz(3),
  lease       uuid,
  failure     text
);
create index callback_due_at_idx on callback (due_at, callback_id) where due_at is not null;
create index callback_lease_idx on callback (lease) where lease is not null;
create index callback_run_idx on callback (dag_run_id);

create type commit_callback as (run integer, change integer, dag_run_id bigint, key text, request text, due_at float8);
`,
} as const;

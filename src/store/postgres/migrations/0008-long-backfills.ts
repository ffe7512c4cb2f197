/** A hundred thousand queued runs of one backfill must not be read to find the next one, or to see that there are some. */
export const longBackfills = {
  version: 8,
  name: 'long backfills',
  sql: `
drop index dag_run_unfinished_idx;
create index dag_run_unfinished_idx on dag_run (dag_id, backfill_id, state, backfill_ordinal, dag_run_id) where state in ('queued', 'running');
create index dag_run_backfill_waiting_idx on dag_run (backfill_id, run_after) where state = 'queued' and backfill_id is not null;
`,
} as const;

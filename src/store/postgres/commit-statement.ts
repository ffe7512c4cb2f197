/**
 * The text of the statement that writes a batch of `RunCommit`s: one round trip, one durable commit, every write guarded.
 *
 * The guards travel as bit strings: `guard` updates the runs whose revision fits and aggregates their positions into `ok`; everything
 * else of a run is written where `get_bit(ok, run)` is 1, and what belongs to a task instance where its own update hit. Bit
 * strings need no join among the parts, so the cost is linear and the plan is the same for one row and for a thousand.
 *
 * Rows are found by `id = any (array[x.id])`, which only an index lookup per row can serve. With a plain `=` Postgres turns the join
 * around while a table is tiny (one run with a thousand tasks), keeps that plan, and reads the whole table when it has grown.
 *
 * Parts without rows are left out of the text, so there are a few variants, each prepared once per connection.
 */
import { callbackStep, COMMITTED_CALLBACKS } from './callbacks.js';
import { TypedRows } from './columns.js';
import { queueEvents } from './asset-events.js';
import type { Statement } from './session.js';

const RUNS = new TypedRows('commit_run', {
  dag_run_id: 'bigint',
  expected_revision: 'bigint',
  sets_plan_at: 'boolean',
  plan_at: 'instant',
  from_state: 'text',
  state: 'text',
  queued_at: 'instant',
  started_at: 'instant',
  ended_at: 'instant',
  clear_number: 'integer',
  version_id: 'bigint',
} as const);

/** What a commit says of a task instance, whether it was there before or not; in the order of the columns of both types. */
const INSTANCE = {
  try_number: 'integer',
  max_tries: 'integer',
  lost_dispatches: 'integer',
  token: 'uuid',
  worker_id: 'text',
  pool: 'text',
  pool_slots: 'integer',
  priority_weight: 'integer',
  queue: 'text',
  scheduled_at: 'instant',
  queued_at: 'instant',
  started_at: 'instant',
  ended_at: 'instant',
  wake_at: 'instant',
  waiting_since: 'instant',
  poke_number: 'integer',
  output_length: 'integer',
  decision: 'text',
  map_label: 'text',
  deferral: 'text',
} as const;

const CHANGES = new TypedRows('commit_change', {
  run: 'integer',
  task_instance_id: 'bigint',
  from_state: 'text',
  expected_token: 'uuid',
  state: 'text',
  map_index: 'integer',
  ...INSTANCE,
} as const);

/** Attempts that end, or that start under a token they already have. */
const ATTEMPTS = new TypedRows('commit_attempt', {
  change: 'integer',
  token: 'uuid',
  state: 'text',
  worker_id: 'text',
  started_at: 'instant',
  ended_at: 'instant',
  end_reason: 'text',
  error: 'text',
} as const);

const OPENINGS = new TypedRows('commit_opening', {
  change: 'integer',
  token: 'uuid',
  task_instance_id: 'bigint',
  dag_run_id: 'bigint',
  try_number: 'integer',
  dispatch_number: 'integer',
  state: 'text',
  pool: 'text',
  pool_slots: 'integer',
  queue: 'text',
  priority_weight: 'integer',
  worker_id: 'text',
  created_at: 'instant',
  started_at: 'instant',
} as const);

/** One row per step of a path. `change` is null for steps of the run itself. */
const EVENTS = new TypedRows('commit_event', {
  run: 'integer',
  change: 'integer',
  dag_run_id: 'bigint',
  entity_id: 'bigint',
  from_state: 'text',
  to_state: 'text',
  token: 'uuid',
  actor_kind: 'text',
  actor_id: 'text',
  reason: 'text',
} as const);

/** `kept`: keys written by the same change, joined with line breaks; null for none. */
const CLEARS = new TypedRows('commit_clear', { change: 'integer', task_instance_id: 'bigint', kept: 'text' } as const);

const XCOMS = new TypedRows('commit_xcom', {
  change: 'integer',
  task_instance_id: 'bigint',
  key: 'text',
  value: 'text',
  token: 'uuid',
} as const);

/** Events of assets and lineage. `kind` is that of a line of lineage; `aliases` are joined with line breaks, null for none. */
const ASSETS = new TypedRows('commit_asset', {
  change: 'integer',
  kind: 'text',
  dag_id: 'text',
  dag_run_id: 'bigint',
  task_id: 'text',
  map_index: 'integer',
  token: 'uuid',
  position: 'integer',
  asset_name: 'text',
  asset_uri: 'text',
  group_name: 'text',
  asset_extra: 'text',
  extra: 'text',
  aliases: 'text',
  at: 'instant',
} as const);

const INSERTIONS = new TypedRows('commit_insertion', {
  run: 'integer',
  dag_run_id: 'bigint',
  task_id: 'text',
  map_index: 'integer',
  state: 'text',
  ...INSTANCE,
} as const);

/**
 * Steps of inserted rows, whose ids are not known before. One row per step and (run, task, state) is enough, because copies of one task
 * that are inserted in the same state came there by the same path.
 */
const INSERTION_EVENTS = new TypedRows('commit_insertion_event', {
  dag_run_id: 'bigint',
  task_id: 'text',
  state: 'text',
  from_state: 'text',
  to_state: 'text',
  actor_kind: 'text',
  actor_id: 'text',
} as const);

/** The parts, by name; `commits.ts` fills them with rows. */
export const PARTS = {
  runs: RUNS,
  changes: CHANGES,
  attempts: ATTEMPTS,
  openings: OPENINGS,
  events: EVENTS,
  clears: CLEARS,
  xcoms: XCOMS,
  assets: ASSETS,
  callbacks: COMMITTED_CALLBACKS,
  insertions: INSERTIONS,
  insertionEvents: INSERTION_EVENTS,
} as const;
export type PartName = keyof typeof PARTS;

/** The row the statement answers with. */
export interface CommitAnswer {
  /** `position:revision` per run that was written, separated by commas; null for none. */
  readonly runs: string | null;
  /** Bit i (from 1) is set when change i was written; null for none. */
  readonly changes: string | null;
  /** `[id, dagRunId, taskId, mapIndex]` per inserted row. */
  readonly inserted: readonly (readonly [number, number, string, number])[] | null;
}

const INSERTED_COLUMNS =
  'dag_run_id, task_id, map_index, state, try_number, max_tries, lost_dispatches, token, worker_id, pool, pool_slots, priority_weight, ' +
  'queue, scheduled_at, queued_at, started_at, ended_at, wake_at, waiting_since, poke_number, output_length, decision, map_label, deferral';

const cache = new Map<string, Statement>();

/** The statement for these parts (`runs` is always among them); parameters are a bit string of zeros (one longer than there are runs), the same for
 * changes if there are any, and then the parts in order. */
export function commitStatement(parts: readonly PartName[]): Statement {
  const key = parts.join(',');
  const known = cache.get(key);
  if (known) return known;
  const statement = { name: `commit_${cache.size}`, text: buildText(parts) };
  cache.set(key, statement);
  return statement;
}

/** The DAGs that wait for an event get a row each, unless they are paused: what happens meanwhile is not made up for. */
function assetSteps(rows: string): readonly string[] {
  return [
    `asset_rows as materialized (
  select a.*, d.run_id from changes_ok, ${rows} a join dag_run d on d.dag_run_id = any (array[a.dag_run_id])
  where get_bit(changes_ok.ok, a.change) = 1
)`,
    `assets_found as (
  insert into asset (name, uri, group_name, extra, is_active, created_at, updated_at)
  select distinct on (a.asset_name, a.asset_uri) a.asset_name, a.asset_uri, a.group_name, a.asset_extra,
    not exists (select 1 from asset o where o.is_active and o.name = a.asset_name)
      and not exists (select 1 from asset o where o.is_active and o.uri = a.asset_uri), a.at, a.at
  from asset_rows a where a.aliases is not null order by a.asset_name, a.asset_uri, a.n
  on conflict (name, uri) do nothing
)`,
    `alias_members_found as (
  insert into asset_alias_member (alias_name, asset_name, asset_uri)
  select distinct m.alias_name, a.asset_name, a.asset_uri from asset_rows a, unnest(string_to_array(a.aliases, E'\\n')) as m(alias_name)
  order by 1, 2, 3
  on conflict do nothing
)`,
    `asset_events_written as (
  insert into asset_event (asset_name, asset_uri, at, extra, aliases, source_dag_id, source_run_id, source_task_id, source_map_index, token, position)
  select a.asset_name, a.asset_uri, a.at, a.extra, coalesce(string_to_array(a.aliases, E'\\n'), '{}'), a.dag_id, a.run_id, a.task_id, a.map_index,
    a.token, a.position
  from asset_rows a where a.kind = 'output' order by a.n
  on conflict (token, position) do nothing
  returning *
)`,
    `asset_lineage_written as (
  insert into asset_lineage (dag_run_id, kind, task_id, map_index, asset_name, asset_uri, asset_event_id, at)
  select a.dag_run_id, a.kind, a.task_id, a.map_index, a.asset_name, a.asset_uri, e.asset_event_id, a.at
  from asset_rows a left join asset_events_written e on e.token = a.token and e.position = a.position
  order by a.n
)`,
    `asset_events_queued as (
  ${queueEvents('asset_events_written')}
)`,
  ];
}

function buildText(parts: readonly PartName[]): string {
  const has = (part: PartName) => parts.includes(part);
  const from: Partial<Record<PartName, string>> = {};
  let parameter = has('changes') ? 3 : 2;
  for (const part of parts) {
    from[part] = `(${PARTS[part].select(parameter)})`;
    parameter += PARTS[part].width;
  }
  const steps = [
    `guard as (
  update dag_run d set
    revision = d.revision + 1,
    plan_at = case when r.sets_plan_at then r.plan_at else d.plan_at end,
    state = coalesce(r.state, d.state),
    queued_at = coalesce(r.queued_at, d.queued_at),
    started_at = case when r.state is null then d.started_at else r.started_at end,
    ended_at = case when r.state is null then d.ended_at else r.ended_at end,
    clear_number = coalesce(r.clear_number, d.clear_number),
    version_id = coalesce(r.version_id, d.version_id)
  from ${from.runs} r
  where d.dag_run_id = any (array[r.dag_run_id])
    and (r.expected_revision is null or d.revision = r.expected_revision)
    and (r.from_state is null or d.state = r.from_state)
  returning r.n, d.revision
), runs_ok as (select bit_or(set_bit($1::text::varbit, n::integer, 1)) as ok from guard)`,
  ];
  if (has('changes')) {
    steps.push(`written as (
  update task_instance t set
    state = c.state, map_index = c.map_index, try_number = c.try_number, max_tries = c.max_tries, lost_dispatches = c.lost_dispatches,
    token = c.token, worker_id = c.worker_id, pool = c.pool, pool_slots = c.pool_slots, priority_weight = c.priority_weight,
    queue = c.queue, scheduled_at = c.scheduled_at, queued_at = c.queued_at, started_at = c.started_at, ended_at = c.ended_at,
    wake_at = c.wake_at, waiting_since = c.waiting_since, poke_number = c.poke_number, output_length = c.output_length,
    decision = c.decision, map_label = c.map_label, deferral = c.deferral
  from runs_ok, ${from.changes} c
  where get_bit(runs_ok.ok, c.run) = 1 and t.task_instance_id = any (array[c.task_instance_id])
    and t.state = c.from_state and t.token is not distinct from c.expected_token
  returning c.n
), changes_ok as (select bit_or(set_bit($2::text::varbit, n::integer, 1)) as ok from written)`);
  }
  if (has('attempts')) {
    steps.push(`attempts_ended as (
  update task_attempt a set
    state = e.state, worker_id = coalesce(e.worker_id, a.worker_id), started_at = coalesce(e.started_at, a.started_at),
    ended_at = e.ended_at, end_reason = e.end_reason, error = e.error
  from changes_ok, ${from.attempts} e
  where get_bit(changes_ok.ok, e.change) = 1 and a.token = any (array[e.token]) and a.state in ('queued', 'running')
  returning 1
)`);
  }
  if (has('openings')) {
    // The old attempt of a task instance has to end before a new one can be live: reading its step first puts them in order.
    const afterEnds = has('attempts') ? ' and (select count(*) from attempts_ended) >= 0' : '';
    steps.push(`attempts_opened as (
  insert into task_attempt
    (token, task_instance_id, dag_run_id, try_number, dispatch_number, state, pool, pool_slots, queue, priority_weight, worker_id, created_at, started_at)
  select o.token, o.task_instance_id, o.dag_run_id, o.try_number, o.dispatch_number, o.state, o.pool, o.pool_slots, o.queue,
    o.priority_weight, o.worker_id, o.created_at, o.started_at
  from changes_ok, ${from.openings} o where get_bit(changes_ok.ok, o.change) = 1${afterEnds}
)`);
  }
  if (has('events')) {
    const changed = has('changes') ? 'get_bit(changes_ok.ok, s.change) = 1' : 'false';
    steps.push(`events_written as (
  insert into event_log (entity, dag_run_id, entity_id, from_state, to_state, token, actor_kind, actor_id, reason)
  select case when s.change is null then 'dag_run' else 'task_instance' end, s.dag_run_id, s.entity_id, s.from_state, s.to_state,
    s.token, s.actor_kind, s.actor_id, s.reason
  from runs_ok, ${has('changes') ? 'changes_ok, ' : ''}${from.events} s
  where case when s.change is null then get_bit(runs_ok.ok, s.run) = 1 else ${changed} end
  order by s.n
)`);
  }
  if (has('clears')) {
    steps.push(`xcoms_cleared as (
  delete from xcom x using changes_ok, ${from.clears} c
  where get_bit(changes_ok.ok, c.change) = 1 and x.task_instance_id = any (array[c.task_instance_id])
    and (c.kept is null or x.key <> all (string_to_array(c.kept, E'\\n')))
)`);
  }
  if (has('xcoms')) {
    steps.push(`xcoms_written as (
  insert into xcom (task_instance_id, key, value, token)
  select g.task_instance_id, g.key, g.value, g.token from changes_ok, ${from.xcoms} g where get_bit(changes_ok.ok, g.change) = 1
  on conflict (task_instance_id, key) do update set value = excluded.value, token = excluded.token
)`);
  }
  if (has('assets')) steps.push(...assetSteps(from.assets as string));
  if (has('callbacks')) steps.push(callbackStep(from.callbacks as string, has('changes')));
  if (has('insertions')) {
    steps.push(`inserted as (
  insert into task_instance (${INSERTED_COLUMNS})
  select ${INSERTED_COLUMNS.split(', ')
    .map((column) => `i.${column}`)
    .join(', ')}
  from runs_ok, ${from.insertions} i where get_bit(runs_ok.ok, i.run) = 1
  order by i.n
  on conflict (dag_run_id, task_id, map_index) do nothing
  returning task_instance_id, dag_run_id, task_id, map_index, state
)`);
  }
  if (has('insertionEvents')) {
    steps.push(`insertion_events_written as (
  insert into event_log (entity, dag_run_id, entity_id, from_state, to_state, actor_kind, actor_id)
  select 'task_instance', i.dag_run_id, i.task_instance_id, s.from_state, s.to_state, s.actor_kind, s.actor_id
  from ${from.insertionEvents} s join inserted i on i.dag_run_id = s.dag_run_id and i.task_id = s.task_id and i.state = s.state
  order by s.n
)`);
  }
  return `with ${steps.join(', ')}
select (select string_agg(n || ':' || revision, ',') from guard) as runs,
  ${has('changes') ? '(select ok::text from changes_ok)' : 'null'} as changes,
  ${has('insertions') ? `(select json_agg(json_build_array(task_instance_id, dag_run_id, task_id, map_index)) from inserted)` : 'null'} as inserted`;
}

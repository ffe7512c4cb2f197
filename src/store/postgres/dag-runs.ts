/** Rows of dag_run: how they read, how runs are created, and the reads people ask for. */
import type { Actor } from '../../model/commit.js';
import type { NewDagRun } from '../../model/dag.js';
import type { DagRun } from '../../model/dag-run.js';
import type { DagSpec } from '../../model/dag-spec.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunState, RunType, TriggeredBy } from '../../model/states.js';
import type { DagRunReads, RunFilter } from '../../ports/store.js';
import { listAttempts } from './attempts.js';
import { RowSet, listParameter } from './columns.js';
import type { Database, Row, Session, Statement } from './session.js';
import type { SpecCache } from './spec-cache.js';
import { listTaskInstances } from './task-instances.js';

export const RUN_COLUMNS =
  'd.dag_run_id, d.dag_id, d.run_id, d.run_type, d.triggered_by, d.state, d.logical_date, d.interval_start, d.interval_end, d.run_after, ' +
  'd.version_id, d.backfill_id, d.queued_at, d.started_at, d.ended_at, d.clear_number, d.revision, d.note, d.conf';

/** Reads a row of `RUN_COLUMNS`. */
export function readRun(row: Row): DagRun {
  const { interval_start: start, interval_end: end } = row as { interval_start: Instant | null; interval_end: Instant | null };
  return {
    id: row['dag_run_id'] as number,
    dagId: row['dag_id'] as string,
    runId: row['run_id'] as string,
    runType: row['run_type'] as RunType,
    triggeredBy: row['triggered_by'] as TriggeredBy,
    state: row['state'] as DagRunState,
    logicalDate: row['logical_date'] as Instant | null,
    dataInterval: start === null || end === null ? null : { start, end },
    runAfter: row['run_after'] as Instant,
    conf: JSON.parse(row['conf'] as string) as DagRun['conf'],
    versionId: row['version_id'] as number,
    backfillId: row['backfill_id'] as number | null,
    queuedAt: row['queued_at'] as Instant,
    startedAt: row['started_at'] as Instant | null,
    endedAt: row['ended_at'] as Instant | null,
    clearNumber: row['clear_number'] as number,
    note: row['note'] as string | null,
    revision: row['revision'] as number,
  };
}

const NEW_RUNS = new RowSet({
  dag_id: 'text',
  run_id: 'text',
  run_type: 'text',
  triggered_by: 'text',
  state: 'text',
  logical_date: 'instant',
  interval_start: 'instant',
  interval_end: 'instant',
  run_after: 'instant',
  version_id: 'bigint',
  backfill_id: 'bigint',
  started_at: 'instant',
  plan_at: 'instant',
  note: 'text',
  conf: 'text',
} as const);

const NEW_TASKS = new RowSet({
  version_id: 'bigint',
  task_id: 'text',
  max_tries: 'integer',
  pool: 'text',
  pool_slots: 'integer',
  priority_weight: 'integer',
  queue: 'text',
} as const);

const CREATE_RUNS: Statement = {
  name: 'create_runs',
  text: `with tasks as materialized (${NEW_TASKS.select(NEW_RUNS.width + 4)}), created as (
  insert into dag_run (dag_id, run_id, run_type, triggered_by, state, logical_date, interval_start, interval_end, run_after, version_id,
    backfill_id, queued_at, started_at, plan_at, note, conf)
  select r.dag_id, r.run_id, r.run_type, r.triggered_by, r.state, r.logical_date, r.interval_start, r.interval_end, r.run_after, r.version_id,
    r.backfill_id, to_timestamp($1::float8 / 1000), r.started_at, r.plan_at, r.note, r.conf
  from (${NEW_RUNS.select(4)}) r order by r.n
  on conflict do nothing
  returning *
), instances as (
  insert into task_instance
    (dag_run_id, task_id, map_index, state, try_number, max_tries, lost_dispatches, pool, pool_slots, priority_weight, queue, poke_number)
  select d.dag_run_id, t.task_id, -1, 'none', 0, t.max_tries, 0, t.pool, t.pool_slots, t.priority_weight, t.queue, 0
  from created d, tasks t where t.version_id = d.version_id
  order by d.dag_run_id, t.n
), events as (
  insert into event_log (entity, dag_run_id, entity_id, from_state, to_state, actor_kind, actor_id)
  select 'dag_run', d.dag_run_id, d.dag_run_id, s.from_state, s.to_state, $2::text, $3::text
  from created d, (values (1, null, 'queued'), (2, 'queued', 'running')) as s(step, from_state, to_state)
  where s.step = 1 or d.state = 'running'
  order by d.dag_run_id, s.step
)
select ${RUN_COLUMNS} from created d order by d.dag_run_id`,
};

export interface RunToCreate {
  readonly dagId: string;
  readonly versionId: number;
  readonly spec: DagSpec;
  readonly run: NewDagRun;
}

/** Inserts runs with their task instances, leaving out those whose run id or logical date exists. Returns the inserted ones. */
export async function insertRuns(
  session: Session,
  runs: readonly RunToCreate[],
  actor: Actor,
  now: Instant,
): Promise<readonly DagRun[]> {
  if (runs.length === 0) return [];
  const versions = new Map(runs.map(({ versionId, spec }) => [versionId, spec]));
  const runRows = runs.map(({ dagId, versionId, run }) => ({
    dag_id: dagId,
    run_id: run.runId,
    run_type: run.runType,
    triggered_by: run.triggeredBy,
    state: run.state,
    logical_date: run.logicalDate,
    interval_start: run.dataInterval?.start ?? null,
    interval_end: run.dataInterval?.end ?? null,
    run_after: run.runAfter,
    version_id: versionId,
    backfill_id: run.backfillId,
    started_at: run.state === 'running' ? now : null,
    plan_at: run.state === 'running' ? now : null,
    note: run.note,
    conf: JSON.stringify(run.conf ?? {}),
  }));
  const taskRows = [...versions].flatMap(([versionId, spec]) =>
    spec.tasks.map((task) => ({
      version_id: versionId,
      task_id: task.taskId,
      max_tries: task.retries + 1,
      pool: task.pool,
      pool_slots: task.poolSlots,
      priority_weight: task.priorityWeight,
      queue: task.queue,
    })),
  );
  const rows = await session.run(CREATE_RUNS, [
    now,
    actor.kind,
    actor.id,
    ...NEW_RUNS.values(runRows),
    ...NEW_TASKS.values(taskRows),
  ]);
  return rows.map(readRun);
}

const LOCK_DAG: Statement = {
  name: 'lock_dag',
  text: 'select current_version_id from dag where dag_id = $1 for update',
};

/**
 * Locks the DAG's row: creations of runs of one DAG come one after the other.
 *
 * @throws AirflowLikeError NOT_FOUND
 */
export async function lockDag(session: Session, specs: SpecCache, dagId: string): Promise<{ versionId: number; spec: DagSpec }> {
  const [row] = await session.run<{ current_version_id: number }>(LOCK_DAG, [dagId]);
  if (!row) throw new AirflowLikeError('NOT_FOUND', { place: 'dagId', message: 'there is no such DAG', value: dagId });
  const versionId = row.current_version_id;
  return { versionId, spec: (await specs.load(session, [versionId])).get(versionId)! };
}

const CHECK_DAG: Statement = {
  name: 'check_dag',
  text: 'update dag set check_at = to_timestamp($2::float8 / 1000) where dag_id = $1',
};

/** Has the run creator look at the DAG. */
export async function checkDag(session: Session, dagId: string, now: Instant): Promise<void> {
  await session.run(CHECK_DAG, [dagId, now]);
}

const COLLIDING: Statement = {
  name: 'colliding_run',
  text: `select ${RUN_COLUMNS} from dag_run d
    where d.dag_id = $1 and (d.run_id = $2 or d.logical_date = to_timestamp($3::float8 / 1000))
    order by d.run_id = $2 desc limit 1`,
};

const GET: Statement = { name: 'get_run', text: `select ${RUN_COLUMNS} from dag_run d where d.dag_run_id = any ($1::bigint[])` };

const LIST_ENDED: Statement = {
  name: 'list_ended_runs',
  text: `select ${RUN_COLUMNS} from dag_run d where d.ended_at > to_timestamp($1::float8 / 1000) order by d.ended_at desc, d.dag_run_id desc limit $2`,
};

/** Runs by id, in no order; those that are gone are left out. */
export async function getRuns(session: Session, dagRunIds: readonly number[]): Promise<readonly DagRun[]> {
  return (await session.run(GET, [listParameter(dagRunIds)])).map(readRun);
}

export function createRunReads(database: Database, specs: SpecCache): DagRunReads {
  return {
    createRun: (dagId, run, actor, now) =>
      database.transaction(async (session) => {
        const { versionId, spec } = await lockDag(session, specs, dagId);
        const [created] = await insertRuns(session, [{ dagId, versionId, spec, run }], actor, now);
        if (created) {
          await checkDag(session, dagId, now);
          return { run: created };
        }
        const [existing] = await session.run(COLLIDING, [dagId, run.runId, run.logicalDate]);
        return { exists: readRun(existing!) };
      }),
    async findRun(dagId, runIdOrLogicalDate) {
      const date = Date.parse(runIdOrLogicalDate);
      const [row] = await database.run(COLLIDING, [dagId, runIdOrLogicalDate, Number.isNaN(date) ? null : date]);
      return row ? readRun(row) : null;
    },
    async getRun(dagRunId) {
      return (await getRuns(database, [dagRunId]))[0] ?? null;
    },
    listRuns: (filter) => listRuns(database, filter),
    listTaskInstances: (dagRunIds) => listTaskInstances(database, dagRunIds),
    listAttempts: (taskInstanceIds) => listAttempts(database, taskInstanceIds),
    async listEndedRuns(since, limit) {
      return (await database.run(LIST_ENDED, [since, limit])).map(readRun);
    },
  };
}

/** Filters are open-ended, so knex puts this text together; it is imported on first use because that takes 200 ms. */
async function listRuns(database: Database, filter: RunFilter): Promise<readonly DagRun[]> {
  const { default: knex } = await import('knex');
  const builder = knex({ client: 'pg' });
  const at = (instant: Instant) => builder.raw('to_timestamp(?::float8 / 1000)', [instant]);
  const query = builder('dag_run as d').select(builder.raw(RUN_COLUMNS));
  if (filter.dagId !== undefined) query.where('d.dag_id', filter.dagId);
  if (filter.states) query.whereIn('d.state', [...filter.states]);
  if (filter.noBackfill) query.whereNull('d.backfill_id');
  if (filter.backfillId !== undefined) query.where('d.backfill_id', filter.backfillId);
  if (filter.from !== undefined) query.where('d.logical_date', '>=', at(filter.from));
  if (filter.to !== undefined) query.where('d.logical_date', '<=', at(filter.to));
  if (filter.taskStates) {
    const states = [...filter.taskStates];
    query.whereExists((some) =>
      some.select(builder.raw('1')).from('task_instance as t').whereRaw('t.dag_run_id = d.dag_run_id').whereIn('t.state', states),
    );
  }
  const direction = filter.order === '-logical_date' ? 'desc' : 'asc';
  query.orderByRaw(`coalesce(d.logical_date, d.run_after) ${direction}, d.dag_run_id ${direction}`);
  if (filter.limit !== undefined) query.limit(filter.limit);
  const { sql, bindings } = query.toSQL().toNative();
  return (await database.runText(sql, bindings)).map(readRun);
}

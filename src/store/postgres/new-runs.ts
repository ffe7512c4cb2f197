/** Creates runs with their task instances, and has their DAGs looked at. */
import { queueingValuesOf } from '../../core/dag-run/new-task-instance.js';
import { tasksOfRun } from '../../core/dag-run/tasks-of-run.js';
import type { Actor } from '../../model/commit.js';
import type { NewDagRun } from '../../model/dag.js';
import type { DagRun } from '../../model/dag-run.js';
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { Instant } from '../../model/instant.js';
import { RowSet } from './columns.js';
import { readRun, RUN_COLUMNS } from './dag-runs.js';
import type { Session, Statement } from './session.js';
import type { SpecCache } from './spec-cache.js';
import { withoutRemembered } from './watched-files.js';

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
  backfill_ordinal: 'integer',
  triggering_user: 'text',
  idempotency_key: 'text',
  started_at: 'instant',
  ended_at: 'instant',
  plan_at: 'instant',
  note: 'text',
  conf: 'text',
} as const);

const CREATE_RUNS: Statement = {
  name: 'create_runs',
  text: `with created as (
  insert into dag_run (dag_id, run_id, run_type, triggered_by, state, logical_date, interval_start, interval_end, run_after, version_id,
    backfill_id, backfill_ordinal, triggering_user, idempotency_key, queued_at, started_at, ended_at, plan_at, note, conf)
  select r.dag_id, r.run_id, r.run_type, r.triggered_by, r.state, r.logical_date, r.interval_start, r.interval_end, r.run_after, r.version_id,
    r.backfill_id, r.backfill_ordinal, r.triggering_user, r.idempotency_key, to_timestamp($1::float8 / 1000), r.started_at, r.ended_at, r.plan_at, r.note, r.conf
  from (${NEW_RUNS.select(4)}) r order by r.n
  on conflict do nothing
  returning *
), events as (
  insert into event_log (entity, dag_run_id, entity_id, from_state, to_state, actor_kind, actor_id)
  select 'dag_run', d.dag_run_id, d.dag_run_id, s.from_state, s.to_state, $2::text, $3::text
  from created d, (values (1, null, 'queued'), (2, 'queued', 'running')) as s(step, from_state, to_state)
  where s.step = 1 or d.state = 'running'
  order by d.dag_run_id, s.step
)
select ${RUN_COLUMNS} from created d order by d.dag_run_id`,
};

/** Of a run that has ended where it begins, `state` and the others say how; they are null otherwise. */
const CREATED = new RowSet({
  dag_run_id: 'bigint',
  task_set: 'integer',
  state: 'text',
  ended_at: 'instant',
  end_reason: 'text',
} as const);

/** Runs that have the same tasks share them: `task_set` counts such sets. */
const NEW_TASKS = new RowSet({
  task_set: 'integer',
  task_id: 'text',
  max_tries: 'integer',
  pool: 'text',
  pool_slots: 'integer',
  priority_weight: 'integer',
  queue: 'text',
} as const);

/**
 * A statement of its own, which knows the ids of the runs: what one statement has inserted can be brought together with the rows that it
 * was given only by comparing each with each.
 */
const CREATE_INSTANCES: Statement = {
  name: 'create_task_instances',
  text: `with tasks as materialized (${NEW_TASKS.select(CREATED.width + 3)}), runs as materialized (${CREATED.select(3)}), instances as (
  insert into task_instance
    (dag_run_id, task_id, map_index, state, try_number, max_tries, lost_dispatches, pool, pool_slots, priority_weight, queue, poke_number, ended_at)
  select r.dag_run_id, t.task_id, -1, case when r.ended_at is null then 'none' else 'skipped' end, 0, t.max_tries, 0, t.pool, t.pool_slots,
    t.priority_weight, t.queue, 0, r.ended_at
  from runs r join tasks t on t.task_set = r.task_set
  order by r.n, t.n
  returning task_instance_id, dag_run_id, state
)
insert into event_log (entity, dag_run_id, entity_id, from_state, to_state, actor_kind, actor_id, reason)
select e.entity, e.dag_run_id, e.entity_id, e.from_state, e.to_state, $1::text, $2::text, e.reason
from (
  select 'dag_run' as entity, r.dag_run_id, r.dag_run_id as entity_id, 'queued' as from_state, r.state as to_state, r.end_reason as reason
  from runs r where r.ended_at is not null
  union all
  select 'task_instance', i.dag_run_id, i.task_instance_id, 'none', i.state, r.end_reason
  from instances i join runs r on r.dag_run_id = i.dag_run_id where i.state <> 'none'
) e
order by e.dag_run_id, e.entity_id`,
};

export interface RunToCreate {
  readonly dagId: string;
  readonly versionId: number;
  readonly spec: DagSpec;
  readonly run: NewDagRun;
}

/**
 * Inserts runs with their task instances, leaving out those whose run id, logical date or file has its run already. Returns the inserted ones.
 */
export async function insertRuns(
  session: Session,
  wanted: readonly RunToCreate[],
  actor: Actor,
  now: Instant,
): Promise<readonly DagRun[]> {
  const runs = await withoutRemembered(session, wanted, now);
  if (runs.length === 0) return [];
  const runRows = runs.map(({ dagId, versionId, run }) => ({
    dag_id: dagId,
    run_id: run.runId,
    run_type: run.runType,
    triggered_by: run.triggeredBy,
    state: run.ended?.state ?? run.state,
    logical_date: run.logicalDate,
    interval_start: run.dataInterval?.start ?? null,
    interval_end: run.dataInterval?.end ?? null,
    run_after: run.runAfter,
    version_id: versionId,
    backfill_id: run.backfillId,
    backfill_ordinal: run.backfillOrdinal ?? null,
    triggering_user: run.triggeringUser ?? null,
    idempotency_key: run.idempotencyKey ?? null,
    started_at: run.state === 'running' ? now : null,
    ended_at: run.ended ? now : null,
    plan_at: run.state === 'running' ? now : null,
    note: run.note,
    conf: JSON.stringify(run.conf ?? {}),
  }));
  const rows = await session.run(CREATE_RUNS, [now, actor.kind, actor.id, ...NEW_RUNS.values(runRows)]);
  const created = rows.map(readRun);
  if (created.length > 0) await insertInstances(session, runs, created, actor, now);
  return created;
}

async function insertInstances(
  session: Session,
  wanted: readonly RunToCreate[],
  created: readonly DagRun[],
  actor: Actor,
  now: Instant,
): Promise<void> {
  const keyOf = (dagId: string, runId: string) => `${dagId} ${runId}`;
  // Of two with the same id the first has become the run.
  const byKey = new Map([...wanted].reverse().map((one) => [keyOf(one.dagId, one.run.runId), one]));
  const sets = taskSetsOf(created.map(({ dagId, runId }) => byKey.get(keyOf(dagId, runId))!));
  const createdRows = created.map(({ id, dagId, runId }, index) => {
    const { ended } = byKey.get(keyOf(dagId, runId))!.run;
    return {
      dag_run_id: id,
      task_set: sets.ofRun[index]!,
      state: ended?.state ?? null,
      ended_at: ended ? now : null,
      end_reason: ended?.reason ?? null,
    };
  });
  const taskRows = sets.tasks.flatMap(({ tasks, spec }, set) =>
    tasks.map((task) => {
      const { maxTries, pool, poolSlots, priorityWeight, queue } = queueingValuesOf(task, spec);
      return {
        task_set: set,
        task_id: task.taskId,
        max_tries: maxTries,
        pool,
        pool_slots: poolSlots,
        priority_weight: priorityWeight,
        queue,
      };
    }),
  );
  await session.run(CREATE_INSTANCES, [actor.kind, actor.id, ...CREATED.values(createdRows), ...NEW_TASKS.values(taskRows)]);
}

interface TaskSets {
  readonly tasks: readonly { readonly spec: DagSpec; readonly tasks: readonly TaskSpec[] }[];
  /** Index into `tasks` for each run. */
  readonly ofRun: readonly number[];
}

/** Of runs of one version those before and after the date of a task have other tasks; all others share theirs. */
function taskSetsOf(runs: readonly RunToCreate[]): TaskSets {
  const indexes = new Map<string, number>();
  const sets: { spec: DagSpec; tasks: readonly TaskSpec[] }[] = [];
  const ofRun = runs.map(({ versionId, spec, run }) => {
    const tasks = tasksOfRun(spec, run);
    const key = tasks === spec.tasks ? `${versionId}` : `${versionId} ${tasks.map(({ taskId }) => taskId).join(' ')}`;
    const index = indexes.get(key) ?? sets.push({ spec, tasks }) - 1;
    indexes.set(key, index);
    return index;
  });
  return { tasks: sets, ofRun };
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

/** Reads what keeps the tasks of a run from running. Nobody waits for it in a loop, so it may read more than passes do. */
import type { Instant } from '../../model/instant.js';
import {
  MAX_CONTENDERS,
  MAX_HOLDERS,
  type Contender,
  type DagSituation,
  type Situation,
  type SlotHolder,
} from '../../model/situation.js';
import { taskLimitKey } from '../../model/snapshot.js';
import type { SituationReads } from '../../ports/store.js';
import { readAssetSchedules } from './asset-runs.js';
import { listComponents } from './components.js';
import { DAG_COLUMNS, readDag } from './dags.js';
import { readSchedules } from './due-dags.js';
import { countOccupancy } from './occupancy.js';
import type { Database, Row, Statement } from './session.js';
import { loadSnapshots } from './snapshots.js';
import type { SpecCache } from './spec-cache.js';

const GET_DAG: Statement = {
  name: 'situation_dag',
  text: `select ${DAG_COLUMNS} from dag g join dag_version v on v.dag_version_id = g.current_version_id where g.dag_id = $1`,
};

const GET_PLAN_AT: Statement = { name: 'situation_plan_at', text: 'select d.plan_at from dag_run d where d.dag_run_id = $1' };

const LANE: Statement = {
  name: 'situation_lane',
  text: `select d.run_id, d.started_at from dag_run d
    where d.dag_id = $1 and d.state in ('queued', 'running') and d.state = 'running' and d.backfill_id is not distinct from $2::bigint
    order by d.started_at, d.dag_run_id limit ${MAX_HOLDERS}`,
};

const KEY = 'd.dag_id, d.run_id, t.task_id, t.map_index';

const HOLDERS: Statement = {
  name: 'situation_holders',
  text: `select ${KEY}, a.state, a.pool, a.pool_slots, a.queue, a.worker_id, coalesce(a.started_at, a.created_at) as since
    from task_attempt a join task_instance t on t.task_instance_id = any (array[a.task_instance_id])
    join dag_run d on d.dag_run_id = any (array[a.dag_run_id])
    where a.state in ('queued', 'running') order by since, a.task_instance_id limit ${MAX_HOLDERS}`,
};

const CONTENDERS: Statement = {
  name: 'situation_contenders',
  text: `select ${KEY}, t.task_instance_id, t.priority_weight, t.pool, t.pool_slots, d.backfill_id is not null as is_backfill, t.scheduled_at
    from dag_run d join task_instance t on t.dag_run_id = any (array[d.dag_run_id]) and t.state = 'scheduled'
    where d.state = 'running'
    order by is_backfill, t.priority_weight desc, d.logical_date nulls last, t.map_index, t.task_instance_id limit ${MAX_CONTENDERS}`,
};

export function createSituationReads(database: Database, specs: SpecCache): SituationReads {
  return {
    ofDag: (dagId, now) => readDagSituation(database, specs, dagId, null, now),
    ofRun: (dagRunId, now) => readSituation(database, specs, dagRunId, now),
  };
}

async function readSituation(database: Database, specs: SpecCache, dagRunId: number, now: Instant): Promise<Situation | null> {
  const [snapshot] = await loadSnapshots(database, specs, [dagRunId]);
  if (!snapshot) return null;
  const { run, spec } = snapshot;
  const limited = spec.tasks.filter((task) => task.maxActiveTisPerDag !== null);
  const [dag, [planned], holders, contenders, occupancy] = await Promise.all([
    readDagSituation(database, specs, run.dagId, run.backfillId, now),
    database.run<{ plan_at: Instant | null }>(GET_PLAN_AT, [dagRunId]),
    database.run(HOLDERS),
    database.run(CONTENDERS),
    countOccupancy(database, { taskLimits: limited.map((task) => taskLimitKey(run.dagId, task.taskId)), dagIds: [run.dagId] }),
  ]);
  return (
    dag && {
      ...dag,
      snapshot,
      planAt: planned?.plan_at ?? null,
      occupancy,
      holders: holders.map(readHolder),
      contenders: contenders.map(readContender),
    }
  );
}

async function readDagSituation(
  database: Database,
  specs: SpecCache,
  dagId: string,
  backfillId: number | null,
  now: Instant,
): Promise<DagSituation | null> {
  const [[row], lane, components] = await Promise.all([
    database.run(GET_DAG, [dagId]),
    database.run<{ run_id: string; started_at: Instant | null }>(LANE, [dagId, backfillId]),
    listComponents(database),
  ]);
  if (!row) return null;
  const dag = readDag(row);
  const [[schedule], [assets]] = await Promise.all([
    readSchedules(database, specs, [dag], now),
    readAssetSchedules(database, specs, [dag], now),
  ]);
  return {
    now,
    schedule: schedule!,
    assets: assets!,
    lane: lane.map((run) => ({ runId: run.run_id, startedAt: run.started_at })),
    components: components.filter((component) => component.stoppedAt === null),
  };
}

function readKey(row: Row): SlotHolder['key'] {
  return {
    dagId: row['dag_id'] as string,
    runId: row['run_id'] as string,
    taskId: row['task_id'] as string,
    mapIndex: row['map_index'] as number,
  };
}

function readHolder(row: Row): SlotHolder {
  return {
    key: readKey(row),
    state: row['state'] as SlotHolder['state'],
    pool: row['pool'] as string,
    poolSlots: row['pool_slots'] as number,
    queue: row['queue'] as string,
    workerId: row['worker_id'] as string | null,
    since: row['since'] as Instant,
  };
}

function readContender(row: Row): Contender {
  return {
    key: readKey(row),
    taskInstanceId: row['task_instance_id'] as number,
    priorityWeight: row['priority_weight'] as number,
    pool: row['pool'] as string,
    poolSlots: row['pool_slots'] as number,
    isBackfill: row['is_backfill'] as boolean,
    scheduledAt: row['scheduled_at'] as Instant | null,
  };
}

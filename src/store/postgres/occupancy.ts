/** Locks what admissions compete for, and counts what is under way. */
import type { Occupancy } from '../../model/snapshot.js';
import type { AdmissionScope } from '../../ports/store.js';
import { listParameter } from './columns.js';
import type { Session, Statement } from './session.js';

/** Limits of tasks have no row of their own, so a number stands for each; in one order, before the pools. */
const LOCK_TASK_LIMITS: Statement = {
  name: 'lock_task_limits',
  text: `select pg_advisory_xact_lock(1095782733, k) from (select distinct hashtext(x) as k from unnest($1::text[]) x order by 1) s`,
};

const LOCK_POOLS: Statement = {
  name: 'lock_pools',
  text: 'select name, slots, include_deferred from pool where name = any ($1::text[]) order by name for update',
};

/** Reads live attempts and waiting task instances only, through partial indexes. */
const COUNT_SLOTS: Statement = {
  name: 'count_occupancy',
  text: `select x.pool, count(*) filter (where x.is_live) as attempts, coalesce(sum(x.pool_slots) filter (where x.is_live), 0)::bigint as slots,
      coalesce(sum(x.pool_slots) filter (where not x.is_live), 0)::bigint as deferred_slots
    from (
      select a.pool, a.pool_slots, true as is_live from task_attempt a where a.state in ('queued', 'running')
      union all
      select t.pool, t.pool_slots, false from task_instance t where t.is_parked and t.state = 'deferred'
    ) x group by x.pool`,
};

const COUNT_TASKS: Statement = {
  name: 'count_tasks_under_way',
  text: `select d.dag_id || ' ' || t.task_id as key, count(*) as active
    from (
      select a.task_instance_id from task_attempt a where a.state in ('queued', 'running')
      union all
      select t.task_instance_id from task_instance t where t.is_parked
    ) x
    join task_instance t on t.task_instance_id = any (array[x.task_instance_id])
    join dag_run d on d.dag_run_id = any (array[t.dag_run_id])
    where d.dag_id || ' ' || t.task_id = any ($1::text[])
    group by 1`,
};

const FIND_PAUSED: Statement = {
  name: 'find_paused_dags',
  text: 'select g.dag_id from dag g where g.dag_id = any ($1::text[]) and g.is_paused order by g.dag_id',
};

interface PoolRow {
  readonly name: string;
  readonly slots: number;
  readonly include_deferred: boolean;
}

const LIST_POOLS: Statement = {
  name: 'list_pools_with_slots',
  text: 'select name, slots, include_deferred from pool order by name',
};

/** Locks first and counts second, within the caller's transaction; all statements are sent before the first answer. */
export async function lockAndCount(session: Session, scope: AdmissionScope): Promise<Occupancy> {
  const { pools, taskLimits = [] } = scope;
  const locking = taskLimits.length > 0 ? session.run(LOCK_TASK_LIMITS, [listParameter(taskLimits)]) : null;
  const locked = session.run<PoolRow>(LOCK_POOLS, [listParameter(pools)]);
  const [occupancy] = await Promise.all([count(session, locked, scope), locking]);
  return occupancy;
}

/** Counts without locks, for people: of all pools. */
export function countOccupancy(session: Session, scope: Omit<AdmissionScope, 'pools'>): Promise<Occupancy> {
  return count(session, session.run<PoolRow>(LIST_POOLS), scope);
}

async function count(
  session: Session,
  pools: Promise<readonly PoolRow[]>,
  { taskLimits = [], dagIds = [] }: Omit<AdmissionScope, 'pools'>,
): Promise<Occupancy> {
  const [found, slots, tasks, paused] = await Promise.all([
    pools,
    session.run<{ pool: string; attempts: number; slots: number; deferred_slots: number }>(COUNT_SLOTS),
    taskLimits.length > 0 ? session.run<{ key: string; active: number }>(COUNT_TASKS, [listParameter(taskLimits)]) : [],
    dagIds.length > 0 ? session.run<{ dag_id: string }>(FIND_PAUSED, [listParameter(dagIds)]) : [],
  ]);
  const ofPool = new Map(slots.map((row) => [row.pool, row]));
  const active = new Map(tasks.map((row) => [row.key, row.active]));
  return {
    total: slots.reduce((sum, row) => sum + row.attempts, 0),
    pools: Object.fromEntries(
      found.map(({ name, slots: size, include_deferred: includeDeferred }) => {
        const row = ofPool.get(name);
        return [name, { slots: size, occupied: (row?.slots ?? 0) + (includeDeferred ? (row?.deferred_slots ?? 0) : 0) }];
      }),
    ),
    tasks: Object.fromEntries(taskLimits.map((key) => [key, active.get(key) ?? 0])),
    pausedDags: paused.map((row) => row.dag_id),
  };
}

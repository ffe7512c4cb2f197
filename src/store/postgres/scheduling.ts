/** The scheduler's passes over runs: claims, snapshots, commits, lost attempts. Creation of due runs is in `due-dags.ts`. */
import type { Instant } from '../../model/instant.js';
import type { LostAttempt, SchedulingStore } from '../../ports/store.js';
import { planAssetRuns } from './asset-runs.js';
import { EMPTY_RESULT, writeAllCommits, writeCommits, writeCommitsIn } from './commits.js';
import { planDueDags } from './due-dags.js';
import { lockAndCount } from './occupancy.js';
import type { Database, Statement } from './session.js';
import { loadSnapshots } from './snapshots.js';
import type { SpecCache } from './spec-cache.js';
import { rememberedFiles, rememberFiles } from './watched-files.js';

/** The order of the index `dag_run_plan_at_idx`: backfill runs after all others, oldest `plan_at` first. */
const CLAIM_RUNS: Statement = {
  name: 'claim_runs_to_plan',
  text: `with due as materialized (
  select d.dag_run_id, d.backfill_id is not null as is_backfill, d.plan_at from dag_run d
  where d.state = 'running' and d.plan_at is not null and d.plan_at <= to_timestamp($1::float8 / 1000)
  order by (d.backfill_id is not null), d.plan_at limit $2 for update skip locked
), claimed as (
  update dag_run d set plan_at = to_timestamp($3::float8 / 1000) from due where d.dag_run_id = any (array[due.dag_run_id])
  returning d.dag_run_id, d.revision, due.is_backfill, due.plan_at
)
select dag_run_id, revision from claimed order by is_backfill, claimed.plan_at, dag_run_id`,
};

const FIND_LOST: Statement = {
  name: 'find_lost_attempts',
  text: `select a.dag_run_id, a.task_instance_id, a.token,
      case when a.worker_id is null then 'stuck_in_queue' else 'lease_expired' end as cause
    from task_attempt a
    where a.state in ('queued', 'running') and case
      when a.worker_id is null then a.state = 'queued' and a.created_at < to_timestamp($2::float8 / 1000)
      else not exists (
        select 1 from component c
        where c.component_id = a.worker_id and c.stopped_at is null and c.lease_until >= to_timestamp($1::float8 / 1000)
      ) end
    order by a.task_instance_id limit $3`,
};

export function createSchedulingStore(database: Database, specs: SpecCache): SchedulingStore {
  return {
    planDueDags: (now, limit, plan) => planDueDags(database, specs, now, limit, plan),
    planAssetRuns: (now, limit, plan) => planAssetRuns(database, specs, now, limit, plan),
    rememberedFiles: (dagId) => rememberedFiles(database, dagId),
    rememberFiles: (dagId, files, now) => rememberFiles(database, dagId, files, now),
    async claimRunsToPlan(now, limit, visibilityMs) {
      // A repeat would claim others, and those of the first time would wait until they become visible again.
      const rows = await database.runOnce<{ dag_run_id: number; revision: number }>(CLAIM_RUNS, [now, limit, now + visibilityMs]);
      return rows.map((row) => ({ dagRunId: row.dag_run_id, revision: row.revision }));
    },
    loadSnapshots: (dagRunIds) => loadSnapshots(database, specs, dagRunIds),
    commit: (commits, now) => writeCommits(database, commits, now),
    commitAll: (commits, now) => writeAllCommits(database, commits, now),
    commitUnderPools: (scope, now, admit) =>
      database.transaction(async (session) => {
        const commits = admit(await lockAndCount(session, scope));
        return commits.length === 0 ? EMPTY_RESULT : writeCommitsIn(session, commits, now);
      }),
    findLostAttempts: (now, queuedBefore, limit) => findLostAttempts(database, now, queuedBefore, limit),
  };
}

async function findLostAttempts(
  database: Database,
  now: Instant,
  queuedBefore: Instant,
  limit: number,
): Promise<readonly LostAttempt[]> {
  const rows = await database.run<{ dag_run_id: number; task_instance_id: number; token: string; cause: LostAttempt['cause'] }>(
    FIND_LOST,
    [now, queuedBefore, limit],
  );
  return rows.map((row) => ({
    dagRunId: row.dag_run_id,
    taskInstanceId: row.task_instance_id,
    token: row.token,
    cause: row.cause,
  }));
}

/** Backfills: created with their runs in one transaction, completed when all of these are terminal. */
import type { Backfill, BackfillProgress } from '../../model/backfill.js';
import type { Instant } from '../../model/instant.js';
import type { BackfillStore } from '../../ports/store.js';
import type { RunCommit } from '../../model/commit.js';
import { listParameter } from './columns.js';
import { writeCommitsIn } from './commits.js';
import { checkDag, insertRuns, lockDag } from './new-runs.js';
import type { Database, Row, Session, Statement } from './session.js';
import type { SpecCache } from './spec-cache.js';

const FIND_ACTIVE: Statement = {
  name: 'find_active_backfill',
  text: 'select 1 from backfill where dag_id = $1 and completed_at is null',
};

const CREATE: Statement = {
  name: 'create_backfill',
  text: `insert into backfill (dag_id, from_date, to_date, max_active_runs, conf, reprocess_behavior, run_backwards, is_paused, expected_runs, created_at,
      run_on_latest_version)
    values ($1, to_timestamp($2::float8 / 1000), to_timestamp($3::float8 / 1000), $4, $5, $6, $7, $8, $9, to_timestamp($10::float8 / 1000), $11)
    returning *`,
};

const SETTLE_COUNT: Statement = {
  name: 'settle_backfill_count',
  text: `update backfill set expected_runs = $2, completed_at = case when $2 = 0 then to_timestamp($3::float8 / 1000) end
    where backfill_id = $1 returning *`,
};

const ADOPT: Statement = {
  name: 'adopt_runs',
  text: `update dag_run set backfill_id = $2, run_type = 'backfill', triggered_by = 'backfill' where dag_run_id = any ($1::bigint[])`,
};

const PROGRESS: Statement = {
  name: 'backfill_progress',
  text: `select b.*, r.* from backfill b cross join lateral (
      select count(*) filter (where d.state = 'queued') as queued, count(*) filter (where d.state = 'running') as running,
        count(*) filter (where d.state = 'success') as success, count(*) filter (where d.state = 'partial') as partial,
        count(*) filter (where d.state = 'failed') as failed,
        min(d.started_at) as first_started_at, max(d.ended_at) as last_ended_at
      from dag_run d where d.backfill_id = b.backfill_id
    ) r where b.backfill_id = $1`,
};

const LIST: Statement = {
  name: 'list_backfills',
  text: 'select * from backfill where $1::text is null or dag_id = $1 order by backfill_id desc',
};

const COMPLETE_FINISHED: Statement = {
  name: 'complete_finished_backfills',
  text: `update backfill b set completed_at = to_timestamp($1::float8 / 1000)
    where b.completed_at is null
      and not exists (select 1 from dag_run d where d.backfill_id = b.backfill_id and d.state in ('queued', 'running'))
    returning b.backfill_id`,
};

/** Rolls the transaction back; never leaves this file. */
class StaleAdoption extends Error {}

export function createBackfillStore(database: Database, specs: SpecCache): BackfillStore {
  return {
    create: (backfill, runs, actor, now, adopt = []) =>
      database
        .transaction(async (session) => {
          const { dagId } = backfill;
          const { versionId, spec } = await lockDag(session, specs, dagId);
          if ((await session.run(FIND_ACTIVE, [dagId])).length > 0) return 'conflict' as const;
          const [row] = await session.run(CREATE, [
            dagId,
            backfill.fromDate,
            backfill.toDate,
            backfill.maxActiveRuns,
            JSON.stringify(backfill.conf),
            backfill.reprocessBehavior,
            backfill.runBackwards,
            backfill.isPaused,
            backfill.expectedRuns,
            now,
            backfill.runOnLatestVersion,
          ]);
          const stored = readBackfill(row!);
          const ours = runs.map((run) => ({ dagId, versionId, spec, run: { ...run, backfillId: stored.id } }));
          const created = await insertRuns(session, ours, actor, now);
          await adoptRuns(session, adopt, stored.id, now);
          await checkDag(session, dagId, now);
          const expected = created.length + adopt.length;
          // A run that somebody else created in between is not this backfill's.
          if (expected === stored.expectedRuns && expected > 0) return stored;
          return readBackfill((await session.run(SETTLE_COUNT, [stored.id, expected, now]))[0]!);
        })
        .catch((error: unknown) => {
          if (error instanceof StaleAdoption) return 'stale' as const;
          throw error;
        }),
    async progress(backfillId) {
      const [row] = await database.run(PROGRESS, [backfillId]);
      return row ? readProgress(row) : null;
    },
    async list(dagId) {
      return (await database.run(LIST, [dagId ?? null])).map(readBackfill);
    },
    async completeFinished(now) {
      return (await database.run<{ backfill_id: number }>(COMPLETE_FINISHED, [now])).map((row) => row.backfill_id);
    },
  };
}

async function adoptRuns(session: Session, adopt: readonly RunCommit[], backfillId: number, now: Instant): Promise<void> {
  if (adopt.length === 0) return;
  const { staleRuns, staleTaskInstances } = await writeCommitsIn(session, adopt, now);
  if (staleRuns.length > 0 || staleTaskInstances.length > 0) throw new StaleAdoption();
  await session.run(ADOPT, [listParameter(adopt.map((commit) => commit.dagRunId)), backfillId]);
}

function readBackfill(row: Row): Backfill {
  return {
    id: row['backfill_id'] as number,
    dagId: row['dag_id'] as string,
    fromDate: row['from_date'] as Instant,
    toDate: row['to_date'] as Instant,
    maxActiveRuns: row['max_active_runs'] as number,
    conf: JSON.parse(row['conf'] as string) as Backfill['conf'],
    reprocessBehavior: row['reprocess_behavior'] as Backfill['reprocessBehavior'],
    runBackwards: row['run_backwards'] as boolean,
    isPaused: row['is_paused'] as boolean,
    expectedRuns: row['expected_runs'] as number,
    createdAt: row['created_at'] as Instant,
    completedAt: row['completed_at'] as Instant | null,
    isCancelled: row['is_cancelled'] as boolean,
    runOnLatestVersion: row['run_on_latest_version'] as boolean,
  };
}

function readProgress(row: Row): BackfillProgress {
  return {
    backfill: readBackfill(row),
    queued: row['queued'] as number,
    running: row['running'] as number,
    success: row['success'] as number,
    partial: row['partial'] as number,
    failed: row['failed'] as number,
    firstStartedAt: row['first_started_at'] as Instant | null,
    lastEndedAt: row['last_ended_at'] as Instant | null,
  };
}

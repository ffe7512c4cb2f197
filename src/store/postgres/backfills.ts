/** Backfills: created with their runs in one transaction, completed when all of these are terminal. */
import type { Backfill, BackfillProgress } from '../../model/backfill.js';
import type { Instant } from '../../model/instant.js';
import type { Actor } from '../../model/commit.js';
import type { NewDagRun } from '../../model/dag.js';
import type { AdoptedRun, BackfillStore, NewBackfill } from '../../ports/backfill-store.js';
import { RowSet } from './columns.js';
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
      run_on_latest_version, is_incomplete)
    values ($1, to_timestamp($2::float8 / 1000), to_timestamp($3::float8 / 1000), $4, $5, $6, $7, $8, $9, to_timestamp($10::float8 / 1000), $11, $12)
    returning *`,
};

const SETTLE_COUNT: Statement = {
  name: 'settle_backfill_count',
  text: `update backfill set expected_runs = $2, completed_at = case when $2 = 0 then to_timestamp($3::float8 / 1000) end
    where backfill_id = $1 returning *`,
};

const ADOPTED = new RowSet({ dag_run_id: 'bigint', ordinal: 'integer' } as const);
const ADOPT: Statement = {
  name: 'adopt_runs',
  text: `update dag_run d set backfill_id = $1, backfill_ordinal = x.ordinal, run_type = 'backfill', triggered_by = 'backfill'
    from (${ADOPTED.select(2)}) x where d.dag_run_id = any (array[x.dag_run_id])`,
};

const FIND: Statement = { name: 'find_backfill', text: 'select * from backfill where backfill_id = $1' };

const LOCK: Statement = { name: 'lock_backfill', text: 'select * from backfill where backfill_id = $1 for update' };

const FINISH_CREATION: Statement = {
  name: 'finish_backfill_creation',
  text: `update backfill b set is_incomplete = false, is_paused = $2,
      expected_runs = (select count(*) from dag_run d where d.dag_id = b.dag_id and d.backfill_id = b.backfill_id)
    where b.backfill_id = $1 and b.completed_at is null returning *`,
};

const SET_PAUSED: Statement = {
  name: 'set_backfill_paused',
  text: 'update backfill set is_paused = $2 where backfill_id = $1 returning *',
};

const CANCEL: Statement = {
  name: 'cancel_backfill',
  text: `update backfill set is_paused = true, is_cancelled = true, completed_at = to_timestamp($2::float8 / 1000)
    where backfill_id = $1 returning *`,
};

const FAIL_QUEUED: Statement = {
  name: 'fail_queued_runs_of_backfill',
  text: `with failed as (
  update dag_run d set state = 'failed', ended_at = to_timestamp($3::float8 / 1000), plan_at = null, revision = d.revision + 1
  where d.dag_id = $1 and d.backfill_id = $2 and d.state in ('queued', 'running') and d.state = 'queued'
  returning d.dag_run_id
), events as (
  insert into event_log (entity, dag_run_id, entity_id, from_state, to_state, actor_kind, actor_id, reason)
  select 'dag_run', f.dag_run_id, f.dag_run_id, 'queued', 'failed', $4::text, $5::text, 'backfill_cancelled' from failed f
)
select count(*) as failed from failed`,
};

const RECORD: Statement = {
  name: 'record_backfill_event',
  text: `insert into event_log (entity, dag_id, entity_id, from_state, to_state, actor_kind, actor_id)
    values ('backfill', $1, $2, $3, $4, $5, $6)`,
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
    where b.completed_at is null and not exists (
      select 1 from dag_run d where d.dag_id = b.dag_id and d.backfill_id = b.backfill_id and d.state in ('queued', 'running')
    )
    returning b.backfill_id`,
};

/** So many runs, with their task instances, are created while the DAG is locked. */
const RUNS_PER_TRANSACTION = 1_000;

/** Rolls the transaction back; never leaves this file. */
class StaleAdoption extends Error {}

export function createBackfillStore(database: Database, specs: SpecCache): BackfillStore {
  return {
    async create(backfill, runs, actor, now, adopt = []) {
      const first = runs.slice(0, RUNS_PER_TRANSACTION);
      const later = runs.slice(RUNS_PER_TRANSACTION);
      const stored = await begin(database, specs, backfill, { first, laterCount: later.length }, adopt, actor, now);
      if (typeof stored === 'string' || later.length === 0) return stored;
      return complete(database, specs, stored, later, backfill.isPaused, actor, now);
    },
    async complete(backfillId, runs, actor, now) {
      const [row] = await database.run(FIND, [backfillId]);
      return row ? complete(database, specs, readBackfill(row), runs, false, actor, now) : null;
    },
    setPaused: (backfillId, isPaused, actor, now) =>
      database.transaction(async (session) => {
        const [row] = await session.run(LOCK, [backfillId]);
        if (!row) return null;
        const before = readBackfill(row);
        if (before.completedAt !== null || before.isPaused === isPaused) return { backfill: before, isChanged: false };
        const [changed] = await session.run(SET_PAUSED, [backfillId, isPaused]);
        await record(session, before, stateOf(before), isPaused ? 'paused' : 'active', actor);
        if (!isPaused) await checkDag(session, before.dagId, now);
        return { backfill: readBackfill(changed!), isChanged: true };
      }),
    cancel: (backfillId, actor, now) =>
      database.transaction(async (session) => {
        const [row] = await session.run(LOCK, [backfillId]);
        if (!row) return null;
        const before = readBackfill(row);
        if (before.completedAt !== null) return { backfill: before, isChanged: false, failedRuns: 0 };
        const [changed] = await session.run(CANCEL, [backfillId, now]);
        const values = [before.dagId, backfillId, now, actor.kind, actor.id];
        const [counted] = await session.run<{ failed: number }>(FAIL_QUEUED, values);
        await record(session, before, stateOf(before), 'cancelled', actor);
        return { backfill: readBackfill(changed!), isChanged: true, failedRuns: counted!.failed };
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

/** The backfill, with the first of its runs. While others are to come it is paused and incomplete. */
async function begin(
  database: Database,
  specs: SpecCache,
  backfill: NewBackfill,
  { first, laterCount }: { readonly first: readonly NewDagRun[]; readonly laterCount: number },
  adopt: readonly AdoptedRun[],
  actor: Actor,
  now: Instant,
): Promise<Backfill | 'conflict' | 'stale'> {
  return database
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
        backfill.isPaused || laterCount > 0,
        backfill.expectedRuns,
        now,
        backfill.runOnLatestVersion,
        laterCount > 0,
      ]);
      const stored = readBackfill(row!);
      await record(session, stored, null, stateOf(stored), actor);
      const ours = first.map((run) => ({ dagId, versionId, spec, run: { ...run, backfillId: stored.id } }));
      const created = (await insertRuns(session, ours, actor, now)).length;
      await adoptRuns(session, adopt, stored.id, now);
      await checkDag(session, dagId, now);
      // A run that somebody else created in between is not this backfill's.
      const expected = created + adopt.length + laterCount;
      if (expected === stored.expectedRuns && expected > 0) return stored;
      return readBackfill((await session.run(SETTLE_COUNT, [stored.id, expected, now]))[0]!);
    })
    .catch((error: unknown) => {
      if (error instanceof StaleAdoption) return 'stale' as const;
      throw error;
    });
}

/** The other runs of a backfill, each part in a transaction of its own, so that nobody waits long for the DAG. Whoever else does the same does no harm. */
async function complete(
  database: Database,
  specs: SpecCache,
  backfill: Backfill,
  runs: readonly NewDagRun[],
  isPaused: boolean,
  actor: Actor,
  now: Instant,
): Promise<Backfill> {
  for (let start = 0; start < runs.length; start += RUNS_PER_TRANSACTION) {
    await append(database, specs, backfill, runs.slice(start, start + RUNS_PER_TRANSACTION), actor, now);
  }
  const [row] = await database.transaction(async (session) => {
    const [finished] = await session.run(FINISH_CREATION, [backfill.id, isPaused]);
    if (finished && !isPaused) await record(session, backfill, 'paused', 'active', actor);
    await checkDag(session, backfill.dagId, now);
    return [finished ?? (await session.run(LOCK, [backfill.id]))[0]!];
  });
  return readBackfill(row!);
}

/** More runs of a backfill; none when it has been cancelled. */
function append(
  database: Database,
  specs: SpecCache,
  { id, dagId }: Backfill,
  runs: readonly NewDagRun[],
  actor: Actor,
  now: Instant,
): Promise<void> {
  return database.transaction(async (session) => {
    const { versionId, spec } = await lockDag(session, specs, dagId);
    const [row] = await session.run(LOCK, [id]);
    if (!row || readBackfill(row).completedAt !== null) return;
    const ours = runs.map((run) => ({ dagId, versionId, spec, run: { ...run, backfillId: id } }));
    await insertRuns(session, ours, actor, now);
  });
}

async function adoptRuns(session: Session, adopt: readonly AdoptedRun[], backfillId: number, now: Instant): Promise<void> {
  if (adopt.length === 0) return;
  const commits = adopt.map(({ commit }) => commit);
  const { staleRuns, staleTaskInstances } = await writeCommitsIn(session, commits, now);
  if (staleRuns.length > 0 || staleTaskInstances.length > 0) throw new StaleAdoption();
  const rows = adopt.map(({ commit, ordinal }) => ({ dag_run_id: commit.dagRunId, ordinal }));
  await session.run(ADOPT, [backfillId, ...ADOPTED.values(rows)]);
}

function record(session: Session, { id, dagId }: Backfill, from: string | null, to: string, actor: Actor): Promise<unknown> {
  return session.run(RECORD, [dagId, id, from, to, actor.kind, actor.id]);
}

function stateOf({ isPaused }: Backfill): string {
  return isPaused ? 'paused' : 'active';
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
    isIncomplete: row['is_incomplete'] as boolean,
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

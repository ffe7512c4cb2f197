/** Writes `RunCommit`s: spreads them over the parts of the commit statement, and does what has to follow in the same transaction. */
import type { CommitResult, RunCommit, TaskInstanceChange } from '../../model/commit.js';
import type { Instant } from '../../model/instant.js';
import { FINISHED_RUN_STATES } from '../../model/states.js';
import type { TaskInstance, NewTaskInstance } from '../../model/task-instance.js';
import { assetRows, lockConsumers, wakeConsumers } from './asset-events.js';
import { callbackRows } from './callbacks.js';
import { listParameter, type RowOf } from './columns.js';
import { completeBackfills } from './complete-backfills.js';
import { commitStatement, PARTS, type CommitAnswer, type PartName } from './commit-statement.js';
import type { Database, Session, Statement } from './session.js';

/** A DAG that was at its limit of runs may have events of assets that wait. */
const TOUCH_DAGS: Statement = {
  name: 'commit_touch_dags',
  text: `update dag g set
    check_at = least(coalesce(g.check_at, to_timestamp($2::float8 / 1000)), to_timestamp($2::float8 / 1000)),
    asset_check_at = case when exists (select 1 from asset_queue q where q.dag_id = g.dag_id) then to_timestamp($2::float8 / 1000)
      else g.asset_check_at end
    where g.dag_id in (select unnest($1::text[]) order by 1)`,
};

const WAKE_NEXT_RUNS: Statement = {
  name: 'commit_wake_next_runs',
  text: `update dag_run n set revision = n.revision + 1, plan_at = to_timestamp($2::float8 / 1000)
    from unnest($1::bigint[]) as r(id) join dag_run d on d.dag_run_id = any (array[r.id])
    where n.dag_run_id = (
      select later.dag_run_id from dag_run later
      where later.dag_id = d.dag_id and later.logical_date > d.logical_date and later.state in ('queued', 'running')
      order by later.logical_date limit 1
    )`,
};

export const EMPTY_RESULT: CommitResult = { staleRuns: [], staleTaskInstances: [], revisions: new Map(), inserted: [] };

/** Writes all commits in one transaction and one round trip: in one statement, unless a run ends, wakes another or comes twice. */
export async function writeCommits(database: Database, commits: readonly RunCommit[], now: Instant): Promise<CommitResult> {
  if (commits.length === 0) return EMPTY_RESULT;
  const needsTransaction =
    commits.some((commit) => commit.wakeNextRun || givesPlace(commit) || writesAssets(commit)) || hasRepeatedRun(commits);
  if (!needsTransaction) return writeWave(database, commits, now);
  return database.batch((session) => writeCommitsIn(session, commits, now));
}

/**
 * The same inside a transaction of the caller. All statements are sent before the first answer arrives, so what follows a commit is sent for
 * stale ones too, where it does no harm: somebody looks once more than needed.
 */
export async function writeCommitsIn(session: Session, commits: readonly RunCommit[], now: Instant): Promise<CommitResult> {
  const writing = splitByRun(commits).map((wave) => writeWave(session, wave, now));
  const [results] = await Promise.all([Promise.all(writing), follow(session, commits, now)]);
  return results.length === 1 ? results[0]! : mergeResults(results);
}

/** Sends what has to follow the commits in the same transaction. */
async function follow(session: Session, commits: readonly RunCommit[], now: Instant): Promise<void> {
  const following: Promise<unknown>[] = [];
  const ended = commits.filter(endsRun);
  if (ended.length > 0) {
    following.push(
      completeBackfills(
        session,
        ended.map((commit) => commit.dagRunId),
        now,
      ),
    );
  }
  const waking = commits.filter((commit) => commit.wakeNextRun);
  if (waking.length > 0) following.push(session.run(WAKE_NEXT_RUNS, [listParameter(waking.map((commit) => commit.dagRunId)), now]));
  // Last, because this row is the one that others wait for.
  const dags = [...new Set(commits.filter(givesPlace).map((commit) => commit.dagId))];
  const written = commits.flatMap(({ changes }) => changes.flatMap(({ assets }) => assets?.written ?? []));
  if (written.length > 0) following.push(lockConsumers(session, written, dags));
  if (dags.length > 0) following.push(session.run(TOUCH_DAGS, [listParameter(dags), now]));
  if (written.length > 0) following.push(wakeConsumers(session, written, now));
  await Promise.all(following);
}

/** Rows that one statement changes at most, unless a single run has more: bounds its parameters and its time, not the transaction's. */
const ROWS_PER_STATEMENT = 5_000;

/** Rolls the transaction back; never leaves this file. */
class StaleCommit extends Error {}

/**
 * All commits in one transaction, or none when any of them is stale. Runs are locked in one order, so that two callers do not wait for each other. What follows
 * comes after all of them: it wakes runs, and one that is woken would be stale for a commit still to be written.
 */
export async function writeAllCommits(database: Database, commits: readonly RunCommit[], now: Instant): Promise<boolean> {
  if (commits.length === 0) return true;
  const parts = inParts([...commits].sort((a, b) => a.dagRunId - b.dagRunId));
  try {
    await database.transaction(async (session) => {
      for (const part of parts) {
        for (const wave of splitByRun(part)) {
          const { staleRuns, staleTaskInstances } = await writeWave(session, wave, now);
          if (staleRuns.length + staleTaskInstances.length > 0) throw new StaleCommit();
        }
      }
      await follow(session, commits, now);
    });
    return true;
  } catch (error) {
    if (error instanceof StaleCommit) return false;
    throw error;
  }
}

function inParts(commits: readonly RunCommit[]): readonly (readonly RunCommit[])[] {
  const parts: RunCommit[][] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const commit of commits) {
    const own = 1 + commit.changes.length + commit.insertions.length;
    if (rows + own > ROWS_PER_STATEMENT) {
      parts.push([]);
      rows = 0;
    }
    parts.at(-1)?.push(commit);
    rows += own;
  }
  return parts;
}

/** The run creator has to look at the DAG: the run has ended, or waits for a place again. */
function givesPlace(commit: RunCommit): boolean {
  return endsRun(commit) || commit.run?.path.at(-1) === 'queued';
}

function writesAssets({ changes }: RunCommit): boolean {
  return changes.some(({ assets }) => assets && assets.written.length > 0);
}

function endsRun(commit: RunCommit): boolean {
  const last = commit.run?.path.at(-1);
  return last !== undefined && FINISHED_RUN_STATES.has(last);
}

function hasRepeatedRun(commits: readonly RunCommit[]): boolean {
  return commits.length > 1 && new Set(commits.map((commit) => commit.dagRunId)).size < commits.length;
}

/** An UPDATE touches a row once, so several commits of one run go into statements of their own, in order. */
function splitByRun(commits: readonly RunCommit[]): readonly (readonly RunCommit[])[] {
  const waves: RunCommit[][] = [];
  const seen = new Map<number, number>();
  for (const commit of commits) {
    const wave = seen.get(commit.dagRunId) ?? 0;
    seen.set(commit.dagRunId, wave + 1);
    (waves[wave] ??= []).push(commit);
  }
  return waves;
}

function mergeResults(results: readonly CommitResult[]): CommitResult {
  return {
    staleRuns: results.flatMap((result) => result.staleRuns),
    staleTaskInstances: results.flatMap((result) => result.staleTaskInstances),
    revisions: new Map(results.flatMap((result) => [...result.revisions])),
    inserted: results.flatMap((result) => result.inserted),
  };
}

type Rows = {
  [Part in PartName]: RowOf<(typeof PARTS)[Part] extends { values(rows: readonly (infer R)[]): unknown } ? ColumnsOf<R> : never>[];
};
type ColumnsOf<R> = R extends RowOf<infer C> ? C : never;

/** One statement; each run occurs once. Runs are sorted, so that two batches lock them in the same order. */
async function writeWave(session: Session, commits: readonly RunCommit[], now: Instant): Promise<CommitResult> {
  const inOrder = commits.length === 1 ? commits : [...commits].sort((a, b) => a.dagRunId - b.dagRunId);
  const rows = emptyRows();
  for (const commit of inOrder) addCommit(rows, commit, now);
  const parts = (Object.keys(PARTS) as PartName[]).filter((part) => part === 'runs' || rows[part].length > 0);
  const values = [zeros(rows.runs.length)];
  if (rows.changes.length > 0) values.push(zeros(rows.changes.length));
  for (const part of parts)
    values.push(...(PARTS[part].values as (rows: readonly unknown[]) => string[]).call(PARTS[part], rows[part]));
  const [answer] = await session.run<CommitAnswer & Record<string, unknown>>(commitStatement(parts), values);
  return readAnswer(answer!, inOrder, commits);
}

const zeros = (count: number) => '0'.repeat(count + 1);

function emptyRows(): Rows {
  return {
    runs: [],
    changes: [],
    attempts: [],
    openings: [],
    events: [],
    clears: [],
    xcoms: [],
    assets: [],
    callbacks: [],
    insertions: [],
    insertionEvents: [],
  };
}

function addCommit(rows: Rows, commit: RunCommit, now: Instant): void {
  const { run, actor } = commit;
  rows.runs.push({
    dag_run_id: commit.dagRunId,
    expected_revision: commit.expectedRevision,
    sets_plan_at: commit.planAt !== undefined,
    plan_at: commit.planAt ?? null,
    from_state: run?.from ?? null,
    state: run ? (run.path.at(-1) ?? run.from) : null,
    queued_at: run?.queuedAt ?? null,
    started_at: run?.startedAt ?? null,
    ended_at: run?.endedAt ?? null,
    clear_number: run?.clearNumber ?? null,
    version_id: run?.versionId ?? null,
  });
  const position = rows.runs.length;
  rows.callbacks.push(...callbackRows(commit, position, rows.changes.length + 1, now));
  const event = { run: position, dag_run_id: commit.dagRunId, actor_kind: actor.kind, actor_id: actor.id };
  for (const change of commit.changes) {
    addChange(rows, commit, change, position);
    rows.assets.push(...assetRows(commit, change, rows.changes.length, now));
    let token = change.expectedToken;
    addPath(change.from, change.path, (from_state, to_state) => {
      // The new attempt begins with its place in the queue; steps before it belong to the old one.
      if (to_state === 'queued') token = change.next.token;
      const step = { change: rows.changes.length, entity_id: change.taskInstanceId, from_state, to_state };
      rows.events.push({ ...event, ...step, token, reason: change.reason });
    });
  }
  for (const { row, path } of commit.insertions) {
    rows.insertions.push({ run: position, dag_run_id: commit.dagRunId, ...instanceColumns(row), task_id: row.taskId });
    const isKnown = rows.insertionEvents.some(
      (e) => e.dag_run_id === commit.dagRunId && e.task_id === row.taskId && e.state === row.state,
    );
    if (isKnown) continue;
    addPath('none', path, (from_state, to_state) =>
      rows.insertionEvents.push({
        dag_run_id: commit.dagRunId,
        task_id: row.taskId,
        state: row.state,
        from_state,
        to_state,
        actor_kind: actor.kind,
        actor_id: actor.id,
      }),
    );
  }
  if (run) {
    addPath(run.from, run.path, (from_state, to_state) =>
      rows.events.push({
        ...event,
        change: null,
        entity_id: commit.dagRunId,
        from_state,
        to_state,
        token: null,
        reason: run.reason,
      }),
    );
  }
}

function addPath<State extends string>(from: State, path: readonly State[], add: (from: State, to: State) => void): void {
  let at = from;
  for (const step of path) {
    add(at, step);
    at = step;
  }
}

function addChange(rows: Rows, commit: RunCommit, change: TaskInstanceChange, run: number): void {
  const { next, endAttempt, openAttempt, expectedToken } = change;
  const id = change.taskInstanceId;
  rows.changes.push({
    run,
    task_instance_id: id,
    from_state: change.from,
    expected_token: expectedToken,
    ...instanceColumns(next),
  });
  const position = rows.changes.length;
  if (endAttempt && expectedToken !== null) {
    rows.attempts.push({
      change: position,
      token: expectedToken,
      state: endAttempt.state,
      worker_id: null,
      started_at: null,
      ended_at: endAttempt.endedAt,
      end_reason: endAttempt.reason,
      error: endAttempt.error === null ? null : JSON.stringify(endAttempt.error),
    });
  } else if (expectedToken !== null && expectedToken === next.token && change.path.at(-1) === 'running') {
    rows.attempts.push({
      change: position,
      token: expectedToken,
      state: 'running',
      worker_id: next.workerId,
      started_at: next.startedAt,
      ended_at: null,
      end_reason: null,
      error: null,
    });
  }
  if (openAttempt && next.token !== null) {
    rows.openings.push({
      change: position,
      token: next.token,
      task_instance_id: id,
      dag_run_id: commit.dagRunId,
      try_number: next.tryNumber,
      dispatch_number: openAttempt.dispatchNumber,
      state: next.state,
      pool: next.pool,
      pool_slots: next.poolSlots,
      queue: next.queue,
      priority_weight: next.priorityWeight,
      worker_id: openAttempt.workerId,
      created_at: openAttempt.createdAt,
      started_at: openAttempt.startedAt,
    });
  }
  const xcoms = new Map(change.xcoms.map((xcom) => [xcom.key, xcom.value]));
  if (change.clearXComs) {
    rows.clears.push({ change: position, task_instance_id: id, kept: xcoms.size > 0 ? [...xcoms.keys()].join('\n') : null });
  }
  for (const [key, value] of xcoms) {
    rows.xcoms.push({ change: position, task_instance_id: id, key, value: JSON.stringify(value), token: expectedToken });
  }
}

function instanceColumns(row: TaskInstance | NewTaskInstance) {
  return {
    map_index: row.mapIndex,
    state: row.state,
    try_number: row.tryNumber,
    max_tries: row.maxTries,
    lost_dispatches: row.lostDispatches,
    token: row.token,
    worker_id: row.workerId,
    pool: row.pool,
    pool_slots: row.poolSlots,
    priority_weight: row.priorityWeight,
    queue: row.queue,
    scheduled_at: row.scheduledAt,
    queued_at: row.queuedAt,
    started_at: row.startedAt,
    ended_at: row.endedAt,
    wake_at: row.wakeAt,
    waiting_since: row.waitingSince,
    poke_number: row.pokeNumber,
    output_length: row.outputLength,
    decision: row.decision === null ? null : JSON.stringify(row.decision),
    map_label: row.mapLabel,
    deferral: row.deferral === null ? null : JSON.stringify(row.deferral),
  };
}

function readAnswer(answer: CommitAnswer, inOrder: readonly RunCommit[], asGiven: readonly RunCommit[]): CommitResult {
  const revisions = new Map<number, number>();
  for (const pair of answer.runs?.split(',') ?? []) {
    const [position, revision] = pair.split(':');
    revisions.set(inOrder[Number(position) - 1]!.dagRunId, Number(revision));
  }
  const staleTaskInstances: number[] = [];
  let position = 0;
  for (const commit of inOrder) {
    const isWritten = revisions.has(commit.dagRunId);
    for (const change of commit.changes) {
      position++;
      if (isWritten && answer.changes?.[position] !== '1') staleTaskInstances.push(change.taskInstanceId);
    }
  }
  return {
    staleRuns: revisions.size === asGiven.length ? [] : asGiven.map((commit) => commit.dagRunId).filter((id) => !revisions.has(id)),
    staleTaskInstances,
    revisions,
    inserted: answer.inserted ? orderInserted(answer.inserted, asGiven) : [],
  };
}

function orderInserted(rows: NonNullable<CommitAnswer['inserted']>, commits: readonly RunCommit[]): CommitResult['inserted'] {
  const ids = new Map(rows.map(([id, dagRunId, taskId, mapIndex]) => [`${dagRunId} ${mapIndex} ${taskId}`, id]));
  return commits.flatMap(({ dagRunId, insertions }) =>
    insertions.flatMap(({ row: { taskId, mapIndex } }) => {
      const id = ids.get(`${dagRunId} ${mapIndex} ${taskId}`);
      return id === undefined ? [] : [{ id, dagRunId, taskId, mapIndex }];
    }),
  );
}

/** Applies `RunCommit`s to the tables under the same guards as the Postgres store. */
import type { CommitResult, RunCommit, TaskInstanceChange } from '../../model/commit.js';
import type { Instant } from '../../model/instant.js';
import { FINISHED_RUN_STATES } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { writeActivity } from './asset-events.js';
import { writeCallback } from './callbacks.js';
import type { StoredAttempt, StoredRun, Tables } from './tables.js';

export function writeCommits(tables: Tables, commits: readonly RunCommit[], now: Instant): CommitResult {
  const staleRuns: number[] = [];
  const staleTaskInstances: number[] = [];
  const revisions = new Map<number, number>();
  const inserted: CommitResult['inserted'][number][] = [];
  const waking: StoredRun[] = [];
  for (const commit of commits) {
    const run = tables.runs.get(commit.dagRunId);
    if (!run || !fitsRun(run, commit)) {
      staleRuns.push(commit.dagRunId);
      continue;
    }
    const next = updateRun(tables, run, commit);
    revisions.set(run.id, next.revision);
    for (const change of commit.changes) {
      if (applyChange(tables, commit, change, now)) writeCallback(tables, run, change.callback, now);
      else staleTaskInstances.push(change.taskInstanceId);
    }
    inserted.push(...insert(tables, commit));
    for (const { callback } of commit.insertions) writeCallback(tables, run, callback, now);
    if (commit.run) {
      writeCallback(tables, run, commit.run.callback, now);
      recordPath(tables, 'dag_run', run.id, commit, commit.run.from, commit.run.path, () => null, commit.run.reason);
      if (next.state !== 'running') givePlace(tables, next, now);
    }
    if (commit.wakeNextRun) waking.push(next);
  }
  for (const run of waking) wakeNextRun(tables, run, now);
  return { staleRuns, staleTaskInstances, revisions, inserted };
}

/** All commits, or none when any part of one would come back as stale. */
export function writeAllCommits(tables: Tables, commits: readonly RunCommit[], now: Instant): boolean {
  if (commits.some((commit) => isStale(tables, commit))) return false;
  writeCommits(tables, commits, now);
  return true;
}

function fitsRun(run: StoredRun, commit: RunCommit): boolean {
  if (commit.expectedRevision !== null && run.revision !== commit.expectedRevision) return false;
  return commit.run === null || run.state === commit.run.from;
}

function fitsInstance(tables: Tables, { dagRunId }: RunCommit, change: TaskInstanceChange): TaskInstance | null {
  const before = tables.instances.get(change.taskInstanceId);
  if (!before || before.dagRunId !== dagRunId || before.state !== change.from || before.token !== change.expectedToken) return null;
  return before;
}

/** Whether any part of the commit would come back as stale. */
export function isStale(tables: Tables, commit: RunCommit): boolean {
  const run = tables.runs.get(commit.dagRunId);
  return !run || !fitsRun(run, commit) || commit.changes.some((change) => fitsInstance(tables, commit, change) === null);
}

function updateRun(tables: Tables, run: StoredRun, { run: change, planAt }: RunCommit): StoredRun {
  const next: StoredRun = {
    ...run,
    ...(change && {
      state: change.path.at(-1) ?? change.from,
      queuedAt: change.queuedAt ?? run.queuedAt,
      startedAt: change.startedAt,
      endedAt: change.endedAt,
      clearNumber: change.clearNumber,
      versionId: change.versionId,
    }),
    revision: run.revision + 1,
    planAt: planAt === undefined ? run.planAt : planAt,
  };
  tables.putRun(next);
  return next;
}

function applyChange(tables: Tables, commit: RunCommit, change: TaskInstanceChange, now: Instant): boolean {
  const { next, endAttempt, openAttempt, expectedToken } = change;
  const before = fitsInstance(tables, commit, change);
  if (!before) return false;
  const stays = (attempt: StoredAttempt) =>
    tables.liveAttempts.has(attempt.token) && !(endAttempt && attempt.token === expectedToken);
  if (openAttempt && tables.attemptsOf(before.id).some(stays))
    throw new Error(`task instance ${before.id} has a live attempt already`);
  tables.updateInstance({ ...next, id: before.id, dagRunId: before.dagRunId, taskId: before.taskId });
  const live = expectedToken === null ? undefined : tables.liveAttempts.get(expectedToken);
  if (live && endAttempt) {
    const { state, endedAt, reason, error } = endAttempt;
    tables.putAttempt({ ...live, state, endedAt, endReason: reason, error });
  } else if (live && expectedToken === next.token && change.path.at(-1) === 'running') {
    tables.putAttempt({ ...live, state: 'running', workerId: next.workerId, startedAt: next.startedAt });
  }
  if (openAttempt && next.token !== null) {
    tables.putAttempt({
      token: next.token,
      taskInstanceId: before.id,
      dagRunId: before.dagRunId,
      tryNumber: next.tryNumber,
      dispatchNumber: openAttempt.dispatchNumber,
      state: next.state,
      workerId: openAttempt.workerId,
      createdAt: openAttempt.createdAt,
      startedAt: openAttempt.startedAt,
      endedAt: null,
      endReason: null,
      error: null,
      logPath: null,
      rendered: null,
      pool: next.pool,
      poolSlots: next.poolSlots,
      queue: next.queue,
      priorityWeight: next.priorityWeight,
    });
  }
  if (change.clearXComs) tables.xcoms.delete(before.id);
  if (change.assets && expectedToken !== null) writeActivity(tables, commit, change, now);
  if (change.xcoms.length > 0) {
    const values = tables.xcoms.get(before.id) ?? new Map();
    for (const { key, value } of change.xcoms) values.set(key, value);
    tables.xcoms.set(before.id, values);
  }
  let token = expectedToken;
  const tokenOf = (to: string) => (to === 'queued' ? (token = next.token) : token);
  recordPath(tables, 'task_instance', before.id, commit, change.from, change.path, tokenOf, change.reason);
  return true;
}

function insert(tables: Tables, commit: RunCommit): CommitResult['inserted'] {
  return commit.insertions.flatMap(({ row, path }) => {
    const instance = tables.insertInstance({ ...row, dagRunId: commit.dagRunId });
    if (!instance) return [];
    recordPath(tables, 'task_instance', instance.id, commit, 'none', path, () => null, null);
    return [{ id: instance.id, dagRunId: commit.dagRunId, taskId: row.taskId, mapIndex: row.mapIndex }];
  });
}

function recordPath(
  tables: Tables,
  entity: 'dag_run' | 'task_instance',
  entityId: number,
  { dagRunId, actor }: RunCommit,
  start: string,
  path: readonly string[],
  tokenOf: (to: string) => string | null,
  reason: string | null,
): void {
  let from = start;
  for (const to of path) {
    tables.record({ entity, entityId, dagRunId, from, to, token: tokenOf(to), actor, reason });
    from = to;
  }
}

/** The run has ended, or waits for a place again. */
function givePlace(tables: Tables, run: StoredRun, now: Instant): void {
  const dag = tables.dags.get(run.dagId);
  if (dag) {
    const waits = (tables.assetQueues.get(dag.dagId) ?? []).length > 0;
    tables.dags.set(dag.dagId, { ...dag, checkAt: Math.min(dag.checkAt ?? now, now), ...(waits && { assetCheckAt: now }) });
  }
  if (run.backfillId !== null && FINISHED_RUN_STATES.has(run.state)) completeBackfill(tables, run.backfillId, now);
}

/** Completes the backfill if all its runs are terminal; says whether it did. */
export function completeBackfill(tables: Tables, backfillId: number, now: Instant): boolean {
  const backfill = tables.backfills.get(backfillId);
  if (!backfill || backfill.completedAt !== null) return false;
  const isOpen = tables.runsOf(backfill.dagId).some((run) => run.backfillId === backfillId && !FINISHED_RUN_STATES.has(run.state));
  if (isOpen) return false;
  tables.backfills.set(backfillId, Object.freeze({ ...backfill, completedAt: now }));
  tables.record({
    entity: 'backfill',
    entityId: backfillId,
    dagRunId: null,
    from: backfill.isPaused ? 'paused' : 'active',
    to: 'completed',
    token: null,
    actor: { kind: 'scheduler', id: 'backfill' },
    reason: null,
  });
  return true;
}

function wakeNextRun(tables: Tables, run: StoredRun, now: Instant): void {
  if (run.logicalDate === null) return;
  let next: StoredRun | null = null;
  for (const later of tables.runsOf(run.dagId)) {
    if (later.logicalDate === null || later.logicalDate <= run.logicalDate || FINISHED_RUN_STATES.has(later.state)) continue;
    if (!next || later.logicalDate < next.logicalDate!) next = later;
  }
  if (next) tables.putRun({ ...next, revision: next.revision + 1, planAt: now });
}

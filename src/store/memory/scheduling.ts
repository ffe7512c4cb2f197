/** The scheduler's passes in memory. */
import { graphOf } from '../../core/graph/task-graph.js';
import type { Actor } from '../../model/commit.js';
import type { Backfill } from '../../model/backfill.js';
import type { DagSchedule, QueuedRun } from '../../model/dag.js';
import { fileVersion } from '../../model/found-file.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunSnapshot, PreviousRun } from '../../model/snapshot.js';
import type { TaskInstanceState } from '../../model/states.js';
import type { LostAttempt, SchedulingStore } from '../../ports/store.js';
import { PLAN_ERROR_DELAY_MS } from '../../core/dag-run/plan-error-delay.js';
import { planAssetRuns } from './asset-runs.js';
import { readDag } from './catalog.js';
import { writeAllCommits, writeCommits } from './commits.js';
import { countOccupancy } from './occupancy.js';
import { insertRun, readRun } from './runs.js';
import type { StoredDag, StoredRun, Tables } from './tables.js';

const ACTOR: Actor = { kind: 'scheduler', id: 'run-creator' };

export function createSchedulingStore(tables: Tables): SchedulingStore {
  return {
    async planDueDags(now, limit, plan) {
      const claimed = [...tables.dags.values()]
        .filter((dag) => dag.checkAt !== null && dag.checkAt <= now)
        .sort((a, b) => a.checkAt! - b.checkAt! || (a.dagId < b.dagId ? -1 : 1))
        .slice(0, limit);
      let createdRuns = 0;
      let startedRuns = 0;
      const errors: { dagId: string; error: unknown }[] = [];
      for (const dag of claimed) {
        const { dagId } = dag;
        if (dag.isPaused || dag.isRetired) {
          tables.dags.set(dagId, { ...dag, checkAt: null });
          continue;
        }
        try {
          const answer = plan(readSchedule(tables, dag, now));
          startedRuns += answer.startRuns.filter((id) => startRun(tables, id, now)).length;
          createdRuns += answer.createRuns.filter((run) => insertRun(tables, dagId, run, ACTOR, now) !== null).length;
          tables.dags.set(dagId, { ...dag, nextRun: answer.nextRun, checkAt: answer.checkAt });
          if (answer.pause !== undefined) pause(tables, dagId, answer.pause);
        } catch (error) {
          errors.push({ dagId, error });
          tables.dags.set(dagId, { ...dag, checkAt: now + PLAN_ERROR_DELAY_MS });
        }
      }
      return { claimed: claimed.length, createdRuns, startedRuns, errors };
    },
    async planAssetRuns(now, limit, plan) {
      return planAssetRuns(tables, now, limit, plan);
    },
    async rememberedFiles(dagId) {
      return new Map([...(tables.watchedFiles.get(dagId) ?? [])].map(([path, versions]) => [path, [...versions]]));
    },
    async rememberFiles(dagId, files) {
      for (const file of files) tables.rememberFile(dagId, file.path, fileVersion(file));
    },
    async claimRunsToPlan(now, limit, visibilityMs) {
      const due: StoredRun[] = [];
      for (const id of tables.runningRuns) {
        const run = tables.runs.get(id)!;
        if (run.planAt !== null && run.planAt <= now) due.push(run);
      }
      const inOrder = due.sort(
        (a, b) => Number(a.backfillId !== null) - Number(b.backfillId !== null) || a.planAt! - b.planAt! || a.id - b.id,
      );
      return inOrder.slice(0, limit).map((run) => {
        tables.putRun({ ...run, planAt: now + visibilityMs });
        return { dagRunId: run.id, revision: run.revision };
      });
    },
    async loadSnapshots(dagRunIds) {
      return dagRunIds.flatMap((id) => readSnapshot(tables, id) ?? []);
    },
    async commit(commits, now) {
      return writeCommits(tables, commits, now);
    },
    async commitAll(commits, now) {
      return writeAllCommits(tables, commits, now);
    },
    async commitUnderPools(scope, now, admit) {
      return writeCommits(tables, admit(countOccupancy(tables, scope)), now);
    },
    async findLostAttempts(now, queuedBefore, limit) {
      return findLostAttempts(tables, now, queuedBefore).slice(0, limit);
    },
  };
}

/** Null: the run is gone, or its version is. */
export function readSnapshot(tables: Tables, dagRunId: number): DagRunSnapshot | null {
  const run = tables.runs.get(dagRunId);
  const version = run && tables.versions.get(run.versionId);
  if (!run || !version) return null;
  const { spec } = version;
  const needsPrevious = graphOf(spec).hasDependsOnPast;
  const previous = needsPrevious ? findPrevious(tables, run, spec.catchup !== false) : null;
  return { run: readRun(run), spec, taskInstances: tables.instancesOf(dagRunId), previous };
}

/** What the run creator knows of the DAG. */
export function readSchedule(tables: Tables, dag: StoredDag, now: Instant): DagSchedule {
  const { spec } = tables.versions.get(dag.currentVersionId)!;
  const last = tables.lastAutomatedRun(dag.dagId);
  const runs = tables.openRunsOf(dag.dagId);
  const own = runs.filter((run) => run.backfillId === null);
  const byOrdinal = (a: StoredRun, b: StoredRun) => (a.backfillOrdinal ?? 0) - (b.backfillOrdinal ?? 0) || a.id - b.id;
  const byDate = (a: StoredRun, b: StoredRun) => (a.logicalDate ?? a.runAfter) - (b.logicalDate ?? b.runAfter) || a.id - b.id;
  // Also an ended one that has open runs again, because they were cleared: it is no longer paused or cancelled.
  const isOpen = ({ id, completedAt }: Backfill) => completedAt === null || runs.some((run) => run.backfillId === id);
  const active = [...tables.backfills.values()].filter((backfill) => backfill.dagId === dag.dagId && isOpen(backfill));
  return {
    dag: readDag(dag),
    spec,
    versionId: dag.currentVersionId,
    lastAutomated: last && {
      logicalDate: last.logicalDate!,
      dataInterval: last.dataInterval ?? { start: last.logicalDate!, end: last.logicalDate! },
    },
    unfinishedRuns: own.length,
    runningRuns: own.filter((run) => run.state === 'running').length,
    queuedRuns: queuedRuns(own.sort(byDate), spec.maxActiveRuns, now),
    backfills: active.map((backfill) => {
      const ours = runs.filter((run) => run.backfillId === backfill.id).sort(byOrdinal);
      return {
        backfillId: backfill.id,
        isPaused: backfill.isPaused && backfill.completedAt === null,
        maxActiveRuns: backfill.maxActiveRuns,
        runningRuns: ours.filter((run) => run.state === 'running').length,
        queuedRuns: queuedRuns(ours, backfill.maxActiveRuns, now),
      };
    }),
    newestRuns: newestRuns(tables, dag.dagId, spec.maxConsecutiveFailedDagRuns),
    activeSince: dag.activeSince,
    now,
  };
}

function newestRuns(tables: Tables, dagId: string, count: number): DagSchedule['newestRuns'] {
  if (count === 0) return [];
  const dateOf = (run: StoredRun): Instant => run.logicalDate ?? run.runAfter;
  const inOrder = [...tables.runsOf(dagId)].sort((a, b) => dateOf(b) - dateOf(a) || b.id - a.id);
  return inOrder.slice(0, count).map(({ state, endedAt }) => ({ state, endedAt }));
}

function pause(tables: Tables, dagId: string, reason: string): void {
  const dag = tables.dags.get(dagId)!;
  tables.dags.set(dagId, { ...dag, isPaused: true, pausedReason: reason, checkAt: null, assetCheckAt: null });
  tables.record({
    entity: 'dag',
    entityId: dagId,
    dagRunId: null,
    from: 'active',
    to: 'paused',
    token: null,
    actor: ACTOR,
    reason,
  });
}

/** Of runs in order: those that may start, and after them the one that becomes due next. */
function queuedRuns(runs: readonly StoredRun[], places: number, now: Instant): readonly QueuedRun[] {
  const queued = runs.filter((run) => run.state === 'queued');
  const due = queued.filter((run) => run.runAfter <= now).slice(0, places);
  const waiting = queued.filter((run) => run.runAfter > now).sort((a, b) => a.runAfter - b.runAfter || a.id - b.id);
  return [...due, ...waiting.slice(0, 1)].map(({ id, runId, runAfter }) => ({ id, runId, runAfter }));
}

function startRun(tables: Tables, id: number, now: Instant): boolean {
  const run = tables.runs.get(id);
  if (run?.state !== 'queued') return false;
  tables.putRun({ ...run, state: 'running', startedAt: now, planAt: now, revision: run.revision + 1 });
  tables.record({
    entity: 'dag_run',
    entityId: id,
    dagRunId: id,
    from: 'queued',
    to: 'running',
    token: null,
    actor: ACTOR,
    reason: null,
  });
  return true;
}

function findPrevious(tables: Tables, run: StoredRun, withoutManual: boolean): PreviousRun | null {
  if (run.logicalDate === null) return null;
  const earlier = tables.runsOf(run.dagId).filter((other) => other.logicalDate !== null && other.logicalDate < run.logicalDate!);
  let previous: StoredRun | null = null;
  for (const other of earlier) {
    if (withoutManual && other.runType === 'manual') continue;
    if (!previous || other.logicalDate! > previous.logicalDate!) previous = other;
  }
  if (!previous) return null;
  const states: Record<string, TaskInstanceState[]> = {};
  const inOrder = tables.instancesOf(previous.id).sort((a, b) => a.mapIndex - b.mapIndex);
  for (const { taskId, state } of inOrder) (states[taskId] ??= []).push(state);
  const { tasks } = tables.versions.get(run.versionId)!.spec;
  const everRan = new Set(Object.keys(states));
  const missing = tasks.map((task) => task.taskId).filter((taskId) => !everRan.has(taskId));
  for (const taskId of missing) {
    if (earlier.some((other) => tables.instancesOf(other.id).some((instance) => instance.taskId === taskId))) everRan.add(taskId);
  }
  return { dagRunId: previous.id, logicalDate: previous.logicalDate!, states, everRan: [...everRan].sort() };
}

function findLostAttempts(tables: Tables, now: Instant, queuedBefore: Instant): LostAttempt[] {
  const lost: LostAttempt[] = [];
  for (const { dagRunId, taskInstanceId, token, state, workerId, createdAt } of tables.liveAttempts.values()) {
    if (state !== 'queued' && state !== 'running') continue;
    const worker = workerId === null ? undefined : tables.components.get(workerId);
    const isOwned = worker !== undefined && worker.stoppedAt === null && worker.leaseUntil >= now;
    if (workerId !== null && !isOwned) lost.push({ dagRunId, taskInstanceId, token, cause: 'lease_expired' });
    if (workerId === null && state === 'queued' && createdAt < queuedBefore) {
      lost.push({ dagRunId, taskInstanceId, token, cause: 'stuck_in_queue' });
    }
  }
  return lost.sort((a, b) => a.taskInstanceId - b.taskInstanceId);
}

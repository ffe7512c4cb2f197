/** Runs in memory: creation and the reads people ask for. */
import { newTaskInstance, queueingValuesOf } from '../../core/dag-run/new-task-instance.js';
import { tasksOfRun } from '../../core/dag-run/tasks-of-run.js';
import type { Actor } from '../../model/commit.js';
import type { NewDagRun } from '../../model/dag.js';
import type { DagRun } from '../../model/dag-run.js';
import { AirflowLikeError } from '../../model/errors.js';
import { fileVersion } from '../../model/found-file.js';
import type { Instant } from '../../model/instant.js';
import { FINISHED_RUN_STATES } from '../../model/states.js';
import type { Attempt } from '../../model/task-instance.js';
import type { DagRunReads, RunCollision, RunFilter } from '../../ports/store.js';
import type { StoredAttempt, StoredRun, Tables } from './tables.js';

export function createRunReads(tables: Tables): DagRunReads {
  return {
    async createRun(dagId, run, actor, now) {
      requireDag(tables, dagId);
      const created = insertRun(tables, dagId, run, actor, now);
      if (!created) return collisionOf(tables, dagId, run);
      checkDag(tables, dagId, now);
      return { run: created };
    },
    async deleteRun(dagRunId, actor) {
      const run = tables.runs.get(dagRunId);
      if (!run) return 'missing';
      const isLive = [...tables.liveAttempts.values()].some((attempt) => attempt.dagRunId === dagRunId);
      if (run.state === 'running' || isLive) return 'running';
      tables.deleteRun(run);
      tables.deleteEvents((event) => event.dagRunId === dagRunId);
      const entity = { entity: 'dag', entityId: run.dagId, dagRunId: null, token: null } as const;
      tables.record({ ...entity, from: null, to: 'run_deleted', actor, reason: run.runId });
      return 'deleted';
    },
    async setNote(dagRunId, note, actor) {
      const run = tables.runs.get(dagRunId);
      if (!run) return false;
      tables.putRun({ ...run, note });
      const entity = { entity: 'dag_run', entityId: dagRunId, dagRunId, token: null } as const;
      tables.record({ ...entity, from: run.state, to: run.state, actor, reason: 'note' });
      return true;
    },
    async findRun(dagId, runIdOrLogicalDate) {
      const date = Date.parse(runIdOrLogicalDate);
      const run = tables.findRun(dagId, runIdOrLogicalDate, Number.isNaN(date) ? null : date);
      return run && readRun(run);
    },
    async getRun(dagRunId) {
      const run = tables.runs.get(dagRunId);
      return run ? readRun(run) : null;
    },
    async listRuns(filter) {
      return listRuns(tables, filter);
    },
    async listTaskInstances(dagRunIds) {
      const byKey = (a: { taskId: string; mapIndex: number }, b: { taskId: string; mapIndex: number }) =>
        a.taskId < b.taskId ? -1 : a.taskId > b.taskId ? 1 : a.mapIndex - b.mapIndex;
      const ids = [...new Set(dagRunIds)].sort((a, b) => a - b);
      return ids.flatMap((id) => tables.instancesOf(id).sort(byKey));
    },
    async listAttempts(taskInstanceIds) {
      const ids = [...new Set(taskInstanceIds)].sort((a, b) => a - b);
      return ids.flatMap((id) => tables.attemptsOf(id).map(readAttempt));
    },
    async findReason({ id }) {
      const events = tables.events.filter(({ entity, entityId }) => entity === 'task_instance' && entityId === id);
      return events.at(-1)?.reason ?? null;
    },
    async listEndedRuns(since, limit) {
      const ended = [...tables.runs.values()].filter((run) => run.endedAt !== null && run.endedAt > since);
      return ended
        .sort((a, b) => b.endedAt! - a.endedAt! || b.id - a.id)
        .slice(0, limit)
        .map(readRun);
    },
  };
}

function collisionOf(tables: Tables, dagId: string, run: NewDagRun): RunCollision {
  const withKey = tables.findRunByKey(dagId, run.idempotencyKey ?? null);
  if (withKey) return { exists: readRun(withKey), by: 'idempotency_key' };
  const existing = tables.findRun(dagId, run.runId, run.logicalDate)!;
  return { exists: readRun(existing), by: existing.runId === run.runId ? 'run_id' : 'logical_date' };
}

/** @throws AirflowLikeError NOT_FOUND */
export function requireDag(tables: Tables, dagId: string): void {
  if (!tables.dags.has(dagId))
    throw new AirflowLikeError('NOT_FOUND', { place: 'dagId', message: 'there is no such DAG', value: dagId });
}

/** Has the run creator look at the DAG. */
export function checkDag(tables: Tables, dagId: string, now: Instant): void {
  const dag = tables.dags.get(dagId);
  if (dag) tables.dags.set(dagId, { ...dag, checkAt: now });
}

/** Inserts a run with its task instances; null if its run id, its logical date or its file has a run already. */
export function insertRun(tables: Tables, dagId: string, run: NewDagRun, actor: Actor, now: Instant): DagRun | null {
  if (tables.findRun(dagId, run.runId, run.logicalDate) ?? tables.findRunByKey(dagId, run.idempotencyKey ?? null)) return null;
  if (run.file && !tables.rememberFile(dagId, run.file.path, fileVersion(run.file))) return null;
  const versionId = tables.dags.get(dagId)!.currentVersionId;
  const id = tables.nextId();
  const isRunning = run.state === 'running';
  const conf = JSON.parse(JSON.stringify(run.conf ?? {})) as DagRun['conf'];
  const { idempotencyKey = null, backfillOrdinal = null, triggeringUser = null, file: _file, ended, ...given } = run;
  tables.putRun({
    ...given,
    state: ended?.state ?? run.state,
    backfillOrdinal,
    triggeringUser,
    idempotencyKey,
    conf,
    id,
    dagId,
    versionId,
    queuedAt: now,
    startedAt: isRunning ? now : null,
    endedAt: ended ? now : null,
    clearNumber: 0,
    revision: 0,
    planAt: isRunning ? now : null,
  });
  const { spec } = tables.versions.get(versionId)!;
  for (const task of tasksOfRun(spec, run)) {
    const row = newTaskInstance(id, task.taskId, -1, queueingValuesOf(task, spec));
    tables.insertInstance(ended ? { ...row, state: 'skipped', endedAt: now } : row);
  }
  const event = { entity: 'dag_run', entityId: id, dagRunId: id, token: null, actor, reason: null } as const;
  tables.record({ ...event, from: null, to: 'queued' });
  if (isRunning) tables.record({ ...event, from: 'queued', to: 'running' });
  if (ended) recordEnding(tables, id, ended, actor);
  return readRun(tables.runs.get(id)!);
}

function recordEnding(tables: Tables, id: number, { state, reason }: NonNullable<NewDagRun['ended']>, actor: Actor): void {
  const event = { dagRunId: id, token: null, actor, reason } as const;
  tables.record({ ...event, entity: 'dag_run', entityId: id, from: 'queued', to: state });
  for (const instance of tables.instancesOf(id))
    tables.record({ ...event, entity: 'task_instance', entityId: instance.id, from: 'none', to: 'skipped' });
}

/** What others may see of a run's row. */
export function readRun(stored: StoredRun): DagRun {
  const { planAt: _planAt, idempotencyKey: _idempotencyKey, ...run } = stored;
  return Object.freeze(run);
}

function listRuns(tables: Tables, filter: RunFilter): readonly DagRun[] {
  const { dagId, states, runTypes, noBackfill, backfillId, from, to, taskStates, order, limit } = filter;
  const direction = order === '-logical_date' ? -1 : 1;
  const isOpen = states !== undefined && !states.some((state) => FINISHED_RUN_STATES.has(state));
  const ofDag = (id: string): StoredRun[] => (isOpen ? tables.openRunsOf(id) : tables.runsOf(id));
  const found = (dagId === undefined ? [...tables.runs.values()] : ofDag(dagId)).filter(
    (run) =>
      (!states || states.includes(run.state)) &&
      (!runTypes || runTypes.includes(run.runType)) &&
      (!noBackfill || run.backfillId === null) &&
      (backfillId === undefined || run.backfillId === backfillId) &&
      (from === undefined || (run.logicalDate !== null && run.logicalDate >= from)) &&
      (to === undefined || (run.logicalDate !== null && run.logicalDate <= to)) &&
      (!taskStates || tables.instancesOf(run.id).some((instance) => taskStates.includes(instance.state))),
  );
  const date = (run: StoredRun) => run.logicalDate ?? run.runAfter;
  return found
    .sort((a, b) => direction * (date(a) - date(b) || a.id - b.id))
    .slice(0, limit)
    .map(readRun);
}

function readAttempt(stored: StoredAttempt): Attempt {
  const { dagRunId: _run, pool: _pool, poolSlots: _slots, queue: _queue, priorityWeight: _weight, ...attempt } = stored;
  return attempt;
}

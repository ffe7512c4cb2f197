/** Says what task instances are, whatever they did: the only way past a task that nobody will run again. */
import { runsAround, runsToMark } from '../core/dag-run/choose-runs.js';
import { planMark } from '../core/dag-run/plan-mark.js';
import { MARK_TARGETS, type MarkTarget } from '../core/task-instance/mark.js';
import { timetableFor } from '../core/timetable/resolve.js';
import type { RunCommit } from '../model/commit.js';
import type { DagRun } from '../model/dag-run.js';
import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import type { TaskInstanceState } from '../model/states.js';
import type { TaskInstance } from '../model/task-instance.js';
import type { DagListing } from '../ports/store.js';
import { checkMapIndexes } from './clear-request.js';
import { findDag } from './find-dag.js';
import { findRun } from './find-run.js';
import type { OperationDeps } from './operation-deps.js';
import { readSnapshots } from './read-snapshots.js';

export interface MarkRequest {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  /** Only these copies of a mapped task. Default: every instance of the task. */
  readonly mapIndexes?: readonly number[] | null;
  readonly state: MarkTarget;
  /** Also all tasks before (after) it, at any depth; teardowns after it are left alone. */
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  /**
   * Also the runs before (after) this one: those at dates of the DAG's schedule; all by logical date for a DAG without one; none for a DAG that runs once, without end
   * or for assets. No run is ever created.
   */
  readonly past?: boolean;
  readonly future?: boolean;
  /** Change nothing, only answer what would be done. */
  readonly dryRun?: boolean;
}

export interface ChangedTaskInstance {
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  /** What it was in before. */
  readonly from: TaskInstanceState;
  /** `none`: it failed because of the marked task, and is cleared, so that the run goes on. */
  readonly to: MarkTarget | 'none';
}

export interface MarkResult {
  /** Task instances that were in another state than the one asked for. */
  readonly marked: readonly ChangedTaskInstance[];
  /** Failed and upstream_failed ones below the marked task; an instance may be in both lists. */
  readonly cleared: readonly ChangedTaskInstance[];
}

const MAX_ATTEMPTS = 10;

/**
 * Marks the instances of a task, in one commit over all runs. What failed below it is cleared and its run queued again.
 * @throws AirflowLikeError NOT_FOUND (DAG, run, task or copy), UNKNOWN_NAME (`state`), VALUE_RANGE (`mapIndexes`), STATE_CONFLICT when nothing would change or a
 * run keeps changing too fast.
 */
export async function markTaskInstances(deps: OperationDeps, request: MarkRequest): Promise<MarkResult> {
  const { store, bus } = deps;
  const listing = await findDag(store, request.dagId);
  checkState(request.state, MARK_TARGETS);
  checkMapIndexes(request.taskId, request.mapIndexes ?? null);
  const run = await findRun(store, request.dagId, request.runId);
  await checkTask(deps, run, request);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const { commits, result } = await planAll(deps, listing, run, request);
    if (commits.length === 0) throw nothingToMark(run, request);
    if (request.dryRun) return result;
    if (!(await store.scheduling.commitAll(commits, deps.clock.now()))) continue;
    bus.publish('cancel');
    bus.publish('runs');
    return result;
  }
  throw new AirflowLikeError('STATE_CONFLICT', {
    place: `DAG ${request.dagId}`,
    message: 'its runs changed at every attempt to mark them; nothing is marked, try again',
  });
}

/** Whether the version of the DAG that the run has has the task. */
async function hasTask(store: OperationDeps['store'], run: DagRun, taskId: string): Promise<boolean> {
  const [snapshot] = await store.scheduling.loadSnapshots([run.id]);
  return snapshot?.spec.tasks.some((task) => task.taskId === taskId) === true;
}

/** @throws AirflowLikeError UNKNOWN_NAME with the states there are. */
export function checkState(state: string, targets: readonly string[]): void {
  if (targets.includes(state)) return;
  throw new AirflowLikeError('UNKNOWN_NAME', {
    place: 'state',
    message: 'nothing can be marked so',
    value: state,
    allowed: targets.join(', '),
    suggestion: nearestName(state, targets),
  });
}

async function planAll(
  { store, clock, actor, timetables }: OperationDeps,
  { spec }: DagListing,
  run: DagRun,
  request: MarkRequest,
): Promise<{ commits: readonly RunCommit[]; result: MarkResult }> {
  const { dagId, taskId, mapIndexes = null, state, upstream = false, downstream = false, past = false, future = false } = request;
  const span = { past, future };
  const others = past || future ? await store.runs.listRuns({ dagId, order: 'logical_date' }) : [run];
  const withFailures =
    past || future ? await store.runs.listRuns({ dagId, order: 'logical_date', taskStates: ['failed', 'upstream_failed'] }) : [run];
  const marks = new Set(
    runsToMark(others, run, span, timetableFor(spec, timetables), spec.schedule.kind !== 'none').map(({ id }) => id),
  );
  const resumes = new Set(runsAround(others, run, span).map(({ id }) => id));
  const touched = new Set([...marks, ...withFailures.map(({ id }) => id).filter((id) => resumes.has(id))]);
  const ids = others.map(({ id }) => id).filter((id) => touched.has(id));

  const now = clock.now();
  const commits: RunCommit[] = [];
  const marked: ChangedTaskInstance[] = [];
  const cleared: ChangedTaskInstance[] = [];
  for await (const snapshots of readSnapshots(store, ids)) {
    for (const snapshot of snapshots) {
      const options = {
        task: { taskId, mapIndexes },
        relatives: { upstream, downstream },
        target: state,
        marks: marks.has(snapshot.run.id),
        resumes: resumes.has(snapshot.run.id),
      };
      const plan = planMark(snapshot, options, actor, now);
      if (plan.commit === null) continue;
      commits.push(plan.commit);
      marked.push(...plan.marked.map((instance) => changed(snapshot.run, instance, state)));
      cleared.push(...plan.cleared.map((instance) => changed(snapshot.run, instance, 'none')));
    }
  }
  return { commits, result: { marked, cleared } };
}

/** @param before The instance as it was. */
function changed({ runId }: DagRun, before: TaskInstance, to: ChangedTaskInstance['to']): ChangedTaskInstance {
  return { runId, taskId: before.taskId, mapIndex: before.mapIndex, from: before.state, to };
}

async function checkTask({ store }: OperationDeps, run: DagRun, { taskId, mapIndexes }: MarkRequest): Promise<void> {
  const instances = await store.runs.listTaskInstances([run.id]);
  const own = instances.filter((instance) => instance.taskId === taskId);
  if (own.length === 0) {
    throw new AirflowLikeError('NOT_FOUND', {
      place: `run ${run.runId} of DAG ${run.dagId}`,
      message: 'it has no such task',
      value: taskId,
      suggestion: nearestName(taskId, [...new Set(instances.map((instance) => instance.taskId))]),
    });
  }
  if (own.every(({ state }) => state === 'removed') && !(await hasTask(store, run, taskId))) {
    throw new AirflowLikeError('STATE_CONFLICT', {
      place: `task ${taskId} of run ${run.runId}`,
      message: 'it was removed: the version of the DAG that this run has no longer has it, so it cannot be marked',
    });
  }
  const missing = mapIndexes?.find((index) => !own.some(({ mapIndex }) => mapIndex === index));
  if (missing === undefined) return;
  const indexes = own.map(({ mapIndex }) => mapIndex);
  const known = indexes.includes(-1) ? 'it is not mapped in this run' : `0 to ${Math.max(...indexes)}`;
  throw new AirflowLikeError('NOT_FOUND', {
    place: `task ${taskId} of run ${run.runId}`,
    message: 'it has no copy with this map index',
    value: missing,
    allowed: known,
  });
}

function nothingToMark({ runId }: DagRun, { taskId, state }: MarkRequest): AirflowLikeError {
  return new AirflowLikeError('STATE_CONFLICT', {
    place: `task ${taskId} of run ${runId}`,
    message: `it is ${state} already, with all that was to be marked with it, and nothing below it has failed`,
  });
}

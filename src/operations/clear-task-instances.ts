/**
 * Lets task instances run again, over any number of runs. A plan is made from snapshots as the scheduler makes its own, so that a dry run
 * shows exactly what would be done; it is committed as a whole, and made again when a run changed in between.
 */
import { createHash, type Hash } from 'node:crypto';
import { planRerun, type RerunEffect } from '../core/dag-run/plan-rerun.js';
import { runsAround } from '../core/dag-run/choose-runs.js';
import { statesOf, type ClearSelection } from '../core/task-instance/select-instances.js';
import type { RunCommit } from '../model/commit.js';
import type { DagSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import { FINISHED_RUN_STATES } from '../model/states.js';
import type { DagListing } from '../ports/store.js';
import { checkClearRequest, compileTaskRegex, isUnfiltered, type ClearRequest } from './clear-request.js';
import { findDag } from './find-dag.js';
import { findRun } from './find-run.js';
import type { OperationDeps } from './operation-deps.js';
import { readSnapshots } from './read-snapshots.js';

export type { ClearRequest } from './clear-request.js';

/** What happens to one task instance; `state` is what it was in before. */
export interface ClearedTaskInstance extends RerunEffect {
  readonly runId: string;
}

export interface ClearResult {
  /** By run in order of logical date. */
  readonly instances: readonly ClearedTaskInstance[];
  /** How many runs it touches, and how many of these keep a version that is not the DAG's newest. */
  readonly runs: number;
  readonly runsOnOldVersion: number;
  /** Says that just this was seen: to be given with the request that does it. */
  readonly token: string;
}

export interface ClearLimits {
  /** Task instances that are cleared without a token. More, or everything that a DAG ever did, needs that of a dry run. */
  readonly unseen: number;
  /** Task instances that are changed in one transaction. More than that are changed in several, whole runs at a time, the earliest first. */
  readonly atomic: number;
}

export const CLEAR_LIMITS: ClearLimits = { unseen: 10_000, atomic: 100_000 };
/** A busy run changes many times a second, but not between a read and a write ten times over. */
const MAX_ATTEMPTS = 10;

/**
 * Clears the chosen task instances: they go back to `none` with all their retries, attempts under way are revoked, finished runs are queued
 * again.
 * @returns What was (or would be) done.
 * @throws AirflowLikeError NOT_FOUND (DAG, run or task), DATE_ORDER, VALUE_TYPE (`taskRegex`), VALUE_RANGE, REQUEST_INVALID, CLEAR_TOO_WIDE, STATE_CONFLICT
 * when something is running that must not be, what a token stands for has changed, or a run keeps changing too fast.
 */
export async function clearTaskInstances(
  deps: OperationDeps,
  request: ClearRequest,
  limits: ClearLimits = CLEAR_LIMITS,
): Promise<ClearResult> {
  const listing = await findDag(deps.store, request.dagId);
  checkClearRequest(request);
  const dagRunIds = await chooseRuns(deps, request);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const plan = await planAll(deps, listing, request, dagRunIds, limits.atomic);
    checkTasks(request, listing, plan);
    checkCopies(request, plan.copies);
    if (request.dryRun) return plan.result;
    checkWidth(request, plan.result, limits);
    const isDone =
      plan.commits === null ? await commitInParts(deps, listing, request, dagRunIds) : await commit(deps, plan.commits);
    if (!isDone) continue;
    if (plan.result.instances.length > 0) {
      deps.bus.publish('cancel');
      deps.bus.publish('runs');
    }
    return plan.result;
  }
  throw changesTooFast(request.dagId);
}

async function commit({ store, clock }: OperationDeps, commits: readonly RunCommit[]): Promise<boolean> {
  return commits.length === 0 || store.scheduling.commitAll(commits, clock.now());
}

/** Whole runs at a time, each part made anew until nothing changed under it. */
async function commitInParts(
  deps: OperationDeps,
  listing: DagListing,
  request: ClearRequest,
  dagRunIds: readonly number[],
): Promise<true> {
  let done = 0;
  for await (const snapshots of readSnapshots(deps.store, dagRunIds)) {
    const part = snapshots.map(({ run }) => run.id);
    for (let attempt = 0; ; attempt++) {
      if (attempt === MAX_ATTEMPTS) throw changesTooFast(request.dagId, done);
      const { commits } = await planAll(deps, listing, request, part, Number.POSITIVE_INFINITY);
      if (await commit(deps, commits ?? [])) break;
    }
    done += part.length;
  }
  return true;
}

interface Plan {
  readonly result: ClearResult;
  /** null: more than `maxAtomic` instances, so many are not kept. */
  readonly commits: readonly RunCommit[] | null;
  readonly knownTasks: ReadonlySet<string>;
  /** Tasks of which runs only have removed instances: their versions no longer have them. */
  readonly removedTasks: ReadonlySet<string>;
  /** Map indexes that the runs have, of the tasks of which copies were chosen; of tasks in no run nothing. */
  readonly copies: ReadonlyMap<string, ReadonlySet<number>>;
}

async function planAll(
  { store, clock, actor }: OperationDeps,
  listing: DagListing,
  request: ClearRequest,
  dagRunIds: readonly number[],
  maxAtomic: number,
): Promise<Plan> {
  const latest = { id: listing.dag.currentVersionId, spec: listing.spec };
  const version = request.onlyNew || request.version === 'latest' ? latest : null;
  const selectionFor = selections(request);
  const now = clock.now();
  const instances: ClearedTaskInstance[] = [];
  const hash = createHash('sha256');
  const knownTasks = new Set(listing.spec.tasks.map(({ taskId }) => taskId));
  const named = new Set(request.tasks?.map(({ taskId }) => taskId));
  const removedTasks = new Set<string>();
  const chosenByCopy = new Set(request.tasks?.flatMap(({ taskId, mapIndexes }) => (mapIndexes === null ? [] : [taskId])));
  const copies = new Map<string, Set<number>>();
  let commits: RunCommit[] | null = [];
  let runs = 0;
  let runsOnOldVersion = 0;
  let changed = 0;
  for await (const snapshots of readSnapshots(store, dagRunIds)) {
    for (const snapshot of snapshots) {
      const { run } = snapshot;
      for (const { taskId } of snapshot.spec.tasks) knownTasks.add(taskId);
      for (const { taskId, mapIndex, state } of named.size > 0 ? snapshot.taskInstances : []) {
        if (state === 'removed') removedTasks.add(taskId);
        if (chosenByCopy.has(taskId)) copies.set(taskId, (copies.get(taskId) ?? new Set()).add(mapIndex));
      }
      if (request.onlyNew && !FINISHED_RUN_STATES.has(run.state)) continue;
      const spec = version?.spec ?? snapshot.spec;
      const options = { selection: selectionFor(spec), version, resetRun: request.resetRuns ?? true };
      const planned = planRerun(snapshot, options, actor, now);
      if (planned.commit === null) continue;
      if (request.preventRunning && !request.dryRun) refuseRunning(run.runId, planned.effects);
      runs++;
      if (version === null && run.versionId !== latest.id) runsOnOldVersion++;
      changed += planned.effects.length;
      if (changed > maxAtomic) commits = null;
      commits?.push(planned.commit);
      for (const effect of planned.effects) {
        instances.push({ runId: run.runId, ...effect });
        addTo(hash, run.runId, effect);
      }
    }
  }
  return { result: { instances, runs, runsOnOldVersion, token: hash.digest('hex') }, commits, knownTasks, removedTasks, copies };
}

/**
 * The selection for runs of a spec; the same for all runs of it. As in Airflow, downstream starts from what is upstream too where runs are named,
 * and from the chosen tasks alone where they are found by their dates.
 */
function selections(request: ClearRequest): (spec: DagSpec) => ClearSelection | null {
  if (request.onlyNew) return () => null;
  const { upstream = false, downstream = false, onlyFailed = false, onlyRunning = false, tasks = null, taskRegex } = request;
  const downstreamOf = request.runIds ? 'upstream' : 'chosen';
  const rest = { upstream, downstream, onlyFailed, onlyRunning, downstreamOf } as const;
  if (taskRegex == null) return () => ({ tasks, ...rest });
  const pattern = compileTaskRegex(taskRegex);
  return ({ tasks: all }) => ({
    tasks: all.filter(({ taskId }) => pattern.test(taskId)).map(({ taskId }) => ({ taskId, mapIndexes: null })),
    ...rest,
  });
}

/** States are left out: a token survives that a task goes on while a person reads. */
function addTo(hash: Hash, runId: string, { effect, taskId, mapIndex }: RerunEffect): void {
  hash.update(`${effect} ${runId}\n${taskId} ${mapIndex}\n`);
}

function refuseRunning(runId: string, effects: readonly RerunEffect[]): void {
  const running = effects.find(({ state }) => state === 'running');
  if (!running) return;
  throw new AirflowLikeError('STATE_CONFLICT', {
    place: `run ${runId}`,
    message: `task ${running.taskId} is running, and running ones are not to be stopped: wait for its end, or clear it without that option`,
  });
}

/** A DAG and many runs do not have to have a task now; but none of them having it ever is a mistake. */
function checkTasks({ tasks, dagId }: ClearRequest, { spec }: DagListing, { knownTasks, removedTasks }: Plan): void {
  const unknown = tasks?.find(({ taskId }) => !knownTasks.has(taskId));
  if (!unknown) return;
  if (removedTasks.has(unknown.taskId)) {
    throw new AirflowLikeError('NOT_FOUND', {
      place: `DAG ${dagId}`,
      message: 'this task was removed: the versions of the DAG that these runs have no longer have it',
      value: unknown.taskId,
    });
  }
  const ids = spec.tasks.map(({ taskId }) => taskId);
  throw new AirflowLikeError('NOT_FOUND', {
    place: `DAG ${dagId}`,
    message: 'neither the DAG nor one of these runs has this task',
    value: unknown.taskId,
    suggestion: nearestName(unknown.taskId, ids),
  });
}

/** A copy that some of the runs have is enough; one that none of them has is a mistake. */
function checkCopies({ tasks, dagId }: ClearRequest, copies: ReadonlyMap<string, ReadonlySet<number>>): void {
  for (const { taskId, mapIndexes } of tasks ?? []) {
    const existing = copies.get(taskId);
    const unknown = existing && mapIndexes?.find((index) => !existing.has(index));
    if (!existing || unknown === undefined) continue;
    const indexes = [...existing].sort((a, b) => a - b);
    throw new AirflowLikeError('NOT_FOUND', {
      place: `DAG ${dagId}`,
      message: `none of these runs has this copy of ${taskId}`,
      value: unknown,
      allowed: indexes.length === 1 ? String(indexes[0]) : `${indexes[0]} to ${indexes.at(-1)}`,
    });
  }
}

function checkWidth(request: ClearRequest, { instances, runs, token }: ClearResult, { unseen }: ClearLimits): void {
  if (request.token === token) return;
  if (request.token != null) {
    throw new AirflowLikeError('STATE_CONFLICT', {
      place: 'token',
      message: 'what would be cleared is no longer what the dry run showed: look at it again',
    });
  }
  if (instances.length === 0 || (instances.length <= unseen && !isUnfiltered(request))) return;
  throw new AirflowLikeError('CLEAR_TOO_WIDE', {
    place: `DAG ${request.dagId}`,
    message:
      `this would clear ${instances.length} task instances of ${runs} runs` +
      `${isUnfiltered(request) ? ', everything that the DAG ever did' : ''}: narrow it down, or confirm it with the token of a dry run`,
    allowed: `without a token: a filter, and at most ${unseen} task instances`,
  });
}

async function chooseRuns({ store }: OperationDeps, request: ClearRequest): Promise<readonly number[]> {
  const { dagId, runIds, from, to, past = false, future = false } = request;
  if (runIds) {
    const runs = await Promise.all([...new Set(runIds)].map((runId) => findRun(store, dagId, runId)));
    const [run] = runs;
    if (!(past || future) || !run) return runs.map(({ id }) => id);
    if (run.logicalDate === null) {
      throw new AirflowLikeError('REQUEST_INVALID', {
        place: past ? 'past' : 'future',
        message: `run ${run.runId} has no logical date, so that none is before or after it`,
      });
    }
    const all = await store.runs.listRuns({ dagId, order: 'logical_date' });
    return runsAround(all, run, { past, future }).map(({ id }) => id);
  }
  const taskStates = statesOf(request);
  const runs = await store.runs.listRuns({
    dagId,
    order: 'logical_date',
    ...(from == null ? {} : { from }),
    ...(to == null ? {} : { to }),
    ...(taskStates === null ? {} : { taskStates }),
  });
  return runs.map(({ id }) => id);
}

function changesTooFast(dagId: string, done = 0): AirflowLikeError {
  return new AirflowLikeError('STATE_CONFLICT', {
    place: `DAG ${dagId}`,
    message: `its runs changed at every attempt to clear them; ${done === 0 ? 'nothing is cleared' : `the first ${done} runs are cleared`}, try again`,
  });
}

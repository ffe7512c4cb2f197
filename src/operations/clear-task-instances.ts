/**
 * Lets task instances run again, over any number of runs. A plan is made from snapshots as the scheduler makes its own, so that a dry run
 * shows exactly what would be done; a run that changed in between is read and planned again.
 */
import { RunView } from '../core/dag-run/run-view.js';
import { clearTaskInstances as clearInView, selectForClear } from '../core/task-instance/clear.js';
import type { RunCommit } from '../model/commit.js';
import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';
import { nearestName } from '../model/nearest-name.js';
import type { DagRunSnapshot } from '../model/snapshot.js';
import type { TaskInstanceState } from '../model/states.js';
import type { DagListing } from '../ports/store.js';
import { chooseVersionId } from './choose-version.js';
import { findDag } from './find-dag.js';
import type { OperationDeps } from './operation-deps.js';

export interface ClearRequest {
  readonly dagId: string;
  /** Only these tasks. Default: all. */
  readonly taskIds?: readonly string[] | null;
  /** Only tasks whose id holds a match. Not together with `taskIds`. */
  readonly taskRegex?: string | null;
  /** Only these runs. Default: all of the DAG. */
  readonly runIds?: readonly string[] | null;
  /** Bounds of the logical date, both inclusive. Default: open. Runs without a logical date lie in no bounds. */
  readonly from?: Instant | null;
  readonly to?: Instant | null;
  /** Also all tasks before (after) the chosen ones, at any depth. */
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  /** Only instances in state failed or upstream_failed (running); both: either. */
  readonly onlyFailed?: boolean;
  readonly onlyRunning?: boolean;
  /** Change nothing, only answer what would be cleared. */
  readonly dryRun?: boolean;
  /**
   * Which code runs again: the DAG's newest, as one wants after mending it, or that of the run. Default: `latest`, as long as the DAG still has
   * the tasks that the run has; a run whose tasks differ keeps its version.
   */
  readonly version?: 'latest' | 'same';
}

export interface ClearedTaskInstance {
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  /** What it was in before. */
  readonly state: TaskInstanceState;
}

/** Runs that are read, planned and committed at a time: bounds memory and the length of a transaction. */
const RUNS_PER_COMMIT = 100;
/** A busy run changes many times a second, but not between a read and a write five times over. */
const MAX_ATTEMPTS = 10;

/**
 * Clears the chosen task instances: they go back to `none` with all their retries, attempts under way are revoked, finished runs are queued
 * again. Instances in `none` have nothing to clear.
 * @returns What was (or would be) cleared, by run in order of logical date.
 * @throws AirflowLikeError NOT_FOUND (DAG or run), DATE_ORDER, VALUE_TYPE (`taskRegex`), STATE_CONFLICT when a run keeps changing too fast.
 */
export async function clearTaskInstances(deps: OperationDeps, request: ClearRequest): Promise<readonly ClearedTaskInstance[]> {
  const listing = await findDag(deps.store, request.dagId);
  checkBounds(request);
  const dagRunIds = await chooseRuns(deps, request);
  const cleared: ClearedTaskInstance[] = [];
  for (let start = 0; start < dagRunIds.length; start += RUNS_PER_COMMIT) {
    cleared.push(...(await clearRuns(deps, listing, request, dagRunIds.slice(start, start + RUNS_PER_COMMIT))));
  }
  if (cleared.length > 0 && !request.dryRun) {
    deps.bus.publish('cancel');
    deps.bus.publish('runs');
  }
  return cleared;
}

async function clearRuns(
  { store, clock, actor }: OperationDeps,
  listing: DagListing,
  request: ClearRequest,
  dagRunIds: readonly number[],
): Promise<readonly ClearedTaskInstance[]> {
  const cleared = new Map<number, readonly ClearedTaskInstance[]>();
  let open = dagRunIds;
  for (let attempt = 0; open.length > 0; attempt++) {
    if (attempt === MAX_ATTEMPTS) throw changesTooFast(request.dagId, open.length);
    const now = clock.now();
    const commits: RunCommit[] = [];
    for (const snapshot of await store.scheduling.loadSnapshots(open)) {
      const chosen = chooseInstances(snapshot, request);
      const versionId = request.version === 'same' ? snapshot.run.versionId : chooseVersionId(snapshot, listing);
      const view = RunView.from(snapshot);
      if (clearInView(view, chosen.ids, now, versionId) === 0) continue;
      const commit = view.drain(actor, now) as RunCommit; // something changed, so there is one
      commits.push(commit);
      cleared.set(snapshot.run.id, chosen.shown);
    }
    open = request.dryRun ? [] : await commitAll(commits);
    for (const dagRunId of open) cleared.delete(dagRunId);
  }
  return dagRunIds.flatMap((dagRunId) => cleared.get(dagRunId) ?? []);

  /** Returns the runs that were not, or not completely, written. */
  async function commitAll(commits: readonly RunCommit[]): Promise<readonly number[]> {
    if (commits.length === 0) return [];
    const { staleRuns, staleTaskInstances } = await store.scheduling.commit(commits, clock.now());
    const partly = new Set(staleTaskInstances);
    const runsInPart = commits.filter(({ changes }) => changes.some(({ taskInstanceId }) => partly.has(taskInstanceId)));
    return [...new Set([...staleRuns, ...runsInPart.map(({ dagRunId }) => dagRunId)])];
  }
}

function chooseInstances(
  { run, spec, taskInstances }: DagRunSnapshot,
  request: ClearRequest,
): { ids: readonly number[]; shown: readonly ClearedTaskInstance[] } {
  const { upstream = false, downstream = false, onlyFailed = false, onlyRunning = false } = request;
  const taskRegex = request.taskIds ? exactly(request.taskIds) : request.taskRegex;
  const selection = { upstream, downstream, onlyFailed, onlyRunning, ...(taskRegex == null ? {} : { taskRegex }) };
  const chosen = selectForClear(spec, taskInstances, selection).filter(({ state }) => state !== 'none');
  return {
    ids: chosen.map(({ id }) => id),
    shown: chosen.map(({ taskId, mapIndex, state }) => ({ runId: run.runId, taskId, mapIndex, state })),
  };
}

/** An expression that matches these ids and nothing else; for none, nothing at all. */
function exactly(taskIds: readonly string[]): string {
  return `^(?:${taskIds.map((taskId) => taskId.replace(/[.~-]/g, '\\$&')).join('|') || '(?!)'})$`;
}

async function chooseRuns({ store }: OperationDeps, request: ClearRequest): Promise<readonly number[]> {
  const { dagId, runIds, from, to, onlyFailed, onlyRunning } = request;
  if (runIds) return Promise.all(runIds.map((runId) => findRunId(store, dagId, runId)));
  const taskStates: TaskInstanceState[] = [
    ...(onlyFailed ? (['failed', 'upstream_failed'] as const) : []),
    ...(onlyRunning ? (['running'] as const) : []),
  ];
  const runs = await store.runs.listRuns({
    dagId,
    order: 'logical_date',
    ...(from == null ? {} : { from }),
    ...(to == null ? {} : { to }),
    ...(taskStates.length === 0 ? {} : { taskStates }),
  });
  return runs.map(({ id }) => id);
}

async function findRunId(store: OperationDeps['store'], dagId: string, runId: string): Promise<number> {
  const run = await store.runs.findRun(dagId, runId);
  if (run) return run.id;
  const known = await store.runs.listRuns({ dagId, order: '-logical_date', limit: 1_000 });
  throw new AirflowLikeError('NOT_FOUND', {
    place: `DAG ${dagId}`,
    message: 'it has no run with this id',
    value: runId,
    suggestion: nearestName(
      runId,
      known.map((candidate) => candidate.runId),
    ),
  });
}

function checkBounds({ from, to }: ClearRequest): void {
  if (from == null || to == null || from <= to) return;
  throw new AirflowLikeError('DATE_ORDER', {
    place: 'from',
    message: `it is ${new Date(from).toISOString()}, after to ${new Date(to).toISOString()}`,
  });
}

function changesTooFast(dagId: string, runs: number): AirflowLikeError {
  return new AirflowLikeError('STATE_CONFLICT', {
    place: `DAG ${dagId}`,
    message: `${runs} runs changed at every attempt to clear them; the others are cleared, try these again`,
  });
}

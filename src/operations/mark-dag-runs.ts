import { RUN_MARK_TARGETS, type RunMarkTarget } from '../core/dag-run/mark-run.js';
import { planRunMark } from '../core/dag-run/plan-mark.js';
import type { RunCommit } from '../model/commit.js';
import { AirflowLikeError } from '../model/errors.js';
import type { DagRunState, TaskInstanceState } from '../model/states.js';
import { findDag } from './find-dag.js';
import { findRun } from './find-run.js';
import { checkState } from './mark-task-instances.js';
import type { OperationDeps } from './operation-deps.js';

export interface MarkRunsRequest {
  readonly dagId: string;
  readonly runIds: readonly string[];
  readonly state: RunMarkTarget;
  /** Change nothing, only answer what would be done. */
  readonly dryRun?: boolean;
}

export interface MarkedRun {
  readonly runId: string;
  readonly from: DagRunState;
  /** Still `from` while a teardown has to end first. */
  readonly to: DagRunState;
  readonly instances: readonly {
    readonly taskId: string;
    readonly mapIndex: number;
    readonly from: TaskInstanceState;
    readonly to: TaskInstanceState;
  }[];
}

const MAX_ATTEMPTS = 10;

/**
 * Marks runs, all in one commit: tasks that have begun end with them, other unfinished ones are skipped, teardowns go on. `queued` clears nothing.
 * @throws AirflowLikeError NOT_FOUND (DAG or run), UNKNOWN_NAME (`state`), STATE_CONFLICT when no run would change or one keeps changing too fast.
 */
export async function markDagRuns(deps: OperationDeps, request: MarkRunsRequest): Promise<readonly MarkedRun[]> {
  const { store, bus, clock, actor } = deps;
  const { dagId, state, dryRun = false } = request;
  await findDag(store, dagId);
  checkState(state, RUN_MARK_TARGETS);
  const runs = await Promise.all([...new Set(request.runIds)].map((runId) => findRun(store, dagId, runId)));
  const ids = runs.map(({ id }) => id);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const now = clock.now();
    const commits: RunCommit[] = [];
    const marked: MarkedRun[] = [];
    for (const snapshot of await store.scheduling.loadSnapshots(ids)) {
      const plan = planRunMark(snapshot, state, actor, now);
      if (plan.commit === null) continue;
      commits.push(plan.commit);
      const after = new Map(plan.commit.changes.map(({ taskInstanceId, next }) => [taskInstanceId, next.state]));
      marked.push({
        runId: snapshot.run.runId,
        from: snapshot.run.state,
        to: plan.commit.run?.path.at(-1) ?? snapshot.run.state,
        instances: plan.marked.map((instance) => ({
          taskId: instance.taskId,
          mapIndex: instance.mapIndex,
          from: instance.state,
          to: after.get(instance.id) ?? instance.state,
        })),
      });
    }
    if (commits.length === 0) throw nothingToMark(request);
    if (dryRun) return marked;
    if (!(await store.scheduling.commitAll(commits, now))) continue;
    bus.publish('cancel');
    bus.publish('runs');
    return marked;
  }
  throw new AirflowLikeError('STATE_CONFLICT', {
    place: `DAG ${dagId}`,
    message: 'its runs changed at every attempt to mark them; nothing is marked, try again',
  });
}

function nothingToMark({ dagId, runIds, state }: MarkRunsRequest): AirflowLikeError {
  return new AirflowLikeError('STATE_CONFLICT', {
    place: `DAG ${dagId}`,
    message: runIds.length === 1 ? `run ${runIds[0]} is ${state} already` : `all ${runIds.length} runs are ${state} already`,
  });
}

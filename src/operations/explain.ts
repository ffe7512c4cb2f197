import { explainDag as explainSchedule } from '../core/explain/explain-dag.js';
import { explainRun as explainAll, explainTask as explainOne } from '../core/explain/explain-task.js';
import { AirflowLikeError } from '../model/errors.js';
import type { DagExplanation, Explanation } from '../model/explanation.js';
import { nearestName } from '../model/nearest-name.js';
import type { Situation } from '../model/situation.js';
import { FINISHED_STATES } from '../model/states.js';
import { findDag } from './find-dag.js';
import type { OperationDeps } from './operation-deps.js';

export interface ExplainTaskRequest {
  readonly dagRunId: number;
  readonly taskId: string;
  /** -1: of a task that is expanded, its first copy. */
  readonly mapIndex: number;
  /** Most task instances queued or running over everything, as the schedulers are set. */
  readonly parallelism: number;
}

/**
 * Why a task instance does not run: every blocker, and the one that binds.
 * @throws AirflowLikeError NOT_FOUND for a run that is gone, and for a task that neither the run nor the DAG's newest version has or had.
 */
export async function explainTask(deps: OperationDeps, request: ExplainTaskRequest): Promise<Explanation> {
  const { dagRunId, taskId, mapIndex, parallelism } = request;
  const situation = await readSituation(deps, dagRunId);
  checkTaskId(situation, taskId);
  const found = situation.snapshot.taskInstances.find((row) => row.taskId === taskId && row.mapIndex === mapIndex);
  const reason = found && FINISHED_STATES.has(found.state) ? await deps.store.runs.findReason(found) : null;
  return explainOne(situation, taskId, mapIndex, { parallelism, reason });
}

/**
 * Why the task instances of a run that neither run nor are finished wait.
 * @throws AirflowLikeError NOT_FOUND for a run that is gone.
 */
export async function explainRun(
  deps: OperationDeps,
  request: { readonly dagRunId: number; readonly parallelism: number },
): Promise<readonly Explanation[]> {
  return explainAll(await readSituation(deps, request.dagRunId), { parallelism: request.parallelism });
}

/**
 * Why a DAG has no newer run.
 * @throws AirflowLikeError NOT_FOUND.
 */
export async function explainDag(deps: OperationDeps, dagId: string): Promise<DagExplanation> {
  const { store, clock, timetables } = deps;
  await findDag(store, dagId);
  const situation = await store.situations.ofDag(dagId, clock.now());
  if (!situation)
    throw new AirflowLikeError('NOT_FOUND', { place: 'dagId', message: 'there is no DAG with this id', value: dagId });
  return explainSchedule(situation, timetables);
}

async function readSituation({ store, clock }: OperationDeps, dagRunId: number): Promise<Situation> {
  const situation = await store.situations.ofRun(dagRunId, clock.now());
  if (situation) return situation;
  throw new AirflowLikeError('NOT_FOUND', { place: 'run', message: 'the run is gone', value: dagRunId });
}

function checkTaskId({ snapshot, schedule }: Situation, taskId: string): void {
  const ids = [...new Set([...snapshot.spec.tasks, ...schedule.spec.tasks, ...snapshot.taskInstances].map((task) => task.taskId))];
  if (ids.includes(taskId)) return;
  throw new AirflowLikeError('NOT_FOUND', {
    place: 'task_id',
    message: `${snapshot.run.dagId} has no such task`,
    value: taskId,
    allowed: ids.length <= 10 ? ids.join(', ') : undefined,
    suggestion: nearestName(taskId, ids),
  });
}

import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import type { NewTaskInstance } from '../../model/task-instance.js';
import { effectiveWeights } from '../queueing/effective-weights.js';

/** What a task instance has of its task: everything else of a new row is empty. */
export type QueueingValues = Pick<NewTaskInstance, 'maxTries' | 'pool' | 'poolSlots' | 'priorityWeight' | 'queue'>;

/** What `spec` says about instances of `task`, one of its tasks: at their creation, and again when they are cleared. */
export function queueingValuesOf(task: TaskSpec, spec: DagSpec): QueueingValues {
  const { taskId, retries, pool, poolSlots, queue } = task;
  return {
    maxTries: retries + 1,
    pool,
    poolSlots,
    priorityWeight: effectiveWeights(spec).get(taskId)!,
    queue,
  };
}

/** A row in state none that has no history. */
export function newTaskInstance(
  dagRunId: number,
  taskId: string,
  mapIndex: number,
  { maxTries, pool, poolSlots, priorityWeight, queue }: QueueingValues,
): NewTaskInstance {
  return {
    dagRunId,
    taskId,
    mapIndex,
    state: 'none',
    tryNumber: 0,
    maxTries,
    lostDispatches: 0,
    token: null,
    workerId: null,
    pool,
    poolSlots,
    priorityWeight,
    queue,
    scheduledAt: null,
    queuedAt: null,
    startedAt: null,
    endedAt: null,
    wakeAt: null,
    waitingSince: null,
    pokeNumber: 0,
    outputLength: null,
    decision: null,
    mapLabel: null,
    deferral: null,
  };
}

import type { TaskSpec } from '../../model/dag-spec.js';
import type { NewTaskInstance } from '../../model/task-instance.js';

/** What a task instance has of its task: everything else of a new row is empty. */
export type QueueingValues = Pick<NewTaskInstance, 'maxTries' | 'pool' | 'poolSlots' | 'priorityWeight' | 'queue'>;

export function queueingValuesOf({ retries, pool, poolSlots, priorityWeight, queue }: TaskSpec): QueueingValues {
  return { maxTries: retries + 1, pool, poolSlots, priorityWeight, queue };
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

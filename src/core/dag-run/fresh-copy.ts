import type { NewTaskInstance, TaskInstance } from '../../model/task-instance.js';

/** A row for another copy of a mapped task: queueing values as `pattern` has them, history none. */
export function freshCopy(pattern: TaskInstance, mapIndex: number, maxTries: number): NewTaskInstance {
  const { dagRunId, taskId, pool, poolSlots, priorityWeight, queue } = pattern;
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
  };
}

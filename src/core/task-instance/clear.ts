/** What clearing does to task instances and to their run. */
import type { Instant } from '../../model/instant.js';
import { FINISHED_RUN_STATES } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { queueingValuesOf } from '../dag-run/new-task-instance.js';
import type { RunView } from '../dag-run/run-view.js';

/**
 * Sets instances back to `none` with their full number of retries before them, in the pool and queue that their task names now, and ends attempts that are under way (their tokens no longer count).
 * Tries are never counted anew. XComs, and what the task decided, stay until the next try starts.
 */
export function clearInstances(view: RunView, ids: Iterable<number>, now: Instant): void {
  for (const id of ids) clearInstance(view, view.instance(id), now);
}

/** Queues a run again of which something was cleared: a finished one starts anew, another one only counts the clear. */
export function reopenRun(view: RunView, now: Instant, versionId: number = view.run.versionId): void {
  const clearNumber = view.run.clearNumber + 1;
  if (FINISHED_RUN_STATES.has(view.run.state)) {
    view.transitionRun('reopen', { clearNumber, versionId, queuedAt: now, startedAt: null, endedAt: null }, 'cleared');
  } else view.patchRun({ clearNumber, versionId }, 'cleared');
}

function clearInstance(view: RunView, instance: TaskInstance, now: Instant): void {
  const values = queueingValuesOf(view.task(instance.taskId), view.spec);
  view.transition(
    instance.id,
    'clear',
    {
      ...values,
      maxTries: instance.tryNumber + values.maxTries,
      lostDispatches: 0,
      token: null,
      workerId: null,
      scheduledAt: null,
      queuedAt: null,
      startedAt: null,
      endedAt: null,
      wakeAt: null,
      waitingSince: null,
      pokeNumber: 0,
      outputLength: null,
      deferral: null,
    },
    {
      reason: 'cleared',
      ...(instance.token === null ? {} : { endAttempt: { state: 'cleared', endedAt: now, reason: 'cleared', error: null } }),
    },
  );
}

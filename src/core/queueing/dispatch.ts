/** The two steps from `scheduled` to `running`: a token is minted for the dispatch, then a worker takes it. */
import type { Instant } from '../../model/instant.js';
import type { AttemptToken, TaskInstance } from '../../model/task-instance.js';
import type { RunView } from '../dag-run/run-view.js';

/**
 * Moves a scheduled instance to `queued` under a new attempt token, and opens its attempt. A dispatch deletes the XComs
 * of those before it, whatever ended them (a try, a look of a sensor, a loss), except when the task goes on after a deferral.
 */
export function queueInstance(view: RunView, taskInstanceId: number, token: AttemptToken, now: Instant): TaskInstance {
  const { tryNumber, lostDispatches, pokeNumber, deferral } = view.instance(taskInstanceId);
  return view.transition(
    taskInstanceId,
    'queue',
    { token, workerId: null, queuedAt: now, startedAt: null, endedAt: null },
    {
      openAttempt: { dispatchNumber: 1 + lostDispatches + pokeNumber, createdAt: now, startedAt: null, workerId: null },
      clearXComs: deferral === null && tryNumber + lostDispatches + pokeNumber > 1,
    },
  );
}

/** Moves an instance that was queued since the last drain (or before) to `running` on `workerId`. */
export function startInstance(view: RunView, taskInstanceId: number, workerId: string, now: Instant): TaskInstance {
  const { lostDispatches, pokeNumber, queuedAt, waitingSince, taskId } = view.instance(taskInstanceId);
  return view.transition(
    taskInstanceId,
    'start',
    { workerId, startedAt: now, waitingSince: view.task(taskId).sensor ? (waitingSince ?? now) : waitingSince },
    { openAttempt: { dispatchNumber: 1 + lostDispatches + pokeNumber, createdAt: queuedAt ?? now, startedAt: now, workerId } },
  );
}

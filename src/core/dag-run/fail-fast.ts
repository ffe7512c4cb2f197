/** What the first failure for good does to the rest of a run whose DAG says `failFast`. */
import type { Instant } from '../../model/instant.js';
import { FINISHED_STATES } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { RunView } from './run-view.js';
import { forgivenCopies } from './task-node.js';

/**
 * Stops what is left of the run after `failed`: what runs is failed, everything else is skipped, also what could not run because of the failure.
 * Teardowns and the other copies of the failed task go on. Does nothing unless the DAG says `failFast`, and where the failure does not
 * fail the run: the task is not critical, or may lose the copy.
 */
export function stopForFailure(view: RunView, failed: TaskInstance, now: Instant): void {
  if (!view.spec.failFast || failed.state !== 'failed') return;
  const node = view.node(failed.taskId);
  if (!node.task.critical || forgivenCopies(node) > 0) return;
  for (const instance of [...view.allInstances()]) {
    if (instance.taskId === failed.taskId || view.task(instance.taskId).role === 'teardown') continue;
    if (instance.state === 'upstream_failed') {
      view.transition(instance.id, 'passOver', { endedAt: now }, { reason: 'fail_fast' });
    } else if (!FINISHED_STATES.has(instance.state)) endUnderWay(view, instance, now);
  }
}

function endUnderWay(view: RunView, instance: TaskInstance, now: Instant): void {
  const state = instance.state === 'running' ? 'failed' : 'skipped';
  const endAttempt = { state, endedAt: now, reason: 'fail_fast', error: null } as const;
  view.transition(
    instance.id,
    state === 'failed' ? 'stop' : 'passOver',
    { endedAt: now, wakeAt: null, token: null },
    instance.token === null ? { reason: 'fail_fast' } : { reason: 'fail_fast', endAttempt },
  );
}

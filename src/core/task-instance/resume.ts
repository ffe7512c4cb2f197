import type { Instant } from '../../model/instant.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { RunView } from '../dag-run/run-view.js';

/** What became of the trigger (or the question) that a task waited for. */
export type DeferralResult =
  /** It came, or the person answered. */
  | { readonly kind: 'event'; readonly payload: TaggedJson }
  /** What waited for it broke. */
  | { readonly kind: 'error'; readonly message: string }
  /** Its time is over. */
  | { readonly kind: 'timeout' };

/**
 * Lets a task that waits without a slot go on: the same try, in an attempt of its own. Whatever the result is, the worker continues the task
 * with it, so that a broken or late trigger fails under the task's own retries and handlers. `deferral` becomes
 * `{ waited: what it was, result }`.
 */
export function resumeDeferred(view: RunView, taskInstanceId: number, result: DeferralResult, now: Instant): TaskInstance {
  const { deferral } = view.instance(taskInstanceId);
  return view.transition(
    taskInstanceId,
    'resume',
    { deferral: { waited: deferral, result } as TaggedJson, scheduledAt: now, queuedAt: null, wakeAt: null, lostDispatches: 0 },
    { reason: `deferral_${result.kind}` },
  );
}

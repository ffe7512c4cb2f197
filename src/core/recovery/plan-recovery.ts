/** What becomes of an attempt that its worker will never report. */
import type { Instant } from '../../model/instant.js';
import type { RunView } from '../dag-run/run-view.js';
import { settleAttempt } from '../task-instance/settle-attempt.js';

/** One attempt as the sweep found it: `LostAttempt` of the store port fits. */
export interface LostDispatch {
  readonly taskInstanceId: number;
  readonly token: string;
  readonly cause: 'lease_expired' | 'stuck_in_queue';
}

/**
 * Requeues lost attempts without using up a retry, or fails those that were lost too often. Attempts whose token is no longer current are left
 * alone: somebody else has settled them.
 * @returns Ids of the task instances that were changed.
 */
export function planRecovery(view: RunView, lost: readonly LostDispatch[], now: Instant): readonly number[] {
  const changed: number[] = [];
  for (const { taskInstanceId, token, cause } of lost) {
    if (!view.has(taskInstanceId)) continue;
    const instance = view.instance(taskInstanceId);
    if (instance.token !== token || (instance.state !== 'queued' && instance.state !== 'running')) continue;
    settleAttempt(view, taskInstanceId, { kind: 'lost', reason: cause }, now, now);
    changed.push(taskInstanceId);
  }
  return changed;
}

import type { Instant } from '../../model/instant.js';
import { FINISHED_STATES } from '../../model/states.js';
import type { RunView } from '../dag-run/run-view.js';

/** What a person may say that a task instance is. */
export const MARK_TARGETS = ['success', 'failed', 'skipped'] as const;
export type MarkTarget = (typeof MARK_TARGETS)[number];

/**
 * Sets instances to `target`, whatever they are in. An attempt under way loses its token, so that its worker stops it. No XCom, no asset event and no
 * callback comes of it.
 * @returns Ids of those that were in another state before.
 */
export function markInstances(view: RunView, ids: Iterable<number>, target: MarkTarget, now: Instant): readonly number[] {
  const changed: number[] = [];
  for (const id of ids) {
    const instance = view.instance(id);
    if (instance.state === target) continue;
    view.transition(
      id,
      'override',
      {
        state: target,
        token: null,
        workerId: null,
        startedAt: instance.startedAt ?? now,
        endedAt: FINISHED_STATES.has(instance.state) ? (instance.endedAt ?? now) : now,
        wakeAt: null,
        waitingSince: null,
        deferral: null,
      },
      {
        reason: 'marked',
        ...(instance.token === null ? {} : { endAttempt: { state: target, endedAt: now, reason: 'marked', error: null } }),
      },
    );
    changed.push(id);
  }
  return changed;
}

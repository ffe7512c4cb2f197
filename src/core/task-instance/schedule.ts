import type { Instant } from '../../model/instant.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { RunView } from '../dag-run/run-view.js';

/**
 * Moves an instance to `scheduled`. A new try begins unless it comes back from a reschedule: its number grows, and what the last try
 * left (lost dispatches, pokes, dates) is reset.
 */
export function scheduleInstance(view: RunView, instance: TaskInstance, now: Instant): void {
  if (instance.state === 'up_for_reschedule') {
    view.transition(instance.id, 'schedule', { scheduledAt: now, wakeAt: null, lostDispatches: 0 });
    return;
  }
  view.transition(instance.id, 'schedule', {
    tryNumber: instance.tryNumber + 1,
    scheduledAt: now,
    queuedAt: null,
    startedAt: null,
    endedAt: null,
    wakeAt: null,
    waitingSince: null,
    lostDispatches: 0,
    pokeNumber: 0,
    outputLength: null,
    decision: null,
    mapLabel: null,
    deferral: null,
  });
}

/** True when the waiting time of an instance has passed; one that does not wait for time is always due. */
export function isDue(instance: TaskInstance, now: Instant): boolean {
  return dueAt(instance) <= now;
}

/** First whole millisecond at which a waiting instance goes on: strictly after a retry's delay or a deferral's timeout, at the time of a reschedule. */
export function dueAt({ state, wakeAt }: TaskInstance): Instant {
  if (wakeAt === null) return Number.NEGATIVE_INFINITY;
  if (state === 'up_for_retry' || state === 'deferred' || state === 'awaiting_input') return wakeAt + 1;
  if (state === 'up_for_reschedule') return wakeAt;
  return Number.NEGATIVE_INFINITY;
}

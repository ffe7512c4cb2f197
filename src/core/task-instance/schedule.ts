import type { Instant } from '../../model/instant.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { RunView } from '../dag-run/run-view.js';

/**
 * Moves an instance to `scheduled`. A new try begins unless it comes back from a reschedule or was requeued: its number grows, and what the last try
 * left (lost dispatches, pokes, dates) is reset.
 */
export function scheduleInstance(view: RunView, instance: TaskInstance, now: Instant, patch: Partial<TaskInstance> = {}): void {
  if (instance.state === 'up_for_reschedule') {
    view.transition(instance.id, 'schedule', { ...patch, scheduledAt: now, wakeAt: null, lostDispatches: 0 });
    return;
  }
  view.transition(instance.id, 'schedule', {
    ...patch,
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
  });
}

/** True when the waiting time of an instance in up_for_retry (strictly) or up_for_reschedule has passed; others do not wait. */
export function isDue(instance: TaskInstance, now: Instant): boolean {
  return dueAt(instance) <= now;
}

/** First whole millisecond at which a waiting instance may be scheduled. */
export function dueAt(instance: TaskInstance): Instant {
  if (instance.wakeAt === null) return Number.NEGATIVE_INFINITY;
  if (instance.state === 'up_for_retry') return instance.wakeAt + 1;
  if (instance.state === 'up_for_reschedule') return instance.wakeAt;
  return Number.NEGATIVE_INFINITY;
}

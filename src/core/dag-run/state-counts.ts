import type { TaskInstanceState } from '../../model/states.js';

/** Number of task instances in each state. */
export type StateCounts = Record<TaskInstanceState, number>;

export function emptyCounts(): StateCounts {
  return {
    none: 0,
    scheduled: 0,
    queued: 0,
    running: 0,
    success: 0,
    failed: 0,
    skipped: 0,
    upstream_failed: 0,
    removed: 0,
    up_for_retry: 0,
    up_for_reschedule: 0,
    deferred: 0,
    awaiting_input: 0,
  };
}

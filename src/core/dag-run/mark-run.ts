import type { Instant } from '../../model/instant.js';
import { FINISHED_RUN_STATES, FINISHED_STATES, type TaskInstanceState } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { markInstances } from '../task-instance/mark.js';
import type { RunView } from './run-view.js';

/** What a person may say that a run is. */
export const RUN_MARK_TARGETS = ['success', 'failed', 'queued'] as const;
export type RunMarkTarget = (typeof RUN_MARK_TARGETS)[number];

/** Tasks that have begun: they end as the run is marked. Whatever else is unfinished never ran, and is skipped. */
const BEGUN: ReadonlySet<TaskInstanceState> = new Set(['running', 'deferred', 'up_for_reschedule', 'awaiting_input']);

/**
 * Marks a run. `success` and `failed` take every task that has begun along, with all copies of a mapped one, and skip the other unfinished ones. Teardowns
 * are left alone; while one of them is unfinished the run goes on, to end by itself. `queued` only has the run looked at again from its start: nothing is
 * cleared.
 * @returns Ids of the task instances that changed.
 */
export function markRun(view: RunView, target: RunMarkTarget, now: Instant): readonly number[] {
  if (target === 'queued') {
    view.transitionRun('override', { state: 'queued', queuedAt: now, startedAt: null, endedAt: null }, 'marked');
    return [];
  }
  const work = [...view.allInstances()].filter(({ taskId }) => view.task(taskId).role !== 'teardown');
  const begun = new Set(work.filter(({ state }) => BEGUN.has(state)).map(({ taskId }) => taskId));
  const idsOf = (instances: readonly TaskInstance[]): readonly number[] => instances.map(({ id }) => id);
  const changed = [
    ...markInstances(view, idsOf(work.filter(({ taskId }) => begun.has(taskId))), target, now),
    ...markInstances(
      view,
      idsOf(work.filter(({ taskId, state }) => !begun.has(taskId) && !FINISHED_STATES.has(state))),
      'skipped',
      now,
    ),
  ];
  if (view.unfinishedCount === 0 && view.run.state !== target) {
    const endedAt = FINISHED_RUN_STATES.has(view.run.state) ? (view.run.endedAt ?? now) : now;
    view.transitionRun('override', { state: target, endedAt }, 'marked');
  }
  return changed;
}

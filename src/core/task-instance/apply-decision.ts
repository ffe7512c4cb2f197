import type { Instant } from '../../model/instant.js';
import type { TaskInstanceState } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { RunView } from '../dag-run/run-view.js';
import { tasksSkippedBy } from '../graph/skipped-by.js';

/** A decision comes too late for these. */
const SPARED: ReadonlySet<TaskInstanceState> = new Set(['running', 'success', 'failed', 'skipped', 'removed']);

/**
 * Skips at once what a task that succeeded has left out, whatever it waits for; a queued attempt loses its token. The copies of a task that is
 * mapped (or in a mapped group) leave that to the evaluation of their children, where copy looks at copy.
 */
export function applyDecision(view: RunView, decider: TaskInstance, now: Instant): void {
  const { decision, mapIndex, taskId } = decider;
  if (decision === null || mapIndex >= 0) return;
  for (const skipped of tasksSkippedBy(view.graph, taskId, decision)) {
    for (const instance of view.instances(skipped)) {
      if (SPARED.has(instance.state)) continue;
      const endAttempt = { state: 'skipped', endedAt: now, reason: 'skipped_by_decision', error: null } as const;
      view.transition(
        instance.id,
        'passOver',
        { endedAt: now, wakeAt: null, token: null },
        instance.token === null ? { reason: 'skipped_by_decision' } : { reason: 'skipped_by_decision', endAttempt },
      );
    }
  }
}

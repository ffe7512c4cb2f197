/** Decides whether a run is over: by its leaves when nothing is unfinished, or because nothing can ever go on. */
import type { Instant } from '../../model/instant.js';
import { FINISHED_STATES } from '../../model/states.js';
import { evaluateTriggerRule } from '../trigger-rule/evaluate.js';
import { parentStatesOf } from './evaluate-task.js';
import type { RunView } from './run-view.js';

/**
 * Ends the run if it is over. To be called when no task is dirty any more.
 * @returns true when the run ended.
 */
export function decideRunEnd(view: RunView, now: Instant): boolean {
  if (view.unfinishedCount === 0) {
    if (hasFailedLeaf(view)) view.transitionRun('fail', { endedAt: now }, 'task_failure');
    else view.transitionRun('succeed', { endedAt: now }, null);
    return true;
  }
  if (!isDeadlocked(view)) return false;
  view.transitionRun('fail', { endedAt: now }, 'all_tasks_deadlocked');
  return true;
}

function hasFailedLeaf(view: RunView): boolean {
  return view.graph.leaves.some((taskId) => {
    const { counts } = view.node(taskId);
    return counts.failed > 0 || counts.upstream_failed > 0;
  });
}

/**
 * Nothing is under way, and no unfinished instance can ever be scheduled by waiting. Tasks that wait for another run, or under a limit
 * that other runs share, may go on later, and so may those that wait for a trigger or a person.
 */
function isDeadlocked(view: RunView): boolean {
  const { counts } = view;
  if (counts.scheduled + counts.queued + counts.running + counts.deferred + counts.awaiting_input > 0) return false;
  for (const instance of view.allInstances()) {
    if (FINISHED_STATES.has(instance.state)) continue;
    const node = view.node(instance.taskId);
    const { task } = node;
    if (task.dependsOnPast || task.waitForDownstream) return false;
    if (task.maxActiveTisPerDag !== null || task.maxActiveTisPerDagrun !== null) return false;
    // With its rule met it waits for time, or for the length of its mapping.
    if (evaluateTriggerRule(task.triggerRule, parentStatesOf(node), instance.mapIndex) === 'run') return false;
  }
  return true;
}

/**
 * Decides whether a run is over, and how it ended: by its leaves when nothing is unfinished, or because nothing can ever go on.
 * `docs/reference/run-state.md` says the same to people.
 */
import type { Instant } from '../../model/instant.js';
import { evaluateTimeless } from '../dependency/checks.js';
import { endRun } from './end-run.js';
import type { RunView } from './run-view.js';
import { forgivenCopies, type TaskNode } from './task-node.js';

/**
 * Ends the run if it is over. To be called when no task is dirty any more.
 * @returns true when the run ended.
 */
export function decideRunEnd(view: RunView, now: Instant): boolean {
  if (view.unfinishedCount === 0) {
    endByLeaves(view, now);
    return true;
  }
  if (!isDeadlocked(view, now)) return false;
  endRun(view, 'fail', 'all_tasks_deadlocked', now);
  return true;
}

function endByLeaves(view: RunView, now: Instant): void {
  const failed = [...view.nodes()].filter((node) => (node.facts.isStateLeaf || stopsRun(view, node)) && isFailed(node));
  if (failed.some((node) => hasCriticalCause(node))) endRun(view, 'fail', 'task_failure', now);
  else if (view.failedNotCritical > 0) endRun(view, 'succeedPartially', 'not_critical_failure', now);
  else endRun(view, 'succeed', null, now);
}

/** What fails in a run that ends at its first failure fails the run, wherever it stands. */
function stopsRun(view: RunView, { task }: TaskNode): boolean {
  return view.spec.failFast && task.role !== 'teardown';
}

function isFailed(node: TaskNode): boolean {
  return node.counts.failed + node.counts.upstream_failed > 0 && forgivenCopies(node) === 0;
}

/**
 * Whether a failure goes back to a task that is critical. A task that could not run is as critical as what kept it from running: the failed parents
 * and setups above it.
 * @param node A task that failed.
 */
function hasCriticalCause(node: TaskNode): boolean {
  const seen = new Set<TaskNode>();
  const open = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (!next.task.critical) continue;
    if (next.counts.failed > 0) return true;
    const causes = [...next.upstream, ...next.indirectSetups, ...next.mapSources].filter(isFailed);
    if (causes.length === 0) return true;
    open.push(...causes);
  }
  return false;
}

/**
 * Nothing is under way, and no unfinished instance can ever be scheduled by waiting. Tasks that wait for another run, or under a limit
 * that other runs share, may go on later, and so may those that wait for a trigger or a person.
 */
function isDeadlocked(view: RunView, now: Instant): boolean {
  const { counts } = view;
  if (counts.scheduled + counts.queued + counts.running + counts.deferred + counts.awaiting_input > 0) return false;
  if (view.heldFromOutside > 0) return false;
  // What has its dependencies met waits for time: everything else has been evaluated and was left waiting.
  for (const instance of view.agenda.waiting()) {
    if (evaluateTimeless({ view, node: view.node(instance.taskId), instance, now }).verdict === 'met') return false;
  }
  return true;
}

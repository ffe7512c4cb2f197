/** Which tasks a decision (of a branch, a short circuit or a latest-only task) leaves out. Teardowns are never among them. */
import type { TaskSpec } from '../../model/dag-spec.js';
import type { FlowDecision } from '../../model/task-instance.js';
import { childrenOf, type TaskGraph } from './task-graph.js';

/** Whether `decision` leaves out `task`, a child of the task that decided. */
export function isSkippedBy(decision: FlowDecision, { taskId, role }: TaskSpec): boolean {
  if (role === 'teardown') return false;
  return 'skipped' in decision ? decision.skipped.includes(taskId) : !decision.followed.includes(taskId);
}

/** The tasks that the decision of `deciderId` leaves out: direct children, or those of the DAG that it names. */
export function tasksSkippedBy(graph: TaskGraph, deciderId: string, decision: FlowDecision): readonly string[] {
  const candidates = 'skipped' in decision ? decision.skipped : childrenOf(graph, deciderId);
  return candidates.filter((taskId) => {
    const task = graph.tasks.get(taskId);
    return task !== undefined && isSkippedBy(decision, task);
  });
}

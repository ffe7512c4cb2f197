/** Setups and teardowns around work: which of them have to run again together with it. */
import { flatRelatives } from './relatives.js';
import { childrenOf, taskOf, type TaskGraph } from './task-graph.js';

/** The teardowns directly below a setup: those that clean up after it. */
export function teardownsOf(graph: TaskGraph, setupId: string): readonly string[] {
  return childrenOf(graph, setupId).filter((taskId) => taskOf(graph, taskId).role === 'teardown');
}

/**
 * The setups that a task runs inside of: those upstream of it, at any depth, that clean up only after it, or that are never cleaned up. A setup whose
 * teardowns all lie elsewhere was over before the task began.
 */
export function setupsAround(graph: TaskGraph, taskId: string): readonly string[] {
  if (graph.setups.length === 0) return [];
  const above = flatRelatives(graph, [taskId], 'upstream');
  const below = flatRelatives(graph, [taskId], 'downstream');
  return graph.setups.filter((setupId) => {
    if (!above.has(setupId)) return false;
    const teardowns = teardownsOf(graph, setupId);
    return teardowns.length === 0 || teardowns.some((teardownId) => below.has(teardownId));
  });
}

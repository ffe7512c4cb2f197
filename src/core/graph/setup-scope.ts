/** Setups and teardowns around work: which of them have to run again together with it. */
import type { TaskGraph } from './task-graph.js';
import { flatRelatives } from './relatives.js';

/** The teardowns directly below a setup: those that clean up after it. */
export function teardownsOf(graph: TaskGraph, setupId: string): readonly string[] {
  return (graph.downstream.get(setupId) ?? []).filter((taskId) => graph.tasks.get(taskId)?.role === 'teardown');
}

/**
 * The setups that a task runs inside of: those upstream of it, at any depth, that clean up only after it, or that are never cleaned up. A setup whose
 * teardowns all lie elsewhere was over before the task began.
 */
export function setupsAround(graph: TaskGraph, taskId: string): readonly string[] {
  if (!hasSetups(graph)) return [];
  const setups = [...flatRelatives(graph, [taskId], 'upstream')].filter((id) => graph.tasks.get(id)?.role === 'setup');
  if (setups.length === 0) return [];
  const below = flatRelatives(graph, [taskId], 'downstream');
  return setups.filter((setupId) => {
    const teardowns = teardownsOf(graph, setupId);
    return teardowns.length === 0 || teardowns.some((teardownId) => below.has(teardownId));
  });
}

const withSetups = new WeakMap<TaskGraph, boolean>();

function hasSetups(graph: TaskGraph): boolean {
  let has = withSetups.get(graph);
  if (has === undefined) {
    has = [...graph.tasks.values()].some(({ role }) => role === 'setup');
    withSetups.set(graph, has);
  }
  return has;
}

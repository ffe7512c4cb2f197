import type { TaskGraph } from './task-graph.js';

/**
 * All tasks at any depth upstream or downstream of `taskIds`, without those themselves unless another of them leads there. A task that is not there
 * has none.
 */
export function flatRelatives(
  graph: TaskGraph,
  taskIds: Iterable<string>,
  direction: 'upstream' | 'downstream',
): ReadonlySet<string> {
  const found = new Set<string>();
  const addRelativesOf = (taskId: string): void => {
    const relatives = direction === 'upstream' ? graph.tasks.get(taskId)?.upstream : graph.downstream.get(taskId);
    for (const relative of relatives ?? []) found.add(relative);
  };
  for (const taskId of taskIds) addRelativesOf(taskId);
  // Grows while it is walked, and holds each task once however many ways lead there.
  for (const taskId of found) addRelativesOf(taskId);
  return found;
}

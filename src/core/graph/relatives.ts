import type { TaskGraph } from './task-graph.js';

/** All tasks at any depth upstream or downstream of `taskIds`, without those themselves unless another of them leads there. */
export function flatRelatives(
  graph: TaskGraph,
  taskIds: Iterable<string>,
  direction: 'upstream' | 'downstream',
): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...taskIds];
  for (let taskId = open.pop(); taskId !== undefined; taskId = open.pop()) {
    const relatives = direction === 'upstream' ? graph.tasks.get(taskId)?.upstream : graph.downstream.get(taskId);
    for (const relative of relatives ?? []) {
      if (found.has(relative)) continue;
      found.add(relative);
      open.push(relative);
    }
  }
  return found;
}

/** The order of tasks, and the proof that there is one. Works on bare edges, before a spec exists. */
import { AirflowLikeError } from '../../model/errors.js';

/** What a task has to say about its edges. */
export interface TaskEdges {
  readonly taskId: string;
  /** Ids of the direct parents. */
  readonly upstream: readonly string[];
}

interface Place {
  readonly taskId: string;
  /** Parents that are not in the order yet. */
  missing: number;
  readonly children: Place[];
}

/**
 * Task ids, parents before children; among free tasks the given order is kept. Parents that are none of the tasks do not count.
 * @throws AirflowLikeError DAG_CYCLE with the cycle as a path `a -> b -> a`.
 */
export function topologicalOrder(tasks: readonly TaskEdges[], place: string): readonly string[] {
  const places = new Map(tasks.map(({ taskId }): [string, Place] => [taskId, { taskId, missing: 0, children: [] }]));
  for (const { taskId, upstream } of tasks) {
    const own = places.get(taskId) as Place;
    for (const id of upstream) {
      const parent = places.get(id);
      if (!parent) continue;
      parent.children.push(own);
      own.missing++;
    }
  }
  const order = [...places.values()].filter(({ missing }) => missing === 0);
  // Grows while it is walked.
  for (const { children } of order) {
    for (const child of children) {
      child.missing--;
      if (child.missing === 0) order.push(child);
    }
  }
  if (order.length === places.size) return order.map(({ taskId }) => taskId);
  const cycle = findCycle(tasks) as readonly string[];
  throw new AirflowLikeError('DAG_CYCLE', { place, message: `the tasks form a cycle: ${cycle.join(' -> ')}` });
}

/** A cycle in running order, its first task repeated at the end; null when there is none. */
export function findCycle(tasks: readonly TaskEdges[]): readonly string[] | null {
  const parentsOf = new Map(tasks.map((task) => [task.taskId, task.upstream]));
  const done = new Set<string>();
  for (const { taskId } of tasks) {
    // Walks from child to parent; `path` holds the tasks entered and not yet left.
    const path: { readonly taskId: string; next: number }[] = [{ taskId, next: 0 }];
    const onPath = new Set([taskId]);
    while (path.length > 0) {
      const step = path[path.length - 1] as { readonly taskId: string; next: number };
      const parent = done.has(step.taskId) ? undefined : (parentsOf.get(step.taskId) ?? [])[step.next++];
      if (parent === undefined) {
        done.add(step.taskId);
        onPath.delete(step.taskId);
        path.pop();
      } else if (onPath.has(parent)) {
        const from = path.findIndex((entry) => entry.taskId === parent);
        const members = path.slice(from).map((entry) => entry.taskId);
        return [parent, ...members.reverse()];
      } else {
        path.push({ taskId: parent, next: 0 });
        onPath.add(parent);
      }
    }
  }
  return null;
}

/** Cycles that share no task, until none is left: what an author has to break, told at once. */
export function findCycles(tasks: readonly TaskEdges[]): readonly (readonly string[])[] {
  const cycles: (readonly string[])[] = [];
  let rest = tasks;
  for (let cycle = findCycle(rest); cycle; cycle = findCycle(rest)) {
    cycles.push(cycle);
    const found = new Set(cycle);
    rest = rest.filter(({ taskId }) => !found.has(taskId));
  }
  return cycles;
}

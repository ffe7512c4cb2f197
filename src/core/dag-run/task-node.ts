/** One task inside a `RunView`: its instances, and counters that make every trigger rule O(1). */
import type { TaskSpec } from '../../model/dag-spec.js';
import { FINISHED_STATES, type TaskInstanceState } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { TaskGraph } from '../graph/task-graph.js';
import { mattersToNextRun } from './depends-on-past.js';
import { emptyCounts, type StateCounts } from './state-counts.js';
import type { PendingChange } from './pending-change.js';

/** A task instance in its place; `instance` is replaced at every change. */
export interface Slot {
  instance: TaskInstance;
  readonly node: TaskNode;
  /** What happened to it since the last drain. */
  pending: PendingChange | null;
}

export interface TaskNode {
  readonly task: TaskSpec;
  readonly upstream: readonly TaskNode[];
  readonly downstream: readonly TaskNode[];
  /** By map index. */
  slots: Slot[];
  readonly counts: StateCounts;
  /** States of all instances of the direct upstream tasks. */
  readonly parents: StateCounts;
  /** Number of instances of the direct upstream tasks; a task without any counts as one that never ends. */
  parentTotal: number;
  /** The next run's `dependsOnPast` looks at how this task ended. */
  readonly mattersToNextRun: boolean;
}

/** Nodes for every task, linked both ways, without instances. */
export function createNodes(graph: TaskGraph): Map<string, TaskNode> {
  const nodes = new Map<string, TaskNode>();
  for (const task of graph.tasks.values()) {
    nodes.set(task.taskId, {
      task,
      upstream: [],
      downstream: [],
      slots: [],
      counts: emptyCounts(),
      parents: emptyCounts(),
      parentTotal: task.upstream.length,
      mattersToNextRun: mattersToNextRun(task, graph),
    });
  }
  for (const node of nodes.values()) {
    for (const id of node.task.upstream) {
      const parent = nodes.get(id) as TaskNode;
      (node.upstream as TaskNode[]).push(parent);
      (parent.downstream as TaskNode[]).push(node);
    }
  }
  return nodes;
}

/** Tasks that have no part in the run hold nobody up: they are no parents there. To be called before there are instances. */
export function leaveOut(nodes: ReadonlyMap<string, TaskNode>, parts: ReadonlySet<string>): void {
  for (const [taskId, node] of nodes) if (!parts.has(taskId)) for (const child of node.downstream) child.parentTotal--;
}

/** Puts an instance under its task and counts it there and in the children. */
export function addSlot(node: TaskNode, instance: TaskInstance, pending: PendingChange | null): Slot {
  const slot: Slot = { instance, node, pending };
  const isFirst = node.slots.length === 0;
  node.slots.push(slot);
  node.counts[instance.state]++;
  for (const child of node.downstream) {
    if (!isFirst) child.parentTotal++;
    child.parents[instance.state]++;
  }
  return slot;
}

/** Moves one instance of the node from state to state in all counters. */
export function recount(node: TaskNode, from: TaskInstanceState, to: TaskInstanceState): void {
  node.counts[from]--;
  node.counts[to]++;
  for (const child of node.downstream) {
    child.parents[from]--;
    child.parents[to]++;
  }
}

/** True when children may have to be looked at again. */
export function changesOutcome(from: TaskInstanceState, to: TaskInstanceState): boolean {
  return from !== to && (FINISHED_STATES.has(from) || FINISHED_STATES.has(to));
}

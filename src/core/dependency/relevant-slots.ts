/** Which instances of another task an instance looks at: in a mapped group copy follows copy, elsewhere each looks at all. */
import { countState, type ParentTally } from '../dag-run/parent-tally.js';
import { isSameGroup, type Slot, type TaskNode } from '../dag-run/task-node.js';
import type { TaskInstanceState } from '../../model/states.js';

/** The copy with this index, or the row that stands for all copies; undefined: `node` has neither. */
export function slotAt(node: TaskNode, mapIndex: number): Slot | undefined {
  return node.byIndex.get(mapIndex) ?? node.byIndex.get(-1);
}

/**
 * The instances of `other` that the instance of `node` at `mapIndex` looks at. In their mapped group a row that stands for all copies looks at the other
 * such row: once the other has copies it must have its own, each of which looks at one of them.
 */
export function relevantSlots(node: TaskNode, other: TaskNode, mapIndex: number): readonly Slot[] {
  if (!isSameGroup(node, other)) return other.slots;
  const slot = slotAt(other, mapIndex);
  return slot ? [slot] : [];
}

/** @param forgives A failure counts as done well. */
export function countSlot(tally: ParentTally, { instance, node }: Slot, forgives: boolean): void {
  countState(tally, instance.state, 1, isSetup(node), forgives);
}

/** The same for all instances of a task. */
export function countAll(tally: ParentTally, node: TaskNode, forgives: boolean): void {
  for (const state of Object.keys(node.counts) as TaskInstanceState[]) {
    countState(tally, state, node.counts[state], isSetup(node), forgives);
  }
}

function isSetup({ task }: TaskNode): boolean {
  return task.role === 'setup';
}

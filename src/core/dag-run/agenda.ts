import type { Instant } from '../../model/instant.js';
import type { TaskInstanceState } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { Slot, TaskNode } from './task-node.js';
import { WakeQueue } from './wake-queue.js';

/**
 * What a planner has to look at in one run: tasks and single instances whose surroundings changed, and instances whose waiting time has passed.
 * Everything after loading, then only the neighbours of what changes.
 */
export class Agenda {
  readonly #dirty = new Set<TaskNode>();
  readonly #waiting = new Set<Slot>();
  readonly #wakes = new WakeQueue();

  /** Ids of the tasks to look at. */
  taskIds(): readonly string[] {
    return [...this.#dirty].map(({ task }) => task.taskId);
  }

  /** The tasks to look at, children before parents, so that each is judged by what was there before. They are on the agenda no more. */
  take(): readonly TaskNode[] {
    const nodes = [...this.#dirty];
    this.#dirty.clear();
    return nodes.sort((a, b) => b.facts.rank - a.facts.rank);
  }

  /** Takes out the waiting instances whose time has come: of a retry, a reschedule, or what a deferred task waits for at most. */
  takeDue(now: Instant): readonly TaskInstance[] {
    const due: TaskInstance[] = [];
    for (const slot of this.#wakes.takeDue(now)) {
      due.push(slot.instance);
      this.addSlot(slot);
    }
    return due;
  }

  /** When the next waiting instance is due; null: none waits for time. */
  nextWakeAt(): Instant | null {
    return this.#wakes.nextAt();
  }

  /** Instances in `up_for_retry` and `up_for_reschedule`. */
  *waiting(): Iterable<TaskInstance> {
    for (const slot of this.#waiting) yield slot.instance;
  }

  /** All instances of the task have to be looked at. */
  addTask(node: TaskNode): void {
    node.isDirty = true;
    this.#dirty.add(node);
  }

  addSlot(slot: Slot): void {
    slot.node.dirtySlots.add(slot);
    this.#dirty.add(slot.node);
  }

  addChildren(node: TaskNode): void {
    for (const child of node.downstream) this.addTask(child);
  }

  /** What looks at this instance has to be looked at: in a mapped group only the copies with the same index, otherwise whole tasks. */
  addNeighbours({ node, instance: { mapIndex } }: Slot): void {
    for (const { child, isInside } of node.edges) {
      const slot = isInside ? child.byIndex.get(mapIndex) : undefined;
      if (slot) this.addSlot(slot);
      else this.addTask(child);
    }
    for (const other of node.dependents) this.addTask(other);
  }

  /** Takes over that an instance is in `state` now. */
  file(slot: Slot, state: TaskInstanceState): void {
    if (state === 'up_for_retry' || state === 'up_for_reschedule') this.#waiting.add(slot);
    else this.#waiting.delete(slot);
    this.#wakes.push(slot);
  }
}

import type { TaskInstance } from '../../model/task-instance.js';
import type { Slot } from './task-node.js';

/** Scheduled instances of one task that have one weight, by map index. */
export interface ReadyGroup {
  readonly taskId: string;
  readonly priorityWeight: number;
  readonly slots: readonly Slot[];
}

interface OpenGroup extends ReadyGroup {
  readonly slots: Slot[];
}

/** The instances of a run in state `scheduled`, by weight: whoever fills a few slots need not look at all of them. */
export class ReadyInstances {
  /** Descending; those that have groups. */
  readonly #weights: number[] = [];
  readonly #byWeight = new Map<number, Map<string, OpenGroup>>();
  readonly #groupOf = new Map<Slot, OpenGroup>();

  add(slot: Slot): void {
    const { taskId, priorityWeight } = slot.instance;
    let ofWeight = this.#byWeight.get(priorityWeight);
    if (!ofWeight) {
      this.#byWeight.set(priorityWeight, (ofWeight = new Map()));
      this.#weights.splice(
        firstNotBefore(this.#weights, (weight) => weight > priorityWeight),
        0,
        priorityWeight,
      );
    }
    let group = ofWeight.get(taskId);
    if (!group) ofWeight.set(taskId, (group = { taskId, priorityWeight, slots: [] }));
    group.slots.splice(placeOf(group.slots, slot), 0, slot);
    this.#groupOf.set(slot, group);
  }

  delete(slot: Slot): void {
    const group = this.#groupOf.get(slot);
    if (!group) return;
    const { taskId, priorityWeight, slots } = group;
    this.#groupOf.delete(slot);
    slots.splice(placeOf(slots, slot), 1);
    if (slots.length > 0) return;
    const ofWeight = this.#byWeight.get(priorityWeight)!;
    ofWeight.delete(taskId);
    if (ofWeight.size > 0) return;
    this.#byWeight.delete(priorityWeight);
    this.#weights.splice(this.#weights.indexOf(priorityWeight), 1);
  }

  /** Heaviest first. Must not be changed while it is walked. */
  *groups(): Iterable<ReadyGroup> {
    for (const weight of this.#weights) yield* this.#byWeight.get(weight)!.values();
  }

  /** Those that are stored, heaviest first. */
  *instances(): Iterable<TaskInstance> {
    for (const { slots } of this.groups()) for (const { instance } of slots) if (instance.id > 0) yield instance;
  }
}

/** Where the slot stands, or belongs, among those of its task. */
function placeOf(slots: readonly Slot[], { instance: { mapIndex } }: Slot): number {
  return firstNotBefore(slots, (other) => other.instance.mapIndex < mapIndex);
}

/** Position of the first entry that is not `before`, in a list where all that are stand first. */
function firstNotBefore<Entry>(entries: readonly Entry[], before: (entry: Entry) => boolean): number {
  let from = 0;
  let to = entries.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (before(entries[middle]!)) from = middle + 1;
    else to = middle;
  }
  return from;
}

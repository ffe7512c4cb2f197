import type { Instant } from '../../model/instant.js';
import { dueAt } from '../task-instance/schedule.js';
import type { Slot } from './task-node.js';

interface Entry {
  readonly at: Instant;
  readonly slot: Slot;
}

/**
 * Instances that wait for time, the soonest first (a binary heap). Nothing is taken out when an instance stops waiting: an entry that no longer
 * says when its instance is due is dropped when it comes up.
 */
export class WakeQueue {
  readonly #heap: Entry[] = [];

  push(slot: Slot): void {
    const at = dueAt(slot.instance);
    if (at === Number.NEGATIVE_INFINITY) return;
    const heap = this.#heap;
    let index = heap.push({ at, slot }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if ((heap[parent] as Entry).at <= (heap[index] as Entry).at) break;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** Takes out what is due. */
  *takeDue(now: Instant): Iterable<Slot> {
    for (let at = this.nextAt(); at !== null && at <= now; at = this.nextAt()) yield this.#take().slot;
  }

  /** When the first instance is due; null: none waits for time. */
  nextAt(): Instant | null {
    for (let first = this.#heap[0]; first; first = this.#heap[0]) {
      if (dueAt(first.slot.instance) === first.at) return first.at;
      this.#take();
    }
    return null;
  }

  #take(): Entry {
    const heap = this.#heap;
    const first = heap[0] as Entry;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return first;
    heap[0] = last;
    for (let index = 0; ;) {
      const left = 2 * index + 1;
      let least = index;
      if (left < heap.length && (heap[left] as Entry).at < (heap[least] as Entry).at) least = left;
      if (left + 1 < heap.length && (heap[left + 1] as Entry).at < (heap[least] as Entry).at) least = left + 1;
      if (least === index) return first;
      this.#swap(index, least);
      index = least;
    }
  }

  #swap(a: number, b: number): void {
    const entry = this.#heap[a] as Entry;
    this.#heap[a] = this.#heap[b] as Entry;
    this.#heap[b] = entry;
  }
}

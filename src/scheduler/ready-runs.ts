/**
 * The planned runs with task instances in state `scheduled`, and from them the candidates for free slots: the most urgent ones first, and no
 * more than are needed, so that a pass costs what it starts and not what waits.
 */
import type { RunView } from '../core/dag-run/run-view.js';
import { effectiveWeights } from '../core/queueing/effective-weights.js';
import type { QueueCandidate } from '../core/queueing/plan-queueing.js';
import type { DagSpec } from '../model/dag-spec.js';

/** How many ready instances are looked at per free slot: enough to fill the slots past a few blocked ones. */
const CANDIDATES_PER_SLOT = 4;

const heaviest = new WeakMap<DagSpec, number>();

export class ReadyRuns {
  readonly #views = new Map<number, RunView>();
  /** By urgency; null after a change. */
  #sorted: RunView[] | null = null;

  get size(): number {
    return this.#views.size;
  }

  ids(): number[] {
    return [...this.#views.keys()];
  }

  /** Takes the view in, or out when it has nothing ready. */
  update(view: RunView): void {
    const { id } = view.run;
    if (view.counts.scheduled === 0 || view.run.state !== 'running') return this.delete(id);
    if (this.#views.get(id) === view) return;
    this.#views.set(id, view);
    this.#sorted = null;
  }

  delete(dagRunId: number): void {
    if (this.#views.delete(dagRunId)) this.#sorted = null;
  }

  /**
   * The instances that should fill `slots` free slots, as far as runs alone can tell: pools and the limits of a task are for `planQueueing`.
   * Each pool of a run contributes its oldest ready instances. With `all` the list is not cut: for the pass after one in which a cut list
   * did not fill the slots, because its pool was full.
   */
  candidates(slots: number, all: boolean): { readonly candidates: readonly QueueCandidate[]; readonly isCut: boolean } {
    const wanted = slots * CANDIDATES_PER_SLOT;
    const candidates: QueueCandidate[] = [];
    let lightest = Number.POSITIVE_INFINITY;
    this.#sorted ??= [...this.#views.values()].sort(byUrgency);
    let lane: boolean | null = null;
    for (const view of this.#sorted) {
      const isBackfill = view.run.backfillId !== null;
      // What follows cannot be more urgent than what is here already.
      const isEnough = !all && candidates.length >= wanted;
      if (isEnough && (lane !== isBackfill || weightOf(view.spec) <= lightest)) return { candidates, isCut: true };
      lane = isBackfill;
      const room = view.spec.maxActiveTasks - view.occupiedSlots;
      if (room <= 0) continue;
      const taken = new Map<string, number>();
      for (const instance of view.ready()) {
        const count = taken.get(instance.pool) ?? 0;
        if (count >= wanted) continue;
        taken.set(instance.pool, count + 1);
        lightest = Math.min(lightest, instance.priorityWeight);
        candidates.push({ view, instance });
      }
    }
    return { candidates, isCut: false };
  }
}

/** The heaviest weight that a task of the DAG has. */
function weightOf(spec: DagSpec): number {
  let weight = heaviest.get(spec);
  if (weight === undefined) {
    weight = Number.NEGATIVE_INFINITY;
    for (const each of effectiveWeights(spec).values()) weight = Math.max(weight, each);
    heaviest.set(spec, weight);
  }
  return weight;
}

function byUrgency(a: RunView, b: RunView): number {
  return (
    Number(a.run.backfillId !== null) - Number(b.run.backfillId !== null) ||
    weightOf(b.spec) - weightOf(a.spec) ||
    a.run.runAfter - b.run.runAfter ||
    a.run.id - b.run.id
  );
}

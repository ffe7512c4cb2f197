/**
 * The planned runs with task instances in state `scheduled`, and from them the candidates for free slots: the most urgent ones first, and no
 * more than are needed, so that a pass costs what it starts and not what waits.
 */
import type { ReadyGroup } from '../core/dag-run/ready-instances.js';
import type { RunView } from '../core/dag-run/run-view.js';
import { effectiveWeights } from '../core/queueing/effective-weights.js';
import { compareDates } from '../core/queueing/plan-queueing.js';
import type { QueueCandidate } from '../core/queueing/queue-limits.js';
import type { DagSpec } from '../model/dag-spec.js';

/** How many ready instances are looked at per free slot: enough to fill the slots past a few blocked ones. */
const CANDIDATES_PER_SLOT = 4;

export interface Candidates {
  readonly candidates: readonly QueueCandidate[];
  /** True: there are more, less urgent ones. */
  readonly isCut: boolean;
}

export class ReadyRuns {
  /** Runs of backfills have a list of their own, because they get a share of the slots. */
  readonly #others = new Lane();
  readonly #backfills = new Lane();

  get size(): number {
    return this.#others.views.size + this.#backfills.views.size;
  }

  ids(): number[] {
    return [...this.#others.views.keys(), ...this.#backfills.views.keys()];
  }

  /** Takes the view in, or out when it has nothing ready. */
  update(view: RunView): void {
    const { id, backfillId, state } = view.run;
    if (view.counts.scheduled === 0 || state !== 'running') return this.delete(id);
    (backfillId === null ? this.#backfills : this.#others).delete(id);
    (backfillId === null ? this.#others : this.#backfills).put(view);
  }

  delete(dagRunId: number): void {
    this.#others.delete(dagRunId);
    this.#backfills.delete(dagRunId);
  }

  /**
   * The instances that should fill `slots` free slots, as far as runs alone can tell: what others have under way is for `planQueueing`. Each pool
   * of a run contributes its most urgent instances. With `all` the list is not cut: for the pass after one in which a cut list did not fill the
   * slots, because its pool was full.
   * @param skippedDags Of these there are none.
   */
  candidates(slots: number, all: boolean, skippedDags: ReadonlySet<string>): Candidates {
    const wanted = slots * CANDIDATES_PER_SLOT;
    const candidates: QueueCandidate[] = [];
    const areOthersCut = collect(this.#others.sorted(), wanted, all, skippedDags, candidates);
    const areBackfillsCut = collect(this.#backfills.sorted(), wanted, all, skippedDags, candidates);
    return { candidates, isCut: areOthersCut || areBackfillsCut };
  }
}

class Lane {
  readonly views = new Map<number, RunView>();
  /** By urgency; null after a change. */
  #sorted: readonly RunView[] | null = null;

  put(view: RunView): void {
    const { id } = view.run;
    if (this.views.get(id) === view) return;
    this.views.set(id, view);
    this.#sorted = null;
  }

  delete(dagRunId: number): void {
    if (this.views.delete(dagRunId)) this.#sorted = null;
  }

  sorted(): readonly RunView[] {
    this.#sorted ??= [...this.views.values()].sort(byUrgency);
    return this.#sorted;
  }
}

/** Adds the candidates of these runs. Says whether it stopped before the last one. */
function collect(
  views: readonly RunView[],
  wanted: number,
  all: boolean,
  skippedDags: ReadonlySet<string>,
  candidates: QueueCandidate[],
): boolean {
  let found = 0;
  /** The least urgent candidate so far: what cannot be more urgent than this is not needed. */
  let leastWeight = Number.POSITIVE_INFINITY;
  let leastDate: number | null = 0;
  let isCut = false;
  for (const view of views) {
    const { dagId, logicalDate } = view.run;
    if (!all && found >= wanted) {
      const { weight } = factsOf(view.spec);
      if (weight < leastWeight || (weight === leastWeight && compareDates(logicalDate, leastDate) >= 0)) return true;
    }
    const room = view.spec.maxActiveTasks - view.occupiedSlots;
    if (room <= 0 || skippedDags.has(dagId)) continue;
    const ofPool = new Map<string, number>();
    let openPools = factsOf(view.spec).pools;
    for (const group of view.readyGroups()) {
      if (openPools <= 0) break;
      const { priorityWeight, slots } = group;
      let places = placesFor(view, group, room);
      for (const { instance } of slots) {
        if (places <= 0) break;
        if (instance.id < 0) continue;
        const count = (ofPool.get(instance.pool) ?? 0) + 1;
        if (!all && count > wanted) {
          isCut = true;
          break;
        }
        ofPool.set(instance.pool, count);
        if (!all && count === wanted) openPools--;
        places--;
        found++;
        if (priorityWeight < leastWeight) [leastWeight, leastDate] = [priorityWeight, logicalDate];
        else if (priorityWeight === leastWeight && compareDates(logicalDate, leastDate) > 0) leastDate = logicalDate;
        candidates.push({ view, instance });
      }
    }
    if (openPools <= 0) isCut = true;
  }
  return isCut;
}

/** Most instances of the group that the limits of its run and of its task can let pass, whatever goes on elsewhere. */
function placesFor(view: RunView, { taskId }: ReadyGroup, room: number): number {
  const { task, counts } = view.node(taskId);
  let places = room;
  if (task.maxActiveTisPerDag !== null) places = Math.min(places, task.maxActiveTisPerDag);
  if (task.maxActiveTisPerDagrun !== null) {
    const active = counts.queued + counts.running + counts.deferred + counts.awaiting_input;
    places = Math.min(places, Math.max(0, task.maxActiveTisPerDagrun - active));
  }
  return places;
}

/** What is asked of a DAG in every pass. */
interface SpecFacts {
  /** The heaviest weight that one of its tasks has. */
  readonly weight: number;
  /** How many pools its tasks use. */
  readonly pools: number;
}

const known = new WeakMap<DagSpec, SpecFacts>();

function factsOf(spec: DagSpec): SpecFacts {
  let facts = known.get(spec);
  if (!facts) {
    let weight = Number.NEGATIVE_INFINITY;
    for (const each of effectiveWeights(spec).values()) weight = Math.max(weight, each);
    known.set(spec, (facts = { weight, pools: new Set(spec.tasks.map((task) => task.pool)).size }));
  }
  return facts;
}

function byUrgency(a: RunView, b: RunView): number {
  return (
    factsOf(b.spec).weight - factsOf(a.spec).weight ||
    compareDates(a.run.logicalDate, b.run.logicalDate) ||
    a.run.runAfter - b.run.runAfter ||
    a.run.id - b.run.id
  );
}

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
   * The most urgent instances for `slots` free slots, as far as runs alone can tell: what others have under way is for `planQueueing`. With `all`
   * the list is not cut: for the pass after one in which a cut list did not fill the slots, because its pool was full.
   * @param skippedDags Of these there are none.
   */
  candidates(slots: number, all: boolean, skippedDags: ReadonlySet<string>): Candidates {
    const wanted = all ? Number.POSITIVE_INFINITY : slots * CANDIDATES_PER_SLOT;
    const candidates: QueueCandidate[] = [];
    const areOthersCut = collect(this.#others.sorted(), wanted, skippedDags, candidates);
    const areBackfillsCut = collect(this.#backfills.sorted(), wanted, skippedDags, candidates);
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

/** A run whose next most urgent group has not been looked at yet. */
interface Cursor {
  readonly view: RunView;
  readonly room: number;
  readonly groups: Iterator<ReadyGroup>;
  group: ReadyGroup;
}

/**
 * Adds the candidates of these runs, the most urgent groups of all runs first. A run is opened when nothing that is open is more urgent than it
 * can be. Says whether it stopped before the last one.
 */
function collect(
  views: readonly RunView[],
  wanted: number,
  skippedDags: ReadonlySet<string>,
  candidates: QueueCandidate[],
): boolean {
  /** The most urgent one is the last. */
  const open: Cursor[] = [];
  let next = 0;
  let found = 0;
  for (;;) {
    while (next < views.length && (open.length === 0 || !isBehind(views[next]!, open.at(-1)!))) {
      const view = views[next++]!;
      const room = view.spec.maxActiveTasks - view.occupiedSlots;
      if (room > 0 && !skippedDags.has(view.run.dagId))
        advance(open, { view, room, groups: view.readyGroups()[Symbol.iterator]() });
    }
    const cursor = open.pop();
    if (!cursor) return false;
    if (found >= wanted) return true;
    const { view, group } = cursor;
    let places = placesFor(view, group, cursor.room);
    for (const { instance } of group.slots) {
      if (places <= 0) break;
      if (instance.id < 0) continue;
      places--;
      found++;
      candidates.push({ view, instance });
    }
    advance(open, cursor);
  }
}

/** Puts the run where its next group belongs; one without any is done. */
function advance(open: Cursor[], cursor: Omit<Cursor, 'group'>): void {
  const { value, done } = cursor.groups.next() as IteratorResult<ReadyGroup, undefined>;
  if (done) return;
  const moved = Object.assign(cursor, { group: value });
  let from = 0;
  let to = open.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isMoreUrgent(open[middle]!, moved)) to = middle;
    else from = middle + 1;
  }
  open.splice(from, 0, moved);
}

function isMoreUrgent(a: Cursor, b: Cursor): boolean {
  const difference = b.group.priorityWeight - a.group.priorityWeight || compareAge(a.view, b.view);
  return difference < 0;
}

/** Whether nothing of the run can be more urgent than what is next of the open one. */
function isBehind(view: RunView, { group, view: other }: Cursor): boolean {
  return (group.priorityWeight - weightOf(view.spec) || compareAge(view, other)) > 0;
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

/** The heaviest weight that a task of the DAG has, for each spec that was asked about. */
const heaviest = new WeakMap<DagSpec, number>();

function weightOf(spec: DagSpec): number {
  let weight = heaviest.get(spec);
  if (weight === undefined) {
    weight = Number.NEGATIVE_INFINITY;
    for (const each of effectiveWeights(spec).values()) weight = Math.max(weight, each);
    heaviest.set(spec, weight);
  }
  return weight;
}

/** By the most urgent task that a run can have. */
function byUrgency(a: RunView, b: RunView): number {
  return weightOf(b.spec) - weightOf(a.spec) || compareAge(a, b);
}

function compareAge(a: RunView, b: RunView): number {
  return compareDates(a.run.logicalDate, b.run.logicalDate) || a.run.runAfter - b.run.runAfter || a.run.id - b.run.id;
}

/**
 * Chooses which scheduled task instances may be queued now: in order of urgency, under every limit, taking a smaller one where a wide one does
 * not fit. Pure over the occupancy that was counted under lock.
 */
import type { Occupancy } from '../../model/snapshot.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { RunView } from '../dag-run/run-view.js';

export interface QueueCandidate {
  readonly view: RunView;
  readonly instance: TaskInstance;
}

export interface QueueingInput {
  readonly candidates: readonly QueueCandidate[];
  /** Counted from rows, under the lock of the pools. */
  readonly occupancy: Occupancy;
  /** Most task instances queued or running over everything. */
  readonly parallelism: number;
  /** Most that may be chosen in this pass. */
  readonly freeSlots: number;
}

/**
 * @returns The chosen candidates, most urgent first: backfill runs after all others, then higher priority weight, older `runAfter`, lower id.
 * Instances whose pool is unknown are never chosen.
 */
export function planQueueing<Candidate extends QueueCandidate>(
  input: Omit<QueueingInput, 'candidates'> & { readonly candidates: readonly Candidate[] },
): readonly Candidate[] {
  let free = Math.min(input.freeSlots, input.parallelism - input.occupancy.total);
  if (free <= 0) return [];
  const poolSlots = new Map(Object.entries(input.occupancy.pools).map(([name, pool]) => [name, openSlots(pool)]));
  const runs = new Map<RunView, RunUse>();
  const chosen: Candidate[] = [];
  for (const candidate of [...input.candidates].sort(byUrgency)) {
    if (free <= 0) break;
    const { instance, view } = candidate;
    if (instance.id < 0) continue;
    const open = poolSlots.get(instance.pool);
    if (open === undefined || open < instance.poolSlots) continue;
    let use = runs.get(view);
    if (!use) runs.set(view, (use = { active: view.occupiedSlots, byTask: new Map() }));
    if (use.active >= view.spec.maxActiveTasks) continue;
    const node = view.node(instance.taskId);
    const { maxActiveTisPerDagrun } = node.task;
    if (maxActiveTisPerDagrun !== null) {
      const { queued, running, deferred, awaiting_input: awaiting } = node.counts;
      const active = use.byTask.get(instance.taskId) ?? queued + running + deferred + awaiting;
      if (active >= maxActiveTisPerDagrun) continue;
      use.byTask.set(instance.taskId, active + 1);
    }
    use.active++;
    poolSlots.set(instance.pool, open - instance.poolSlots);
    free--;
    chosen.push(candidate);
  }
  return chosen;
}

/** What one run occupies, with what was chosen in this pass. */
interface RunUse {
  active: number;
  readonly byTask: Map<string, number>;
}

function byUrgency(a: QueueCandidate, b: QueueCandidate): number {
  const runA = a.view.run;
  const runB = b.view.run;
  return (
    Number(runA.backfillId !== null) - Number(runB.backfillId !== null) ||
    b.instance.priorityWeight - a.instance.priorityWeight ||
    runA.runAfter - runB.runAfter ||
    a.instance.id - b.instance.id
  );
}

/** A pool with a negative size has no limit. */
function openSlots({ slots, occupied }: { readonly slots: number; readonly occupied: number }): number {
  return slots < 0 ? Number.POSITIVE_INFINITY : slots - occupied;
}

/** What an admission has to count for its candidates, and what the outcomes of the same pass give back. */
import type { RunView } from '../core/dag-run/run-view.js';
import type { QueueCandidate } from '../core/queueing/queue-limits.js';
import { taskLimitKey, type Occupancy } from '../model/snapshot.js';
import type { TaskInstance } from '../model/task-instance.js';
import type { AdmissionScope } from '../ports/store.js';

export function scopeOf(candidates: readonly QueueCandidate[]): AdmissionScope {
  const pools = new Set<string>();
  const taskLimits = new Set<string>();
  const dagIds = new Set<string>();
  for (const { view, instance } of candidates) {
    pools.add(instance.pool);
    dagIds.add(view.run.dagId);
    if (view.task(instance.taskId).maxActiveTisPerDag !== null) taskLimits.add(taskLimitKey(view.run.dagId, instance.taskId));
  }
  return { pools: [...pools], taskLimits: [...taskLimits], dagIds: [...dagIds] };
}

/** More is taken than there is: somebody has narrowed a limit. */
export function isOverfull({ total, pools }: Occupancy, parallelism: number): boolean {
  return total > parallelism || Object.values(pools).some(({ slots, occupied }) => slots >= 0 && occupied > slots);
}

/** What the attempts settled in one pass give back. */
export class Freed {
  instances = 0;
  /** By pool. */
  readonly slots = new Map<string, number>();
  /** By `taskLimitKey`. */
  readonly #places = new Map<string, number>();

  /** `before`: the instance while its attempt was under way. */
  add(view: RunView, before: TaskInstance): void {
    this.instances++;
    const { state } = view.instance(before.id);
    // One that waits for a trigger or a person keeps its place, and in some pools its slots.
    if (state === 'deferred' || state === 'awaiting_input') return;
    count(this.slots, before.pool, before.poolSlots);
    count(this.#places, taskLimitKey(view.run.dagId, before.taskId), 1);
  }

  /** The occupancy as it will be once this commit's settled attempts have left. */
  release(occupancy: Occupancy): Occupancy {
    const pools: Record<string, { slots: number; occupied: number }> = {};
    for (const [name, pool] of Object.entries(occupancy.pools)) {
      pools[name] = { slots: pool.slots, occupied: Math.max(0, pool.occupied - (this.slots.get(name) ?? 0)) };
    }
    const tasks: Record<string, number> = {};
    for (const [key, active] of Object.entries(occupancy.tasks)) tasks[key] = Math.max(0, active - (this.#places.get(key) ?? 0));
    return { ...occupancy, total: Math.max(0, occupancy.total - this.instances), pools, tasks };
  }
}

function count(counts: Map<string, number>, key: string, amount: number): void {
  counts.set(key, (counts.get(key) ?? 0) + amount);
}

/** Counts what is under way, for admissions. */
import { taskLimitKey, type Occupancy } from '../../model/snapshot.js';
import type { AdmissionScope } from '../../ports/store.js';
import type { Tables } from './tables.js';

export function countOccupancy(tables: Tables, { pools, taskLimits = [], dagIds = [] }: AdmissionScope): Occupancy {
  const live = [...tables.liveAttempts.values()];
  const parked = [...tables.parkedInstances.values()];
  const occupied = (name: string, includeDeferred: boolean): number => {
    const deferred = includeDeferred ? parked.filter(({ state }) => state === 'deferred') : [];
    return [...live, ...deferred].reduce((sum, { pool, poolSlots }) => (pool === name ? sum + poolSlots : sum), 0);
  };
  const known = [...new Set(pools)].sort().flatMap((name) => tables.pools.get(name) ?? []);
  const tasks: Record<string, number> = Object.fromEntries(taskLimits.map((key) => [key, 0]));
  if (taskLimits.length > 0) {
    for (const { id } of [...live.map((attempt) => ({ id: attempt.taskInstanceId })), ...parked]) {
      const { dagRunId, taskId } = tables.instances.get(id)!;
      const key = taskLimitKey(tables.runs.get(dagRunId)!.dagId, taskId);
      if (key in tasks) tasks[key]!++;
    }
  }
  return {
    total: live.length,
    pools: Object.fromEntries(
      known.map(({ name, slots, includeDeferred }) => [name, { slots, occupied: occupied(name, includeDeferred) }]),
    ),
    tasks,
    pausedDags: [...new Set(dagIds)].filter((dagId) => tables.dags.get(dagId)?.isPaused).sort(),
  };
}

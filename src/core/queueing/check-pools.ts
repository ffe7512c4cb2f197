/** Whether the pools that the tasks of a DAG name exist and are wide enough. A file cannot know that by itself. */
import type { DagSpec } from '../../model/dag-spec.js';
import type { ImportProblem } from '../../model/dag.js';
import { nearestName } from '../../model/nearest-name.js';
import type { Pool } from '../../model/pool.js';

/** A warning for each task that can never be queued while the pools are as they are: POOL_UNKNOWN, POOL_SLOTS. */
export function poolProblems(spec: DagSpec, pools: readonly Pool[]): readonly ImportProblem[] {
  const known = new Map(pools.map((pool) => [pool.name, pool]));
  return spec.tasks.flatMap(({ taskId, pool: name, poolSlots, position }): ImportProblem[] => {
    const pool = known.get(name);
    const place = {
      file: position?.file ?? spec.file,
      line: position?.line ?? null,
      column: position?.column ?? null,
      allowed: null,
      stack: null,
    };
    if (!pool) {
      const message = `task ${spec.dagId}.${taskId} waits for pool "${name}", which does not exist`;
      return [{ ...place, code: 'POOL_UNKNOWN', message, value: name, suggestion: nearestName(name, known.keys()) }];
    }
    if (pool.slots < 0 || poolSlots <= pool.slots) return [];
    const message = `task ${spec.dagId}.${taskId} needs ${poolSlots}, pool "${name}" has ${pool.slots}`;
    return [{ ...place, code: 'POOL_SLOTS', message, value: null, suggestion: null }];
  });
}

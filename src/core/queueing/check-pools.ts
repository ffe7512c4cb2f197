/** Whether an installation has what a DAG asks for: pools that exist and are wide enough, room for its tasks. A file cannot know that by itself. */
import type { DagSpec } from '../../model/dag-spec.js';
import type { ImportProblem } from '../../model/dag.js';
import { nearestName } from '../../model/nearest-name.js';
import type { Pool } from '../../model/pool.js';

/** What a DAG has whose author said nothing: nothing to warn of. */
const DEFAULT_MAX_ACTIVE_TASKS = 16;

/** A warning (VALUE_RANGE) for a DAG that may have more tasks at once than run at all. */
export function parallelismProblems(spec: DagSpec, parallelism: number): readonly ImportProblem[] {
  const { dagId, maxActiveTasks, position, file } = spec;
  if (maxActiveTasks <= parallelism || maxActiveTasks === DEFAULT_MAX_ACTIVE_TASKS) return [];
  return [
    {
      code: 'VALUE_RANGE',
      message: `${dagId}.maxActiveTasks: ${maxActiveTasks} is more than core.parallelism, so at most ${parallelism} of its tasks run at once`,
      file: position?.file ?? file,
      line: position?.line ?? null,
      column: position?.column ?? null,
      value: String(maxActiveTasks),
      allowed: `1-${parallelism}`,
      suggestion: null,
      stack: null,
    },
  ];
}

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

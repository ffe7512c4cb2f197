/** Replaces what tasks do by what a test wants them to return. Inputs, schemas, codec and everything around a task stay as they are. */
import type { DagSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import type { TaskBody } from '../sdk/dag-instance.js';

/**
 * The bodies of stubbed tasks, by task id. A stub is named by the id of one task, or by the member that several tasks call.
 * @throws AirflowLikeError UNKNOWN_NAME for a stub that no task has.
 */
export function stubBodies(spec: DagSpec, stubs: Readonly<Record<string, unknown>>): ReadonlyMap<string, TaskBody> {
  const names = new Set(spec.tasks.flatMap(({ taskId, member }) => [taskId, member]));
  for (const name of Object.keys(stubs)) {
    if (names.has(name)) continue;
    throw new AirflowLikeError('UNKNOWN_NAME', {
      place: `stubs.${name}`,
      message: `DAG "${spec.dagId}" has no such task`,
      allowed: [...names].join(', '),
      suggestion: nearestName(name, names),
    });
  }
  const bodies = new Map<string, TaskBody>();
  for (const { taskId, member } of spec.tasks) {
    const name = Object.hasOwn(stubs, taskId) ? taskId : member;
    if (Object.hasOwn(stubs, name)) bodies.set(taskId, bodyOf(stubs[name]));
  }
  return bodies;
}

function bodyOf(stub: unknown): TaskBody {
  return typeof stub === 'function' ? (stub as TaskBody) : () => stub;
}

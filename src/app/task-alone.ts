/** A DAG in which one task stands alone, for `tasks test`. */
import { flatRelatives } from '../core/graph/relatives.js';
import { graphOf } from '../core/graph/task-graph.js';
import { encodeTagged } from '../model/codec.js';
import type { DagSpec, InputSpec, TaskSpec } from '../model/dag-spec.js';

/**
 * The spec of `dag` with only `task` in it: no dependencies, no copies, no second try, whatever its dates. What a task may decide about stands below it,
 * so that its decision is checked and shown; nothing of that is executed.
 * @param given Arguments in place of those of the wiring; null: none.
 */
export function taskAlone(dag: DagSpec, task: TaskSpec, given: readonly unknown[] | null): DagSpec {
  const inputs = given?.map((value, index) => givenInput(task.inputs[index], value, `--inputs[${index}]`)) ?? task.inputs;
  const alone = { map: null, retries: 0, dependsOnPast: false, waitForDownstream: false, startDate: null, endDate: null };
  const below = task.decides ? flatRelatives(graphOf(dag), [task.taskId], 'downstream') : new Set<string>();
  const kept = new Set([task.taskId, ...below]);
  const tasks = dag.tasks.flatMap((one): TaskSpec[] => {
    if (one.taskId === task.taskId) return [{ ...one, ...alone, inputs, upstream: [] }];
    if (!below.has(one.taskId)) return [];
    const upstream = one.upstream.filter((taskId) => kept.has(taskId));
    return [{ ...one, ...alone, inputs: [], upstream, decides: null, sensor: null, isInstant: true, triggerRule: 'all_done' }];
  });
  return { ...dag, tasks, groups: dag.groups.map((group) => ({ ...group, map: null })), failFast: false };
}

/** A list that the task reads piece by piece is given as one. */
function givenInput(wired: InputSpec | undefined, value: unknown, place: string): InputSpec {
  const given = encodeTagged(value, place);
  return wired?.kind === 'ref' && wired.lazy ? { ...wired, orElse: given } : { kind: 'value', value: given };
}

/** Tasks whose values the arguments of `task` need, and which nothing stands in for. */
export function tasksNeeded(dag: DagSpec, task: TaskSpec): readonly string[] {
  const groups = new Map(dag.groups.map((group) => [group.groupId, group]));
  const needed = (input: InputSpec): readonly string[] => {
    switch (input.kind) {
      case 'ref':
        return input.orElse === undefined ? [input.taskId] : [];
      case 'object':
        return Object.values(input.fields).flatMap(needed);
      case 'list':
        return input.items.flatMap(needed);
      case 'element':
        return task.map?.sources.flatMap(needed) ?? [];
      case 'groupElement':
        return groups.get(input.groupId)?.map?.sources.flatMap(needed) ?? [];
      case 'value':
        return [];
    }
  };
  return [...new Set(task.inputs.flatMap(needed))];
}

/** Names what differs between the registered graph of a DAG and the one a runner has wired (D105). */
import { canonicalJson } from '../../model/canonical-json.js';
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import { showValue } from '../../model/errors.js';

/** Where in a file something stands says nothing about the graph. */
const IGNORED: ReadonlySet<string> = new Set(['position']);

/** The first difference, in the order a reader looks for it: tasks, then their options, then options of the DAG. Null: none. */
export function describeSpecDifference(registered: DagSpec, wired: DagSpec): string | null {
  const before = new Map(registered.tasks.map((task) => [task.taskId, task]));
  const after = new Map(wired.tasks.map((task) => [task.taskId, task]));
  for (const taskId of before.keys()) if (!after.has(taskId)) return `task ${taskId} was registered but is not wired here`;
  for (const taskId of after.keys()) if (!before.has(taskId)) return `task ${taskId} is wired here but was not registered`;
  for (const [taskId, task] of before) {
    const difference = differingField(task, after.get(taskId) as TaskSpec);
    if (difference !== null) return `task ${taskId}: ${difference}`;
  }
  const withoutTasks = ({ tasks: _tasks, ...rest }: DagSpec): object => rest;
  return differingField(withoutTasks(registered), withoutTasks(wired));
}

function differingField(registered: object, wired: object): string | null {
  const names = new Set([...Object.keys(registered), ...Object.keys(wired)]);
  for (const name of names) {
    if (IGNORED.has(name)) continue;
    const before = (registered as Record<string, unknown>)[name];
    const after = (wired as Record<string, unknown>)[name];
    if (canonicalJson(before) === canonicalJson(after)) continue;
    return `${name} was ${showValue(before)} when it was registered and is ${showValue(after)} here`;
  }
  return null;
}

/** What all drawings of a graph share: which layer a task stands in, and its neighbours. */
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import { kindWords, triggerRuleWords } from '../../model/task-words.js';

export interface LayeredGraph {
  readonly tasks: ReadonlyMap<string, TaskSpec>;
  readonly groups: DagSpec['groups'];
  readonly children: ReadonlyMap<string, readonly string[]>;
  /** 0 for a task without parents, else one more than the deepest of its parents. */
  readonly layerOf: ReadonlyMap<string, number>;
  /** Task ids per layer, in wiring order. */
  readonly layers: readonly (readonly string[])[];
}

export function layerGraph(spec: DagSpec): LayeredGraph {
  const tasks = new Map(spec.tasks.map((task) => [task.taskId, task]));
  const children = new Map<string, string[]>(spec.tasks.map((task) => [task.taskId, []]));
  for (const task of spec.tasks) for (const parent of task.upstream) children.get(parent)?.push(task.taskId);

  const layerOf = new Map<string, number>();
  const waitsFor = new Map(spec.tasks.map((task) => [task.taskId, task.upstream.length]));
  let ready = spec.tasks.filter((task) => task.upstream.length === 0).map((task) => task.taskId);
  for (let layer = 0; ready.length > 0; layer++) {
    const next: string[] = [];
    for (const taskId of ready) {
      layerOf.set(taskId, layer);
      for (const child of children.get(taskId) ?? []) {
        const left = (waitsFor.get(child) as number) - 1;
        waitsFor.set(child, left);
        if (left === 0) next.push(child);
      }
    }
    ready = next;
  }

  const layers: string[][] = [];
  for (const { taskId } of spec.tasks) (layers[layerOf.get(taskId) ?? 0] ??= []).push(taskId);
  return { tasks, groups: spec.groups, children, layerOf, layers };
}

/** What is special about a task, in a few words: its operator, mapping, trigger rule... Empty for a plain method. */
export function describeTask(task: TaskSpec, { groups }: Pick<DagSpec, 'groups'>): string[] {
  const words = kindWords(task, groups);
  if (task.sensor) words.push(`sensor, ${task.sensor.mode}`);
  words.push(...triggerRuleWords(task));
  if (task.dependsOnPast) words.push('depends on past');
  if (task.retries > 0) words.push(`${task.retries} ${task.retries === 1 ? 'retry' : 'retries'}`);
  if (task.pool !== 'default_pool') words.push(`pool ${task.pool}`);
  return words;
}

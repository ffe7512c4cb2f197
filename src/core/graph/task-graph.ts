/**
 * The tasks of a spec as a graph: who is upstream and downstream of whom. Built once for each spec object; a spec never changes.
 */
import { AirflowLikeError } from '../../model/errors.js';
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';

export interface TaskGraph {
  readonly tasks: ReadonlyMap<string, TaskSpec>;
  /** Direct children by task id, in wiring order. */
  readonly downstream: ReadonlyMap<string, readonly string[]>;
  /** Ids of the tasks without children, in wiring order. */
  readonly leaves: readonly string[];
  /** Ids of the setups, in wiring order. */
  readonly setups: readonly string[];
  readonly hasDependsOnPast: boolean;
}

const graphs = new WeakMap<DagSpec, TaskGraph>();

/** @param taskId Of a task in the graph. */
export function taskOf(graph: TaskGraph, taskId: string): TaskSpec {
  return graph.tasks.get(taskId) as TaskSpec;
}

/** @param taskId Of a task in the graph. */
export function childrenOf(graph: Pick<TaskGraph, 'downstream'>, taskId: string): readonly string[] {
  return graph.downstream.get(taskId) as readonly string[];
}

/**
 * The graph of `spec`, remembered as long as the spec object lives.
 * @throws AirflowLikeError EDGE_INVALID when a task names an upstream that does not exist.
 */
export function graphOf(spec: DagSpec): TaskGraph {
  const known = graphs.get(spec);
  if (known) return known;
  const graph = buildGraph(spec);
  graphs.set(spec, graph);
  return graph;
}

function buildGraph(spec: DagSpec): TaskGraph {
  const tasks = new Map(spec.tasks.map((task) => [task.taskId, task]));
  const downstream = new Map<string, string[]>(spec.tasks.map((task) => [task.taskId, []]));
  for (const task of spec.tasks) {
    for (const parent of task.upstream) {
      const children = downstream.get(parent);
      if (!children) {
        throw new AirflowLikeError('EDGE_INVALID', {
          place: `${spec.dagId}.${task.taskId}`,
          message: 'its upstream is not a task of this DAG',
          value: parent,
        });
      }
      children.push(task.taskId);
    }
  }
  return {
    tasks,
    downstream,
    leaves: idsOf(spec.tasks.filter(({ taskId }) => childrenOf({ downstream }, taskId).length === 0)),
    setups: idsOf(spec.tasks.filter(({ role }) => role === 'setup')),
    hasDependsOnPast: spec.tasks.some((task) => task.dependsOnPast || task.waitForDownstream),
  };
}

function idsOf(tasks: readonly TaskSpec[]): readonly string[] {
  return tasks.map(({ taskId }) => taskId);
}

import { taskIdOf, type Edge, type Endpoint, type GroupNode, type Recorder, type TaskNode } from './recorder.js';
import { tasksIn } from './record-input.js';

/**
 * From the record of a wiring to direct upstream task ids. An edge to a group leads to its first tasks, an edge from a group starts at its last
 * ones, and an empty group hands on what comes in.
 */
export function resolveUpstream(recorder: Recorder): ReadonlyMap<TaskNode, readonly string[]> {
  const upstream = new Map<TaskNode, Set<TaskNode>>(recorder.tasks.map((task) => [task, new Set(dataSources(task))]));
  const groupEdges = new GroupEdges(recorder);
  for (const { from, to } of recorder.edges) {
    for (const target of groupEdges.first(to)) {
      for (const origin of groupEdges.last(from)) upstream.get(target)?.add(origin);
    }
  }
  return new Map([...upstream].map(([task, origins]) => [task, [...new Set([...origins].map(taskIdOf))].sort()]));
}

function dataSources(task: TaskNode): readonly TaskNode[] {
  const inputs = task.mapSource ? [...task.inputs, task.mapSource] : task.inputs;
  return inputs.flatMap(tasksIn);
}

class GroupEdges {
  readonly #tasks: readonly TaskNode[];
  readonly #edges: readonly Edge[];
  /** Groups being resolved, so that edges in a circle through empty groups end. */
  readonly #open = new Set<GroupNode>();

  constructor(recorder: Recorder) {
    this.#tasks = recorder.tasks;
    const data = recorder.tasks.flatMap((task) =>
      dataSources(task).map((origin): Edge => ({ from: { task: origin }, to: { task } })),
    );
    this.#edges = [...data, ...recorder.edges];
  }

  /** The tasks in `endpoint` that nothing inside it precedes. */
  first(endpoint: Endpoint): readonly TaskNode[] {
    if ('task' in endpoint) return [endpoint.task];
    const { group } = endpoint;
    const members = this.#members(group);
    if (members.length === 0)
      return this.#past(group, () => this.#edges.filter(({ from }) => isGroup(from, group)).flatMap(({ to }) => this.first(to)));
    const inner = this.#inside(group);
    return members.filter((task) => !inner.some((edge) => this.#touches(edge.to, task, 'first')));
  }

  /** The tasks in `endpoint` that nothing inside it follows. */
  last(endpoint: Endpoint): readonly TaskNode[] {
    if ('task' in endpoint) return [endpoint.task];
    const { group } = endpoint;
    const members = this.#members(group);
    if (members.length === 0)
      return this.#past(group, () => this.#edges.filter(({ to }) => isGroup(to, group)).flatMap(({ from }) => this.last(from)));
    const inner = this.#inside(group);
    return members.filter((task) => !inner.some((edge) => this.#touches(edge.from, task, 'last')));
  }

  #members(group: GroupNode): readonly TaskNode[] {
    return this.#tasks.filter((task) => isWithin(task.group, group));
  }

  /** Edges between two things strictly inside the group. */
  #inside(group: GroupNode): readonly Edge[] {
    const contains = (endpoint: Endpoint) => isWithin('task' in endpoint ? endpoint.task.group : endpoint.group.parent, group);
    return this.#edges.filter(({ from, to }) => contains(from) && contains(to));
  }

  #touches(endpoint: Endpoint, task: TaskNode, side: 'first' | 'last'): boolean {
    return this[side](endpoint).includes(task);
  }

  #past(group: GroupNode, follow: () => readonly TaskNode[]): readonly TaskNode[] {
    if (this.#open.has(group)) return [];
    this.#open.add(group);
    try {
      return follow();
    } finally {
      this.#open.delete(group);
    }
  }
}

function isGroup(endpoint: Endpoint, group: GroupNode): boolean {
  return 'group' in endpoint && endpoint.group === group;
}

function isWithin(inner: GroupNode | null, outer: GroupNode): boolean {
  for (let group = inner; group; group = group.parent) if (group === outer) return true;
  return false;
}

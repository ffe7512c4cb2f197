import type { Recorder } from './recorder.js';
import { isWithin, taskIdOf, type Edge, type GroupNode, type Region, type TaskNode } from './wiring-nodes.js';
import { tasksIn, type Names } from './record-input.js';

/** The edges of a wiring by task ids. */
export interface ResolvedEdges extends Names {
  /** Ids of the direct parents, sorted. */
  readonly upstream: ReadonlyMap<TaskNode, readonly string[]>;
}

/**
 * From the record of a wiring to direct upstream task ids. An edge to a group leads to its first tasks, an edge from a group starts at its last
 * ones, and an empty group hands on what comes in.
 */
export function resolveEdges(recorder: Recorder): ResolvedEdges {
  const upstream = new Map<TaskNode, Set<TaskNode>>(recorder.tasks.map((task) => [task, new Set(dataSources(task))]));
  const groupEdges = new GroupEdges(recorder);
  for (const { from, to } of recorder.edges) {
    for (const target of groupEdges.first(to)) {
      for (const origin of groupEdges.last(from)) upstream.get(target)?.add(origin);
    }
  }
  const sorted = (tasks: Iterable<TaskNode>): readonly string[] => [...new Set([...tasks].map(taskIdOf))].sort();
  return {
    upstream: new Map([...upstream].map(([task, origins]) => [task, sorted(origins)])),
    idOf: taskIdOf,
    firstOf: (target) => sorted(groupEdges.first(target)),
  };
}

function dataSources(task: TaskNode): readonly TaskNode[] {
  return [...task.inputs, ...(task.map?.sources ?? [])].flatMap(tasksIn);
}

type Place = Edge['from'];

class GroupEdges {
  readonly #recorder: Recorder;
  readonly #edges: readonly Edge[];
  /** Groups being resolved, so that edges in a circle through empty groups end. */
  readonly #open = new Set<GroupNode>();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
    const data = recorder.tasks.flatMap((task) =>
      dataSources(task).map((origin): Edge => ({ from: { task: origin }, to: { task } })),
    );
    this.#edges = [...data, ...recorder.edges];
  }

  /** The tasks in `place` that nothing inside it precedes. */
  first(place: Place): readonly TaskNode[] {
    if ('task' in place) return [place.task];
    const { tasks } = this.#contents(place);
    if (tasks.length === 0) return this.#past(place, ({ from, to }, group) => (isGroup(from, group) ? this.first(to) : []));
    const preceded = new Set(this.#inside(place).flatMap(({ to }) => this.first(to)));
    return tasks.filter((task) => !preceded.has(task));
  }

  /**
   * The tasks in `place` that nothing inside it follows. What cleans up a group is nobody's business outside: its teardowns do not count, neither
   * as last tasks nor as what follows others. The teardown of a scope does wait for the teardowns inside.
   */
  last(place: Place): readonly TaskNode[] {
    if ('task' in place) return [place.task];
    const { tasks } = this.#contents(place);
    if (tasks.length === 0) return this.#past(place, ({ from, to }, group) => (isGroup(to, group) ? this.last(from) : []));
    const followed = new Set<TaskNode>();
    const followedByWork = new Set<TaskNode>();
    for (const { from, to } of this.#inside(place)) {
      const isWork = !this.first(to).every(isTeardown);
      for (const origin of this.last(from)) {
        followed.add(origin);
        if (isWork) followedByWork.add(origin);
      }
    }
    return tasks.filter((task) => (isTeardown(task) ? 'region' in place && !followed.has(task) : !followedByWork.has(task)));
  }

  #contents(place: Exclude<Place, { task: TaskNode }>): Region {
    if ('region' in place) return place.region;
    const { group } = place;
    return {
      tasks: this.#recorder.tasks.filter((task) => isWithin(task.group, group)),
      groups: this.#recorder.groups.filter(({ parent }) => isWithin(parent, group)),
    };
  }

  /** Edges between two things strictly inside. */
  #inside(place: Exclude<Place, { task: TaskNode }>): readonly Edge[] {
    const contents = this.#contents(place);
    const [tasks, groups] = [new Set(contents.tasks), new Set(contents.groups)];
    const contains = (end: Place): boolean => {
      if ('task' in end) return tasks.has(end.task);
      return 'group' in end ? groups.has(end.group) : end.region.tasks.every((task) => tasks.has(task));
    };
    return this.#edges.filter(({ from, to }) => contains(from) && contains(to));
  }

  /** Through a place without tasks. Only groups hand on what comes in: nothing can be ordered after a region. */
  #past(place: Place, follow: (edge: Edge, group: GroupNode) => readonly TaskNode[]): readonly TaskNode[] {
    if (!('group' in place) || this.#open.has(place.group)) return [];
    this.#open.add(place.group);
    try {
      return this.#edges.flatMap((edge) => follow(edge, place.group));
    } finally {
      this.#open.delete(place.group);
    }
  }
}

function isTeardown(task: TaskNode): boolean {
  return task.member.role === 'teardown';
}

function isGroup(place: Place, group: GroupNode): boolean {
  return 'group' in place && place.group === group;
}

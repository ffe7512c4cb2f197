/**
 * What the rules ask about a task and its place in the graph, worked out once for each spec object: mapped groups, which edges carry data, the setups and
 * teardowns around it, and whether it decides how the run ends.
 */
import type { DagSpec, InputSpec, MapSpec, TaskGroupSpec, TaskSpec } from '../../model/dag-spec.js';
import { flatRelatives } from './relatives.js';
import { graphOf, type TaskGraph } from './task-graph.js';
import { topologicalOrder } from './topology.js';

export interface TaskFacts {
  /** Position in an order in which parents stand before children. */
  readonly rank: number;
  /** The innermost mapped group around the task; null: it is in none. Its copies belong to the copies of the group. */
  readonly mappedGroup: string | null;
  /** How many copies it has follows from this: its own mapping or its group's; null: it has none. */
  readonly mapping: MapSpec | null;
  /** Tasks whose return value the mapping needs, without those that may be missing (`orElse`). */
  readonly mapSources: readonly string[];
  /** Parents that it cannot do without: it takes their return value, and nothing stands in for it. */
  readonly takesDataFrom: ReadonlySet<string>;
  /** Direct parents that decide which of their children run. */
  readonly deciders: readonly string[];
  /** Setups above it that are not its parents, and whose teardowns (if they have some) lie below it. Empty for a teardown. */
  readonly indirectSetups: readonly string[];
  /** Of a teardown: the tasks between its setups and itself that are not its parents. */
  readonly scope: readonly string[];
  /** How its instances ended decides how the run ended. */
  readonly isStateLeaf: boolean;
  /** What lets it run may happen outside the run: it looks at the past, or at a limit that it shares. */
  readonly isHeldFromOutside: boolean;
}

const known = new WeakMap<DagSpec, ReadonlyMap<string, TaskFacts>>();

/** The facts of every task of `spec` by task id, remembered as long as the spec object lives. */
export function taskFactsOf(spec: DagSpec): ReadonlyMap<string, TaskFacts> {
  let facts = known.get(spec);
  if (!facts) known.set(spec, (facts = buildFacts(spec)));
  return facts;
}

function buildFacts(spec: DagSpec): ReadonlyMap<string, TaskFacts> {
  const graph = graphOf(spec);
  const groups = new Map(spec.groups.map((group) => [group.groupId, group]));
  const rankOf = new Map(topologicalOrder(spec.tasks, spec.dagId).map((taskId, index) => [taskId, index]));
  const setups = indirectSetupsOf(spec, graph);
  const leaves = stateLeavesOf(spec, graph);
  const facts = new Map<string, TaskFacts>();
  for (const task of spec.tasks) {
    const group = mappedGroupOf(task, groups);
    const mapping = task.map ?? group?.map ?? null;
    const limits = [task.maxActiveTisPerDag, task.maxActiveTisPerDagrun];
    facts.set(task.taskId, {
      rank: rankOf.get(task.taskId) ?? 0,
      mappedGroup: group?.groupId ?? null,
      mapping,
      mapSources: mapping === null ? [] : [...neededBy(mapping.sources)],
      takesDataFrom: neededBy([...task.inputs, ...(mapping?.sources ?? [])]),
      deciders: task.upstream.filter((id) => graph.tasks.get(id)?.decides),
      indirectSetups: setups.get(task.taskId) ?? [],
      scope: task.role === 'teardown' ? scopeOf(task, graph) : [],
      isStateLeaf: leaves.has(task.taskId),
      isHeldFromOutside: task.dependsOnPast || task.waitForDownstream || limits.some((limit) => limit !== null),
    });
  }
  return facts;
}

function mappedGroupOf(task: TaskSpec, groups: ReadonlyMap<string, TaskGroupSpec>): TaskGroupSpec | null {
  let group = task.groupId === null ? undefined : groups.get(task.groupId);
  while (group && group.map === null) group = group.parentId === null ? undefined : groups.get(group.parentId);
  return group ?? null;
}

/** Tasks that `inputs` take the return value of, with nothing to stand in for it, as they are written. */
function neededBy(inputs: readonly InputSpec[]): Set<string> {
  const found = new Set<string>();
  const open = [...inputs];
  // Grows while it is walked.
  for (const input of open) {
    if (input.kind === 'ref' && input.orElse === undefined) found.add(input.taskId);
    else if (input.kind === 'object') open.push(...Object.values(input.fields));
    else if (input.kind === 'list') open.push(...input.items);
  }
  return found;
}

/**
 * A setup matters to all that is below it and, if it has teardowns, above one of these. Each setup costs one walk down and one walk up from its
 * teardowns.
 */
function indirectSetupsOf(spec: DagSpec, graph: TaskGraph): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const setup of spec.tasks) {
    if (setup.role !== 'setup') continue;
    const children = graph.downstream.get(setup.taskId) ?? [];
    const teardowns = children.filter((id) => graph.tasks.get(id)?.role === 'teardown');
    const above = teardowns.length === 0 ? null : flatRelatives(graph, teardowns, 'upstream');
    for (const taskId of flatRelatives(graph, [setup.taskId], 'downstream')) {
      const task = graph.tasks.get(taskId);
      if (!task || task.role === 'teardown' || task.upstream.includes(setup.taskId)) continue;
      if (above !== null && !above.has(taskId)) continue;
      const list = found.get(taskId);
      if (list) list.push(setup.taskId);
      else found.set(taskId, [setup.taskId]);
    }
  }
  return found;
}

function scopeOf(teardown: TaskSpec, graph: TaskGraph): readonly string[] {
  const setups = teardown.upstream.filter((id) => graph.tasks.get(id)?.role === 'setup');
  if (setups.length === 0) return [];
  const below = flatRelatives(graph, setups, 'downstream');
  const parents = new Set(teardown.upstream);
  return [...flatRelatives(graph, [teardown.taskId], 'upstream')].filter((id) => below.has(id) && !parents.has(id));
}

/**
 * Tasks that count (teardowns only if they say so) and have no child that counts; where none counts, the tasks without children.
 */
function stateLeavesOf(spec: DagSpec, graph: TaskGraph): ReadonlySet<string> {
  const counts = (taskId: string): boolean => {
    const task = graph.tasks.get(taskId);
    return task !== undefined && (task.role !== 'teardown' || task.onFailureFailDagrun);
  };
  const leaves = spec.tasks.filter(({ taskId }) => counts(taskId) && !graph.downstream.get(taskId)?.some(counts));
  return new Set(leaves.length > 0 ? leaves.map(({ taskId }) => taskId) : graph.leaves);
}

/**
 * What the rules ask about a task and its place in the graph, worked out once for each spec object: mapped groups, which edges carry data, the setups and
 * teardowns around it, and whether it decides how the run ends.
 */
import type { DagSpec, InputSpec, MapSpec, TaskGroupSpec, TaskSpec } from '../../model/dag-spec.js';
import { flatRelatives } from './relatives.js';
import { teardownsOf } from './setup-scope.js';
import { childrenOf, graphOf, taskOf, type TaskGraph } from './task-graph.js';
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
  const groups = new Map<string | null, TaskGroupSpec>(spec.groups.map((group) => [group.groupId, group]));
  const rankOf = new Map(topologicalOrder(spec.tasks, spec.dagId).map((taskId, index) => [taskId, index]));
  const setups = indirectSetupsOf(graph);
  const leaves = stateLeavesOf(graph);
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
      takesDataFrom: neededBy(mapping === null ? task.inputs : [...task.inputs, ...mapping.sources]),
      deciders: task.upstream.filter((id) => taskOf(graph, id).decides),
      indirectSetups: setups.get(task.taskId) ?? [],
      scope: task.role === 'teardown' ? scopeOf(task, graph) : [],
      isStateLeaf: leaves.has(task.taskId),
      isHeldFromOutside: task.dependsOnPast || task.waitForDownstream || limits.some((limit) => limit !== null),
    });
  }
  return facts;
}

function mappedGroupOf({ groupId }: TaskSpec, groups: ReadonlyMap<string | null, TaskGroupSpec>): TaskGroupSpec | null {
  let group = groups.get(groupId);
  while (group?.map === null) group = groups.get(group.parentId);
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
function indirectSetupsOf(graph: TaskGraph): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const setupId of graph.setups) {
    const teardowns = teardownsOf(graph, setupId);
    const above = teardowns.length === 0 ? null : flatRelatives(graph, teardowns, 'upstream');
    for (const taskId of flatRelatives(graph, [setupId], 'downstream')) {
      const { role, upstream } = taskOf(graph, taskId);
      if (role === 'teardown' || upstream.includes(setupId)) continue;
      if (above !== null && !above.has(taskId)) continue;
      const list = found.get(taskId);
      if (list) list.push(setupId);
      else found.set(taskId, [setupId]);
    }
  }
  return found;
}

function scopeOf(teardown: TaskSpec, graph: TaskGraph): readonly string[] {
  const setups = teardown.upstream.filter((id) => taskOf(graph, id).role === 'setup');
  const below = flatRelatives(graph, setups, 'downstream');
  const parents = new Set(teardown.upstream);
  return [...flatRelatives(graph, [teardown.taskId], 'upstream')].filter((id) => below.has(id) && !parents.has(id));
}

/**
 * Tasks that count (teardowns only if they say so) and have no child that counts; where none counts, the tasks without children.
 */
function stateLeavesOf(graph: TaskGraph): ReadonlySet<string> {
  const counts = (taskId: string): boolean => {
    const { role, onFailureFailDagrun } = taskOf(graph, taskId);
    return role !== 'teardown' || onFailureFailDagrun;
  };
  const leaves = [...graph.tasks.keys()].filter((taskId) => counts(taskId) && !childrenOf(graph, taskId).some(counts));
  return new Set(leaves.length > 0 ? leaves : graph.leaves);
}

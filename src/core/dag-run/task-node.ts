/**
 * One task inside a `RunView`: its instances, and counters that make every trigger rule O(1). What a rule counts is kept up to date by the parents as
 * they change; instances of a mapped group are the exception: each looks at the one instance of its parents with its own index.
 */
import type { MapSpec, TaskSpec } from '../../model/dag-spec.js';
import { FINISHED_STATES, type TaskInstanceState } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { TaskFacts } from '../graph/task-facts.js';
import type { TaskGraph } from '../graph/task-graph.js';
import { mattersToNextRun } from './depends-on-past.js';
import type { PendingChange } from './pending-change.js';
import { countState, emptyTally, type ParentTally } from './parent-tally.js';
import { emptyCounts, type StateCounts } from './state-counts.js';

/** A task instance in its place; `instance` is replaced at every change. */
export interface Slot {
  instance: TaskInstance;
  readonly node: TaskNode;
  /** What happened to it since the last drain. */
  pending: PendingChange | null;
}

/** A child as its parent sees it. */
export interface ChildEdge {
  readonly child: TaskNode;
  /** The parent is not critical, and the child only follows it: its failure counts there as done well. */
  readonly forgives: boolean;
  /** Both are in the same mapped group: copy follows copy. */
  readonly isInside: boolean;
}

export interface TaskNode {
  readonly task: TaskSpec;
  readonly facts: TaskFacts;
  readonly upstream: readonly TaskNode[];
  readonly downstream: readonly TaskNode[];
  readonly edges: readonly ChildEdge[];
  /** By map index. */
  slots: Slot[];
  readonly byIndex: Map<number, Slot>;
  readonly counts: StateCounts;
  /** Slots in state none. */
  readonly idle: Set<Slot>;
  /** Slots in up_for_retry and up_for_reschedule. */
  readonly waiting: Set<Slot>;
  /** Values that its instances returned: one each, or of a copy that worked through a chunk one for each element that gave something. */
  outputs: number;
  /** States of all instances of the direct upstream tasks, without those of `inside`, as the trigger rule counts them. */
  readonly parents: ParentTally;
  /** Direct upstream tasks in the same mapped group, and whether a failure of theirs counts as done well here. */
  readonly inside: readonly { readonly node: TaskNode; readonly forgives: boolean }[];
  /** Those of the other direct upstream tasks that may lose some of their copies. */
  readonly lenient: readonly TaskNode[];
  readonly deciders: readonly TaskNode[];
  readonly indirectSetups: readonly TaskNode[];
  /** Of a teardown: tasks between its setups and itself, and how many of their instances are unfinished. */
  readonly scope: readonly TaskNode[];
  scopeUnfinished: number;
  /** Teardowns in whose scope this task is. */
  readonly scopeOf: readonly TaskNode[];
  readonly mapSources: readonly TaskNode[];
  /** Tasks that look at this one also without being its children: below a setup, mapped over it, or a teardown with it in its scope. */
  readonly dependents: readonly TaskNode[];
  /** The next run's `dependsOnPast` looks at how this task ended. */
  readonly mattersToNextRun: boolean;
  /** All instances have to be looked at again. */
  isDirty: boolean;
  /** Instances that have to be looked at again. */
  readonly dirtySlots: Set<Slot>;
}

/** What makes up a task node is put together here and only read afterwards. */
type Building = { -readonly [Field in keyof TaskNode]: TaskNode[Field] extends readonly (infer Item)[] ? Item[] : TaskNode[Field] };

/**
 * Nodes for every task, linked both ways, without instances.
 * @param parts Ids of the tasks that are part of the run. The others hold nobody up: they are no parents there.
 */
export function createNodes(
  graph: TaskGraph,
  factsOf: ReadonlyMap<string, TaskFacts>,
  parts: ReadonlySet<string> | null,
): Map<string, TaskNode> {
  const nodes = new Map<string, Building>();
  for (const task of graph.tasks.values()) nodes.set(task.taskId, emptyNode(task, factsOf.get(task.taskId) as TaskFacts, graph));
  const partsOf = function* (ids: Iterable<string>): Iterable<Building> {
    for (const id of ids) if (parts === null || parts.has(id)) yield nodes.get(id) as Building;
  };
  for (const node of nodes.values()) {
    const { facts } = node;
    for (const parent of partsOf(node.task.upstream)) link(parent, node);
    for (const decider of partsOf(facts.deciders)) node.deciders.push(decider);
    const around = new Set<Building>();
    for (const setup of partsOf(facts.indirectSetups)) {
      node.indirectSetups.push(setup);
      around.add(setup);
    }
    for (const member of partsOf(facts.scope)) {
      node.scope.push(member);
      member.scopeOf.push(node);
      around.add(member);
    }
    for (const source of partsOf(facts.mapSources)) {
      node.mapSources.push(source);
      around.add(source);
    }
    for (const other of around) other.dependents.push(node);
  }
  return nodes;
}

function emptyNode(task: TaskSpec, facts: TaskFacts, graph: TaskGraph): Building {
  return {
    task,
    facts,
    upstream: [],
    downstream: [],
    edges: [],
    slots: [],
    byIndex: new Map(),
    counts: emptyCounts(),
    idle: new Set(),
    waiting: new Set(),
    outputs: 0,
    parents: emptyTally(),
    inside: [],
    lenient: [],
    deciders: [],
    indirectSetups: [],
    scope: [],
    scopeUnfinished: 0,
    scopeOf: [],
    mapSources: [],
    dependents: [],
    mattersToNextRun: mattersToNextRun(task, graph),
    isDirty: false,
    dirtySlots: new Set(),
  };
}

function link(parent: Building, child: Building): void {
  child.upstream.push(parent);
  parent.downstream.push(child);
  const isSetup = parent.task.role === 'setup';
  const forgives = !parent.task.critical && !isSetup && !child.facts.takesDataFrom.has(parent.task.taskId);
  const isInside = isSameGroup(parent, child);
  parent.edges.push({ child, forgives, isInside });
  if (isInside) child.inside.push({ node: parent, forgives });
  else {
    // A parent counts as one instance that is not finished until its own are known.
    countState(child.parents, 'none', 1, isSetup, forgives);
    if (!forgives && parent.facts.mapping?.allowFailures) child.lenient.push(parent);
  }
}

/** Whether the copies of both belong to the same copies of a mapped group. */
export function isSameGroup(a: TaskNode, b: TaskNode): boolean {
  return a.facts.mappedGroup !== null && a.facts.mappedGroup === b.facts.mappedGroup;
}

/** Puts an instance under its task and counts it there and in the children. */
export function addSlot(node: TaskNode, instance: TaskInstance, pending: PendingChange | null): Slot {
  const slot: Slot = { instance, node, pending };
  const isFirst = node.slots.length === 0;
  node.slots.push(slot);
  node.byIndex.set(instance.mapIndex, slot);
  node.counts[instance.state]++;
  node.outputs += valuesIn(node, instance);
  file(slot, instance.state);
  const isSetup = node.task.role === 'setup';
  for (const { child, forgives, isInside } of node.edges) {
    if (isInside) continue;
    if (isFirst) countState(child.parents, 'none', -1, isSetup, forgives);
    countState(child.parents, instance.state, 1, isSetup, forgives);
  }
  if (!FINISHED_STATES.has(instance.state)) for (const teardown of node.scopeOf) teardown.scopeUnfinished++;
  return slot;
}

/** Takes over what an instance has become, in all counters. */
export function recount(slot: Slot, next: TaskInstance): void {
  const { node, instance: before } = slot;
  slot.instance = next;
  node.outputs += valuesIn(node, next) - valuesIn(node, before);
  if (next.mapIndex !== before.mapIndex) {
    node.byIndex.delete(before.mapIndex);
    node.byIndex.set(next.mapIndex, slot);
  }
  const { state: from } = before;
  const { state: to } = next;
  if (from === to) return;
  node.counts[from]--;
  node.counts[to]++;
  node.idle.delete(slot);
  node.waiting.delete(slot);
  file(slot, to);
  const isSetup = node.task.role === 'setup';
  for (const { child, forgives, isInside } of node.edges) {
    if (isInside) continue;
    countState(child.parents, from, -1, isSetup, forgives);
    countState(child.parents, to, 1, isSetup, forgives);
  }
  const unfinished = (FINISHED_STATES.has(to) ? 0 : 1) - (FINISHED_STATES.has(from) ? 0 : 1);
  for (const teardown of node.scopeOf) teardown.scopeUnfinished += unfinished;
}

function file(slot: Slot, state: TaskInstanceState): void {
  if (state === 'none') slot.node.idle.add(slot);
  else if (state === 'up_for_retry' || state === 'up_for_reschedule') slot.node.waiting.add(slot);
}

function valuesIn({ task }: TaskNode, { state, outputLength }: TaskInstance): number {
  if (state !== 'success' || outputLength === null) return 0;
  return (task.map?.chunk ?? 1) > 1 ? outputLength : 1;
}

/** True when children may have to be looked at again. */
export function changesOutcome(from: TaskInstanceState, to: TaskInstanceState): boolean {
  return FINISHED_STATES.has(from) || FINISHED_STATES.has(to);
}

/** The row of a mapped task that stands for all its copies before there are any; null: it is expanded (or not mapped and gone). */
export function unexpandedSlot(node: TaskNode): Slot | null {
  return node.byIndex.get(-1) ?? null;
}

/** Instances that exist: all but the removed ones. */
export function copiesOf(node: TaskNode): number {
  return node.slots.length - node.counts.removed;
}

export function unfinishedOf({ counts }: TaskNode): number {
  return (
    counts.none +
    counts.scheduled +
    counts.queued +
    counts.running +
    counts.up_for_retry +
    counts.up_for_reschedule +
    counts.deferred +
    counts.awaiting_input
  );
}

/**
 * How many of a mapped task's copies failed although the task counts as done well: those within its `allowFailures`. In a mapped group a copy that could
 * not run because a task before it in the same copy of the group failed counts like one that failed.
 * @returns 0 where nothing is allowed, nothing failed, more failed than is allowed, or copies could not run for a reason that is none of their own.
 */
export function forgivenCopies(node: TaskNode): number {
  const allowed = node.facts.mapping?.allowFailures;
  if (!allowed) return 0;
  const failed = node.counts.failed + node.counts.upstream_failed;
  return failed <= allowedFailures(allowed, copiesOf(node)) && !isKeptFromRunning(node, new Set()) ? failed : 0;
}

/** Whether copies are upstream_failed by what stands outside their mapped group (or outside the task, where it is in none): its source, or a parent. */
function isKeptFromRunning(node: TaskNode, seen: Set<TaskNode>): boolean {
  const { upstream_failed: kept } = node.counts;
  if (kept === 0 || seen.has(node)) return false;
  seen.add(node);
  const before = node.inside.map((parent) => parent.node);
  const failedBefore = before.reduce((sum, { counts }) => sum + counts.failed + counts.upstream_failed, 0);
  return kept > failedBefore || before.some((parent) => isKeptFromRunning(parent, seen));
}

function allowedFailures(allowed: NonNullable<MapSpec['allowFailures']>, copies: number): number {
  return 'count' in allowed ? allowed.count : Math.floor((copies * allowed.percent) / 100);
}

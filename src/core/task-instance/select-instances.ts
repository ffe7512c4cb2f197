/**
 * Which task instances of a run a person means: tasks or single copies of them, with what lies before or after. Relatives inside a mapped group stay in
 * the copy of the group; setups and teardowns come along with the work that they surround.
 */
import type { DagSpec, TaskRole } from '../../model/dag-spec.js';
import type { TaskInstanceState } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { flatRelatives } from '../graph/relatives.js';
import { setupsAround, teardownsOf } from '../graph/setup-scope.js';
import { taskFactsOf, type TaskFacts } from '../graph/task-facts.js';
import { graphOf, type TaskGraph } from '../graph/task-graph.js';

/** A task with all its instances, or only some copies of a mapped one. */
export interface TaskChoice {
  readonly taskId: string;
  /** null: every instance. */
  readonly mapIndexes: readonly number[] | null;
}

export interface Relatives {
  /** Also everything upstream, at any depth. */
  readonly upstream?: boolean;
  /** Also everything downstream, at any depth. */
  readonly downstream?: boolean;
}

/** How far `downstream` reaches together with `upstream`: from the chosen tasks alone, or also from all that is upstream of them. */
export type DownstreamReach = 'chosen' | 'upstream';

export interface ClearSelection extends Relatives {
  /** null: every task. Tasks that the run does not have are left out. */
  readonly tasks: readonly TaskChoice[] | null;
  /** Only instances that are failed or upstream_failed. */
  readonly onlyFailed?: boolean;
  /** Only instances that are running; with `onlyFailed`: one or the other. */
  readonly onlyRunning?: boolean;
  /** Default: `chosen`. */
  readonly downstreamOf?: DownstreamReach;
}

const FAILED: readonly TaskInstanceState[] = ['failed', 'upstream_failed'];

/** States to which a selection is narrowed; null: all. */
export function statesOf({
  onlyFailed = false,
  onlyRunning = false,
}: Omit<ClearSelection, 'tasks'>): readonly TaskInstanceState[] | null {
  if (!onlyFailed && !onlyRunning) return null;
  return [...(onlyFailed ? FAILED : []), ...(onlyRunning ? (['running'] as const) : [])];
}

/** The instances of one run to be cleared. Relatives are found first, then states are filtered. */
export function selectForClear(
  spec: DagSpec,
  instances: readonly TaskInstance[],
  selection: ClearSelection,
): readonly TaskInstance[] {
  const scope = selection.tasks === null ? null : clearScope(spec, selection.tasks, selection);
  const states = statesOf(selection);
  const { tasks } = graphOf(spec);
  return instances.filter(
    ({ taskId, mapIndex, state }) =>
      (scope === null ? tasks.has(taskId) : scope.has(taskId, mapIndex)) && (states === null || states.includes(state)),
  );
}

/**
 * The instances to be marked. Work that is marked with what comes after it leaves teardowns alone: they clean up whatever became of the work.
 */
export function selectForMark(
  spec: DagSpec,
  instances: readonly TaskInstance[],
  tasks: readonly TaskChoice[],
  { upstream = false, downstream = false }: Relatives,
): readonly TaskInstance[] {
  const graph = graphOf(spec);
  const scope = new Scope();
  for (const { taskId, mapIndexes } of tasks) if (graph.tasks.has(taskId)) scope.add(taskId, mapIndexes);
  const seeds = tasks.map(({ taskId }) => taskId);
  if (upstream) for (const taskId of flatRelatives(graph, seeds, 'upstream')) scope.add(taskId, null);
  if (downstream) {
    for (const taskId of flatRelatives(graph, seeds, 'downstream')) {
      if (graph.tasks.get(taskId)!.role !== 'teardown') scope.add(taskId, null);
    }
  }
  return instances.filter(({ taskId, mapIndex }) => scope.has(taskId, mapIndex));
}

/**
 * What has to run again before a marked task's descendants can: those below it, at any depth, that are failed or upstream_failed, with the setups and
 * teardowns around them. The marked task itself is left out.
 */
export function selectToResume(spec: DagSpec, instances: readonly TaskInstance[], marked: string): readonly TaskInstance[] {
  const selection: ClearSelection = { tasks: [{ taskId: marked, mapIndexes: null }], downstream: true, onlyFailed: true };
  return selectForClear(spec, instances, selection).filter(({ taskId }) => taskId !== marked);
}

/** A set of task instances by task and map index, where a task may be in it as a whole. */
class Scope {
  readonly #tasks = new Map<string, Set<number> | null>();

  has(taskId: string, mapIndex: number): boolean {
    const indexes = this.#tasks.get(taskId);
    return indexes === null || indexes?.has(mapIndex) === true;
  }

  /** @returns whether something of it was not there before. */
  add(taskId: string, mapIndexes: readonly number[] | null): boolean {
    const known = this.#tasks.get(taskId);
    if (known === null) return false;
    if (mapIndexes === null) {
      this.#tasks.set(taskId, null);
      return true;
    }
    if (known === undefined) {
      this.#tasks.set(taskId, new Set(mapIndexes));
      return true;
    }
    const size = known.size;
    for (const index of mapIndexes) known.add(index);
    return known.size > size;
  }

  choices(): readonly TaskChoice[] {
    return [...this.#tasks].map(([taskId, indexes]) => ({ taskId, mapIndexes: indexes && [...indexes] }));
  }
}

function clearScope(
  spec: DagSpec,
  tasks: readonly TaskChoice[],
  { upstream = false, downstream = false, downstreamOf = 'chosen' }: Omit<ClearSelection, 'tasks'>,
): Scope {
  const graph = graphOf(spec);
  const facts = taskFactsOf(spec);
  const seeds = tasks.filter(({ taskId }) => graph.tasks.has(taskId));
  const before = upstream ? relatives(graph, facts, seeds, 'upstream') : [];
  const after = downstream ? relatives(graph, facts, downstreamOf === 'chosen' ? seeds : [...seeds, ...before], 'downstream') : [];
  const scope = new Scope();
  const add = (from: TaskChoice, taskId: string): void => void scope.add(taskId, carriedOver(facts, from, taskId));
  const roleOf = (taskId: string): TaskRole => graph.tasks.get(taskId)!.role;
  for (const { taskId, mapIndexes } of [...seeds, ...before, ...after]) scope.add(taskId, mapIndexes);
  for (const setup of [...seeds, ...before]) {
    if (roleOf(setup.taskId) !== 'setup') continue;
    for (const teardownId of teardownsOf(graph, setup.taskId)) add(setup, teardownId);
  }
  for (const work of [...seeds, ...after]) {
    if (roleOf(work.taskId) !== 'task') continue;
    for (const setupId of setupsAround(graph, work.taskId)) {
      add(work, setupId);
      for (const teardownId of teardownsOf(graph, setupId)) add(work, teardownId);
    }
  }
  return scope;
}

/** Everything before or after, at any depth. From a copy in a mapped group one comes to the same copy of its neighbours there. */
function relatives(
  graph: TaskGraph,
  facts: ReadonlyMap<string, TaskFacts>,
  seeds: readonly TaskChoice[],
  direction: 'upstream' | 'downstream',
): readonly TaskChoice[] {
  const found = new Scope();
  const open = [...seeds];
  for (let choice = open.pop(); choice !== undefined; choice = open.pop()) {
    const { taskId: from } = choice;
    const neighbours = direction === 'upstream' ? graph.tasks.get(from)!.upstream : graph.downstream.get(from)!;
    for (const taskId of neighbours) {
      const mapIndexes = carriedOver(facts, choice, taskId);
      if (found.add(taskId, mapIndexes)) open.push({ taskId, mapIndexes });
    }
  }
  return found.choices();
}

/** The copies of `taskId` that belong to the copies of `from`: the same ones within a mapped group, else all. */
function carriedOver(facts: ReadonlyMap<string, TaskFacts>, from: TaskChoice, taskId: string): readonly number[] | null {
  const group = facts.get(from.taskId)!.mappedGroup;
  return group !== null && facts.get(taskId)!.mappedGroup === group ? from.mapIndexes : null;
}

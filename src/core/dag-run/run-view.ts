/**
 * The indexed, mutable working copy of one run that a decision pass changes, and from which it drains one `RunCommit`.
 *
 * Owns: lookups, counters, which tasks have to be looked at again, the legality of every transition, and the merging of
 * transitions into guarded changes. Does not own: any rule about when a transition should happen.
 *
 * Life: `from(snapshot)`, then any number of rounds of { transitions; `drain`; commit to the store; `committed(result)` }. A view that
 * turns out to be `outdated` is thrown away and loaded anew.
 */
import { AirflowLikeError } from '../../model/errors.js';
import type { CallbackRequest } from '../../model/callback.js';
import type { Actor, CommitResult, RunCommit, TaskInstanceChange, TaskInstanceInsertion } from '../../model/commit.js';
import type { DagRun } from '../../model/dag-run.js';
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunSnapshot, PreviousRun } from '../../model/snapshot.js';
import { FINISHED_STATES, type TaskInstanceState } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { taskFactsOf } from '../graph/task-facts.js';
import { graphOf, type TaskGraph } from '../graph/task-graph.js';
import { TASK_INSTANCE_TRANSITIONS, type TaskInstanceTransition } from '../task-instance/transitions.js';
import { checkActor, destinationOf } from '../transition.js';
import { Agenda } from './agenda.js';
import { mergeTransition, pendingFor, toChange, toInsertion, type TransitionEffects } from './pending-change.js';
import { PendingRun } from './pending-run.js';
import { emptyCounts, type StateCounts } from './state-counts.js';
import { newTaskInstance } from './new-task-instance.js';
import { ReadyInstances, type ReadyGroup } from './ready-instances.js';
import { addSlot, changesOutcome, createNodes, recount, type Slot, type TaskNode } from './task-node.js';
import { tasksOfRun } from './tasks-of-run.js';
import { DAG_RUN_TRANSITIONS, type DagRunTransition } from './transitions.js';

export type { TransitionEffects } from './pending-change.js';

const NO_EFFECTS: TransitionEffects = {};

export class RunView {
  readonly spec: DagSpec;
  readonly graph: TaskGraph;
  readonly previous: PreviousRun | null;
  /** The run's tasks do not look at the past: the first run of a backfill. */
  readonly ignoresPast: boolean;
  /** What a planner has to look at. */
  readonly agenda = new Agenda();
  /** Instances of this run by state. */
  readonly counts: Readonly<StateCounts>;

  #run: DagRun;
  #revision: number;
  #outdated = false;
  #unfinished = 0;
  #heldFromOutside = 0;
  #failedNotCritical = 0;
  #changes = 0;
  #nextTemporaryId = -1;
  #wakeNextRun = false;
  /** The instances inserted by the last drain, until it is committed. */
  #draining: Map<string, Slot> | null = null;
  readonly #nodes: Map<string, TaskNode>;
  readonly #slots = new Map<number, Slot>();
  readonly #pendingRun = new PendingRun();
  readonly #scheduled = new ReadyInstances();
  #changed: Slot[] = [];
  #usedTransitions = new Set<TaskInstanceTransition>();
  #usedRunTransitions = new Set<DagRunTransition>();

  private constructor(snapshot: DagRunSnapshot) {
    this.spec = snapshot.spec;
    this.graph = graphOf(snapshot.spec);
    this.previous = snapshot.previous;
    this.ignoresPast = snapshot.run.backfillOrdinal === 1;
    this.counts = emptyCounts();
    this.#run = snapshot.run;
    this.#revision = snapshot.run.revision;
    const parts = tasksOfRun(snapshot.spec, snapshot.run);
    const partIds = parts === snapshot.spec.tasks ? null : new Set(parts.map(({ taskId }) => taskId));
    this.#nodes = createNodes(this.graph, taskFactsOf(snapshot.spec), partIds);
    for (const instance of snapshot.taskInstances) {
      const node = this.#nodes.get(instance.taskId);
      // The spec is the run's own version, so every row has its task; a row without one could only be left as it is.
      if (node) this.#index(addSlot(node, instance, null));
    }
    for (const node of this.#nodes.values()) {
      this.agenda.addTask(node);
      node.slots.sort((a, b) => a.instance.mapIndex - b.instance.mapIndex);
    }
  }

  static from(snapshot: DagRunSnapshot): RunView {
    return new RunView(snapshot);
  }

  /** The run with all changes so far. */
  get run(): DagRun {
    return this.#run;
  }

  /** The stored revision this view builds on. */
  get revision(): number {
    return this.#revision;
  }

  /** True after a commit whose guards did not all hold: the view no longer says what the store says. */
  get outdated(): boolean {
    return this.#outdated;
  }

  get unfinishedCount(): number {
    return this.#unfinished;
  }

  /** Unfinished instances of tasks that wait for things outside this run: its past, or a limit that other runs share. */
  get heldFromOutside(): number {
    return this.#heldFromOutside;
  }

  /** Instances of tasks that are not critical, and that failed or could not run. */
  get failedNotCritical(): number {
    return this.#failedNotCritical;
  }

  /** Counts every transition and every new copy. */
  get changes(): number {
    return this.#changes;
  }

  /** Instances of this run that are queued or running. */
  get occupiedSlots(): number {
    return this.counts.queued + this.counts.running;
  }

  task(taskId: string): TaskSpec {
    return this.node(taskId).task;
  }

  /** The task with its counters. */
  node(taskId: string): TaskNode {
    const node = this.#nodes.get(taskId);
    if (!node) throw new AirflowLikeError('INTERNAL', { place: this.#place(), message: 'no such task in this run', value: taskId });
    return node;
  }

  /** Every task with its counters. */
  nodes(): Iterable<TaskNode> {
    return this.#nodes.values();
  }

  instance(id: number): TaskInstance {
    return this.#slot(id).instance;
  }

  has(id: number): boolean {
    return this.#slots.has(id);
  }

  /** Instances of one task by map index. */
  instances(taskId: string): readonly TaskInstance[] {
    return this.node(taskId).slots.map((slot) => slot.instance);
  }

  *allInstances(): Iterable<TaskInstance> {
    for (const slot of this.#slots.values()) yield slot.instance;
  }

  /** Instances in `scheduled` that are stored, heaviest first, copies of a task by map index. */
  ready(): Iterable<TaskInstance> {
    return this.#scheduled.instances();
  }

  /** The same by task, with those that are not stored yet. */
  readyGroups(): Iterable<ReadyGroup> {
    return this.#scheduled.groups();
  }

  /**
   * Takes one transition of one instance.
   * @param patch Other fields that change; `state` counts only where the transition has several destinations.
   * @throws AirflowLikeError INTERNAL when the table does not allow it.
   */
  transition(
    instanceId: number,
    name: TaskInstanceTransition,
    patch: Partial<TaskInstance> = {},
    effects: TransitionEffects = NO_EFFECTS,
  ): TaskInstance {
    const slot = this.#slot(instanceId);
    const from = slot.instance.state;
    const to = destinationOf(`task instance ${instanceId}`, name, TASK_INSTANCE_TRANSITIONS[name], from, patch.state);
    if (instanceId < 0 && (to === 'queued' || this.#draining)) {
      throw new AirflowLikeError('INTERNAL', { place: this.#place(), message: `"${name}" of an instance that is not stored yet` });
    }
    const pending = this.#pending(slot);
    mergeTransition(pending, to, effects);
    this.#usedTransitions.add(name);
    this.#move(slot, from, { ...slot.instance, ...patch, state: to });
    return slot.instance;
  }

  /** Changes fields of an instance without a transition. */
  patch(instanceId: number, patch: Omit<Partial<TaskInstance>, 'id' | 'state'>): TaskInstance {
    const slot = this.#slot(instanceId);
    this.#pending(slot);
    const { mapIndex } = slot.instance;
    recount(slot, { ...slot.instance, ...patch });
    if (slot.instance.mapIndex !== mapIndex) {
      // An expansion into one copy inserts none, but what is below has another parent all the same.
      this.#changes++;
      this.agenda.addChildren(slot.node);
    }
    return slot.instance;
  }

  /** Takes one transition of the run. @throws AirflowLikeError INTERNAL when the table does not allow it. */
  transitionRun(
    name: DagRunTransition,
    patch: Partial<DagRun>,
    reason: string | null,
    callback: CallbackRequest | null = null,
  ): void {
    const to = destinationOf(this.#place(), name, DAG_RUN_TRANSITIONS[name], this.#run.state, patch.state);
    this.#pendingRun.step(this.#run.state, to, reason, callback);
    this.#run = { ...this.#run, ...patch, state: to };
    this.#usedRunTransitions.add(name);
  }

  /** Changes fields of the run (dates, clear number, version) without a transition. */
  patchRun(patch: Omit<Partial<DagRun>, 'id' | 'state'>, reason: string | null): void {
    this.#pendingRun.change(this.#run.state, reason);
    this.#run = { ...this.#run, ...patch };
  }

  /**
   * Adds copies of a mapped task at `mapIndexes`, in state none, made after `pattern`. They carry negative ids until they are
   * committed and must not be queued before.
   */
  insertCopies(pattern: TaskInstance, mapIndexes: Iterable<number>): readonly TaskInstance[] {
    const node = this.node(pattern.taskId);
    const copies: TaskInstance[] = [];
    for (const mapIndex of mapIndexes) {
      const values = { ...pattern, maxTries: node.task.retries + 1 };
      const instance: TaskInstance = {
        id: this.#nextTemporaryId--,
        ...newTaskInstance(pattern.dagRunId, pattern.taskId, mapIndex, values),
      };
      const slot = addSlot(node, instance, { ...pendingFor(instance), isInsertion: true });
      this.#changed.push(slot);
      this.#index(slot);
      copies.push(instance);
    }
    if (copies.length > 0) {
      this.#changes += copies.length;
      this.agenda.addTask(node);
      this.agenda.addChildren(node);
    }
    return copies;
  }

  /**
   * Everything since the last drain as one commit.
   * @param planAt See `RunCommit.planAt`; undefined leaves it.
   * @returns null when nothing changed and `planAt` is undefined.
   * @throws AirflowLikeError INTERNAL when the actor may not take one of the transitions, or the last drain was not `committed`.
   */
  drain(actor: Actor, planAt: Instant | null | undefined): RunCommit | null {
    if (this.#changed.length === 0 && this.#pendingRun.isEmpty && planAt === undefined) return null;
    if (this.#draining) throw new AirflowLikeError('INTERNAL', { place: this.#place(), message: 'drained twice without a commit' });
    this.#checkActor(actor);
    const changes: TaskInstanceChange[] = [];
    const insertions: TaskInstanceInsertion[] = [];
    const inserted = new Map<string, Slot>();
    for (const slot of this.#changed) {
      const { instance } = slot;
      const pending = slot.pending!;
      slot.pending = null;
      if (pending.isInsertion) {
        insertions.push(toInsertion(instance, pending));
        inserted.set(rowKey(instance.taskId, instance.mapIndex), slot);
      } else changes.push(toChange(instance, pending));
    }
    const commit: RunCommit = {
      dagRunId: this.#run.id,
      dagId: this.#run.dagId,
      expectedRevision: this.#revision,
      run: this.#pendingRun.take(this.#run),
      planAt,
      changes,
      insertions,
      wakeNextRun: this.#wakeNextRun,
      actor,
    };
    this.#draining = inserted;
    this.#changed = [];
    this.#wakeNextRun = false;
    this.#usedTransitions = new Set();
    this.#usedRunTransitions = new Set();
    return commit;
  }

  /**
   * Takes over what the store answered to the last drain: the new revision and the ids of inserted rows.
   * @returns Ids of this run's task instances whose guard did not hold. When there are any, or the run itself was stale, the view is `outdated`.
   */
  committed(result: CommitResult): readonly number[] {
    const draining = this.#draining;
    this.#draining = null;
    const revision = result.revisions.get(this.#run.id);
    if (revision === undefined) {
      this.#outdated = true;
      return [];
    }
    this.#revision = revision;
    this.#run = { ...this.#run, revision };
    if (draining?.size) this.#adoptIds(draining, result);
    const stale = result.staleTaskInstances.filter((id) => this.#slots.has(id));
    if (stale.length > 0) this.#outdated = true;
    return stale;
  }

  #adoptIds(insertions: ReadonlyMap<string, Slot>, result: CommitResult): void {
    const ids = new Map<string, number>();
    for (const row of result.inserted) if (row.dagRunId === this.#run.id) ids.set(rowKey(row.taskId, row.mapIndex), row.id);
    for (const [key, slot] of insertions) {
      const id = ids.get(key);
      if (id === undefined) {
        // A row that existed already was written by somebody else.
        this.#outdated = true;
        continue;
      }
      this.#slots.delete(slot.instance.id);
      slot.instance = { ...slot.instance, id };
      this.#slots.set(id, slot);
    }
  }

  #checkActor(actor: Actor): void {
    for (const name of this.#usedTransitions) checkActor(this.#place(), name, TASK_INSTANCE_TRANSITIONS[name], actor);
    for (const name of this.#usedRunTransitions) checkActor(this.#place(), name, DAG_RUN_TRANSITIONS[name], actor);
  }

  #index(slot: Slot): void {
    const { id, state } = slot.instance;
    this.#slots.set(id, slot);
    (this.counts as StateCounts)[state]++;
    this.#tally(slot.node, state, 1);
    this.#file(slot, state);
  }

  #move(slot: Slot, from: TaskInstanceState, next: TaskInstance): void {
    const { node } = slot;
    const { state: to } = next;
    recount(slot, next);
    this.#changes++;
    (this.counts as StateCounts)[from]--;
    (this.counts as StateCounts)[to]++;
    this.#tally(node, from, -1);
    this.#tally(node, to, 1);
    this.#scheduled.delete(slot);
    this.#file(slot, to);
    if (to === 'none') this.agenda.addSlot(slot);
    if (!changesOutcome(from, to)) return;
    this.agenda.addNeighbours(slot);
    if (node.mattersToNextRun) this.#wakeNextRun = true;
  }

  #tally({ facts, task }: TaskNode, state: TaskInstanceState, by: number): void {
    if (!FINISHED_STATES.has(state)) {
      this.#unfinished += by;
      if (facts.isHeldFromOutside) this.#heldFromOutside += by;
    } else if (!task.critical && (state === 'failed' || state === 'upstream_failed')) this.#failedNotCritical += by;
  }

  #file(slot: Slot, state: TaskInstanceState): void {
    if (state === 'scheduled') this.#scheduled.add(slot);
    this.agenda.file(slot, state);
  }

  #pending(slot: Slot): NonNullable<Slot['pending']> {
    if (!slot.pending) {
      slot.pending = pendingFor(slot.instance);
      this.#changed.push(slot);
    }
    return slot.pending;
  }

  #slot(id: number): Slot {
    const slot = this.#slots.get(id);
    if (slot) return slot;
    throw new AirflowLikeError('INTERNAL', { place: this.#place(), message: 'no such task instance in this run', value: id });
  }

  #place(): string {
    return `run ${this.#run.dagId}/${this.#run.runId}`;
  }
}

function rowKey(taskId: string, mapIndex: number): string {
  return `${mapIndex} ${taskId}`;
}

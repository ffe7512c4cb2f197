import { inspect } from 'node:util';
import { isMappedMember } from '../core/xcom/decide-push.js';
import { decodeTagged } from '../model/codec.js';
import type { DagRun } from '../model/dag-run.js';
import type { Duration } from '../model/duration.js';
import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';
import { nearestName } from '../model/nearest-name.js';
import { FINISHED_RUN_STATES, type DagRunState, type RunType } from '../model/states.js';
import type { Attempt, TaskInstance } from '../model/task-instance.js';
import type { ClearRequest } from '../operations/clear-request.js';
import { clearTaskInstances } from '../operations/clear-task-instances.js';
import { markDagRuns, type MarkRunsRequest } from '../operations/mark-dag-runs.js';
import { markTaskInstances, type MarkRequest } from '../operations/mark-task-instances.js';
import type { AssetEvent } from '../sdk/asset-context.js';
import { shownEvents } from './asset-events.js';
import { describeRun } from './describe-run.js';
import { InMemoryRun } from './in-memory-run.js';
import type { TestInterval } from './intervals.js';
import type { MemberOf, TaskId } from './task-types.js';
import { testCallbackOf, type TestCallback } from './test-callback.js';
import { TestTask, type TestTaskInstance } from './test-task.js';
import type { TestLogLine, TestWorld } from './test-world.js';
import { spanMs, type VirtualClock } from './virtual-clock.js';

/** Which task instances of a run are to run again. */
export interface TestClear<T = object> extends Pick<
  ClearRequest,
  'upstream' | 'downstream' | 'past' | 'future' | 'onlyFailed' | 'onlyRunning' | 'resetRuns'
> {
  /** Task ids, or single copies of mapped tasks. Default: all. */
  readonly tasks?: readonly (TaskId<T> | { readonly taskId: TaskId<T>; readonly mapIndexes: readonly number[] })[];
}

/** What else is marked together with a task. */
export type TestMark = Pick<MarkRequest, 'mapIndexes' | 'upstream' | 'downstream' | 'past' | 'future'>;

/** A run in memory. It shows how things stand after the last `advance`; `T` is the DAG class. */
export class TestRun<T = object> {
  readonly #world: TestWorld;
  readonly #run: InMemoryRun;
  #dagRun: DagRun;
  #tasks: ReadonlyMap<string, TestTask> = new Map();
  #assetEvents: readonly AssetEvent[] = [];

  private constructor(world: TestWorld, run: InMemoryRun, dagRun: DagRun) {
    this.#world = world;
    this.#run = run;
    this.#dagRun = dagRun;
  }

  /** As it stands now; nothing is run. */
  static async of<T>(world: TestWorld, dagRunId: number): Promise<TestRun<T>> {
    const run = new InMemoryRun(world.inner, dagRunId);
    return new TestRun<T>(world, run, await run.run()).refresh();
  }

  /** Shared by all runs of one `testSchedule`. */
  get clock(): VirtualClock {
    return this.#world.clock;
  }

  /** Lines of `context().log` and of the system, in order. */
  get log(): readonly TestLogLine[] {
    return this.#world.linesOf(this.runId);
  }

  get dagId(): string {
    return this.#dagRun.dagId;
  }

  get runId(): string {
    return this.#dagRun.runId;
  }

  get runType(): RunType {
    return this.#dagRun.runType;
  }

  get logicalDate(): Date | null {
    return dateOf(this.#dagRun.logicalDate);
  }

  /** The half-open span `[start, end)` that the run covers. */
  get dataInterval(): TestInterval | null {
    const { dataInterval } = this.#dagRun;
    return dataInterval && { start: new Date(dataInterval.start), end: new Date(dataInterval.end) };
  }

  /** Null while it is queued. */
  get startedAt(): Date | null {
    return dateOf(this.#dagRun.startedAt);
  }

  get endedAt(): Date | null {
    return dateOf(this.#dagRun.endedAt);
  }

  get state(): DagRunState {
    return this.#dagRun.state;
  }

  get isOver(): boolean {
    return FINISHED_RUN_STATES.has(this.#dagRun.state);
  }

  /** Events that its tasks brought, in the order in which they succeeded. */
  get assetEvents(): readonly AssetEvent[] {
    return this.#assetEvents;
  }

  /** Callbacks that were called, in order, with what they threw. `onExecute` is part of its attempt and leaves a line in `log` when it throws. */
  get callbacks(): readonly TestCallback[] {
    return this.#run.callbacks(this.runId).map(testCallbackOf);
  }

  /** In wiring order. */
  get tasks(): readonly TestTask[] {
    return [...this.#tasks.values()];
  }

  /**
   * A task by its id, which begins with the ids of the groups it is in.
   * @throws AirflowLikeError NOT_FOUND
   */
  task<Id extends TaskId<T>>(taskId: Id): TestTask<MemberOf<T, Id>> {
    const task = this.#tasks.get(taskId);
    if (task) return task as TestTask<MemberOf<T, Id>>;
    throw new AirflowLikeError('NOT_FOUND', {
      place: this.dagId,
      message: 'the DAG has no such task',
      value: taskId,
      allowed: [...this.#tasks.keys()].join(', '),
      suggestion: nearestName(taskId, this.#tasks.keys()),
    });
  }

  /**
   * Lets time pass: everything that is due until then (retries, looks of sensors, time limits, the run's timeout) happens in order, each
   * at its own moment.
   * @param span A duration such as `'2h'`, or milliseconds.
   */
  async advance(span: Duration | number): Promise<this> {
    await this.#world.moveTo(this.clock.now() + spanMs(span, 'advance'), () => this.#run.nextWakeAt());
    return this.refresh();
  }

  /** Lets as much time pass as the run needs to end. What waits for something else than time leaves it running. */
  async finish(): Promise<this> {
    await this.#world.finish(
      () => this.#run.isOver(),
      () => this.#run.nextWakeAt(),
    );
    return this.refresh();
  }

  /** Lets task instances run again, as `tasks clear` does, and runs what can run at once. @throws AirflowLikeError as that command does. */
  async clear({ tasks, ...options }: TestClear<T> = {}): Promise<this> {
    const choices = tasks?.map((task) => (typeof task === 'string' ? { taskId: task, mapIndexes: null } : task)) ?? null;
    await clearTaskInstances(this.#world.inner.deps, { ...options, dagId: this.dagId, runIds: [this.runId], tasks: choices });
    return this.#drive();
  }

  /** Says what a task is, as `tasks mark` does, and runs what can run at once. @throws AirflowLikeError as that command does. */
  async mark(taskId: TaskId<T>, state: MarkRequest['state'], options: TestMark = {}): Promise<this> {
    await markTaskInstances(this.#world.inner.deps, { ...options, dagId: this.dagId, runId: this.runId, taskId, state });
    return this.#drive();
  }

  /** Says what the run is, as `dags mark` does. @throws AirflowLikeError as that command does. */
  async markRun(state: MarkRunsRequest['state']): Promise<this> {
    await markDagRuns(this.#world.inner.deps, { dagId: this.dagId, runIds: [this.runId], state });
    return this.#drive();
  }

  /** @throws Error with the whole run as a text unless it ended like this. */
  assertState(expected: DagRunState): this {
    if (this.state === expected) return this;
    const error = new Error(`the run should be ${expected}, but is ${this.state}\n\n${this.toString()}`);
    Error.captureStackTrace(error, this.assertState);
    throw error;
  }

  /** The run as a tree, with the first error and the inputs that led to it. */
  toString(): string {
    return describeRun(this.#run.spec, this.#dagRun, this.#tasks, this.callbacks);
  }

  [inspect.custom](): string {
    return this.toString();
  }

  /** Whether it shows the run as it is in the store. */
  shows({ runId, revision }: Pick<DagRun, 'runId' | 'revision'>): boolean {
    return this.runId === runId && this.#dagRun.revision === revision;
  }

  async #drive(): Promise<this> {
    await this.#run.drive();
    return this.refresh();
  }

  /** Reads how the run stands now, where it was moved on by something else than its own `advance` and `finish`. */
  async refresh(): Promise<this> {
    const { tasks } = this.#run.spec;
    this.#dagRun = await this.#run.run();
    this.#assetEvents = shownEvents(await this.#run.assetEvents());
    const instances = await this.#run.taskInstances();
    const attempts = new Map(
      (await this.#run.attempts(instances.map(({ id }) => id))).map((attempt) => [attempt.taskInstanceId, attempt]),
    );
    const outputs = await this.#run.allOutputs(tasks.map(({ taskId }) => taskId));
    const reasons = this.#run.reasons();
    const calls = new Map(this.#run.calls(this.runId).map(({ key, args }) => [copyKey(key.taskId, key.mapIndex), args]));
    const copies = new Map<string, TestTaskInstance[]>(tasks.map(({ taskId }) => [taskId, []]));
    const values = new Map(
      tasks.flatMap(({ taskId }, index) =>
        (outputs[index] ?? []).map(({ mapIndex, value }) => [copyKey(taskId, mapIndex), value] as const),
      ),
    );
    for (const instance of instances) {
      const key = copyKey(instance.taskId, instance.mapIndex);
      const value = values.get(key);
      copies.get(instance.taskId)?.push(
        describeInstance(instance, {
          attempt: attempts.get(instance.id),
          reason: reasons.get(instance.id) ?? null,
          inputs: calls.get(key) ?? null,
          output: value === undefined ? undefined : decodeTagged(value),
        }),
      );
    }
    this.#tasks = new Map(
      tasks.map((task) => {
        const { taskId } = task;
        return [taskId, new TestTask(taskId, isMappedMember(this.#run.spec, task), copies.get(taskId) as TestTaskInstance[])];
      }),
    );
    return this;
  }
}

function copyKey(taskId: string, mapIndex: number): string {
  return `${mapIndex} ${taskId}`;
}

interface Findings {
  /** The last one made. */
  readonly attempt: Attempt | undefined;
  readonly reason: string | null;
  readonly inputs: readonly unknown[] | null;
  readonly output: unknown;
}

function describeInstance(instance: TaskInstance, { attempt, reason, inputs, output }: Findings): TestTaskInstance {
  const { taskId, mapIndex, mapLabel, state, tryNumber, maxTries, startedAt, endedAt, wakeAt } = instance;
  return {
    taskId,
    mapIndex,
    mapLabel,
    state,
    tryNumber,
    maxTries,
    input: inputs?.[0],
    inputs,
    output,
    rendered: attempt?.rendered ? (decodeTagged(attempt.rendered) as Readonly<Record<string, unknown>>) : null,
    error: attempt?.error ?? null,
    reason,
    startedAt: dateOf(startedAt),
    endedAt: dateOf(endedAt),
    wakesAt: dateOf(wakeAt),
  };
}

function dateOf(instant: Instant | null): Date | null {
  return instant === null ? null : new Date(instant);
}

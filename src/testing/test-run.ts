import { inspect } from 'node:util';
import type { AttemptLogLine } from '../model/attempt-log.js';
import { decodeTagged } from '../model/codec.js';
import type { DagRun } from '../model/dag-run.js';
import type { Duration } from '../model/duration.js';
import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';
import { nearestName } from '../model/nearest-name.js';
import { FINISHED_RUN_STATES, type DagRunState } from '../model/states.js';
import type { Attempt, TaskInstance } from '../model/task-instance.js';
import { describeRun } from './describe-run.js';
import type { InMemoryRun } from './in-memory-run.js';
import type { MemberOf, TaskId } from './task-types.js';
import { TestTask, type TestTaskInstance } from './test-task.js';
import { spanMs, type VirtualClock } from './virtual-clock.js';

/** A line that the system or `context().log` wrote, and of which task. */
export interface TestLogLine extends AttemptLogLine {
  readonly taskId: string;
  readonly mapIndex: number;
}

/** A run of `testDag`. It shows how things stand after the last `advance`; `T` is the DAG class. */
export class TestRun<T = object> {
  /** The run's own clock. */
  readonly clock: VirtualClock;
  /** Lines of `context().log` and of the system, in order. */
  readonly log: readonly TestLogLine[];
  readonly #run: InMemoryRun;
  #dagRun: DagRun;
  #tasks: ReadonlyMap<string, TestTask> = new Map();

  private constructor(run: InMemoryRun, dagRun: DagRun, clock: VirtualClock, log: readonly TestLogLine[]) {
    this.#run = run;
    this.#dagRun = dagRun;
    this.clock = clock;
    this.log = log;
  }

  /** Runs what can run at once. */
  static async start<T>(run: InMemoryRun, clock: VirtualClock, log: readonly TestLogLine[]): Promise<TestRun<T>> {
    const testRun = new TestRun<T>(run, await run.run(), clock, log);
    await testRun.#drive();
    await testRun.#look();
    return testRun;
  }

  get dagId(): string {
    return this.#dagRun.dagId;
  }

  get runId(): string {
    return this.#dagRun.runId;
  }

  get state(): DagRunState {
    return this.#dagRun.state;
  }

  get isOver(): boolean {
    return FINISHED_RUN_STATES.has(this.#dagRun.state);
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
    const target = this.clock.now() + spanMs(span, 'advance');
    for (let next = await this.#nextWakeAt(); next !== null && next <= target; next = await this.#nextWakeAt()) {
      this.clock.moveTo(next);
      await this.#drive();
    }
    this.clock.moveTo(target);
    await this.#look();
    return this;
  }

  /** Lets as much time pass as the run needs to end. What waits for something else than time leaves it running. */
  async finish(): Promise<this> {
    while (!(await this.#run.isOver())) {
      const next = await this.#nextWakeAt();
      if (next === null) break;
      this.clock.moveTo(next);
      await this.#drive();
    }
    await this.#look();
    return this;
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
    return describeRun(this.#run.spec, this.#dagRun, this.#tasks);
  }

  [inspect.custom](): string {
    return this.toString();
  }

  async #drive(): Promise<void> {
    await this.#run.drive();
  }

  async #nextWakeAt(): Promise<Instant | null> {
    const times = [await this.#run.nextWakeAt(), this.clock.nextWakeAt()].filter((at) => at !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Reads how the run stands. */
  async #look(): Promise<void> {
    const { tasks } = this.#run.spec;
    this.#dagRun = await this.#run.run();
    const instances = await this.#run.taskInstances();
    const attempts = new Map(
      (await this.#run.attempts(instances.map(({ id }) => id))).map((attempt) => [attempt.taskInstanceId, attempt]),
    );
    const outputs = await this.#run.allOutputs(tasks.map(({ taskId }) => taskId));
    const reasons = this.#run.reasons();
    const calls = new Map(this.#run.executor.made.map(({ key, args }) => [copyKey(key.taskId, key.mapIndex), args]));
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
      tasks.map(({ taskId, map }) => [taskId, new TestTask(taskId, map !== null, copies.get(taskId) as TestTaskInstance[])]),
    );
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
  const { taskId, mapIndex, state, tryNumber, maxTries, startedAt, endedAt, wakeAt } = instance;
  return {
    taskId,
    mapIndex,
    state,
    tryNumber,
    maxTries,
    input: inputs?.[0],
    inputs,
    output,
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

/** What `testDag` and `testSchedule` share: a DAG with stubs in an in-memory world, a virtual clock, and the lines that its runs wrote. */
import type { Timetable } from '../core/timetable/timetable.js';
import type { AttemptLogLine } from '../model/attempt-log.js';
import type { ErrorCode } from '../model/error-table.js';
import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';
import type { TaskInstanceKey } from '../model/task-instance.js';
import type { DagDefinition } from '../sdk/build-dag.js';
import { collectDags } from '../sdk/collect-dags.js';
import { context } from '../sdk/context.js';
import type { TestExternalRuns } from './external-runs.js';
import { InMemoryWorld } from './in-memory-world.js';
import { stubBodies } from './stubs.js';
import type { TestableDag } from './task-types.js';
import type { VirtualClock } from './virtual-clock.js';

/** A line that the system or `context().log` wrote, and of which task. */
export interface TestLogLine extends AttemptLogLine {
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
}

/** What a DAG finds around it in service, and has to be given in a test. */
export interface TestSurroundings {
  /**
   * How runs of other DAGs stand, for a task that waits for them (`externalTaskSensor`), or a function that says so by what the clock shows. Default: none is
   * known, and such a task fails with NOT_FOUND unless it is stubbed.
   */
  readonly externalRuns?: TestExternalRuns;
  /** What plugins register, by the names under which schedules use it. Default: nothing. */
  readonly timetables?: Readonly<Record<string, Timetable>>;
}

/** Attempts at once: enough that sensors which hold their slots keep nobody from running. */
const SLOTS = 4_096;

export class TestWorld {
  readonly clock: VirtualClock;
  readonly inner: InMemoryWorld;
  readonly #log: ReadonlyMap<string, TestLogLine[]>;

  private constructor(clock: VirtualClock, inner: InMemoryWorld, log: ReadonlyMap<string, TestLogLine[]>) {
    this.clock = clock;
    this.inner = inner;
    this.#log = log;
  }

  /** @param spec That of the definition, where only some of it is wanted. */
  static async create(
    definition: DagDefinition,
    spec: DagDefinition['spec'],
    stubs: Readonly<Record<string, unknown>>,
    clock: VirtualClock,
    { externalRuns, timetables }: TestSurroundings,
  ): Promise<TestWorld> {
    const log = new Map<string, TestLogLine[]>();
    const keep = (line: AttemptLogLine, { runId, taskId, mapIndex }: TaskInstanceKey): void => {
      let lines = log.get(runId);
      if (!lines) log.set(runId, (lines = []));
      lines.push({ ...line, runId, taskId, mapIndex });
    };
    const wait = (ms: number): Promise<void> => inner.executor.wait(context().token, ms);
    const bodies = stubBodies(spec, stubs, wait);
    const dag = { spec, createInstance: () => definition.createInstance(bodies) };
    const inner: InMemoryWorld = await InMemoryWorld.create({
      dag,
      clock,
      slots: SLOTS,
      onLogLine: keep,
      ...(externalRuns && { externalRuns }),
      ...(timetables && { timetables: new Map(Object.entries(timetables)) }),
    });
    return new TestWorld(clock, inner, log);
  }

  linesOf(runId: string): readonly TestLogLine[] {
    return this.#log.get(runId) ?? [];
  }

  /**
   * Lets time pass until `target`: everything that is due until then happens in order, each at its own moment.
   * @param nextAt When something besides sleeping code is due.
   */
  async moveTo(target: Instant, nextAt: () => Promise<Instant | null>): Promise<void> {
    for (let next = await this.#next(nextAt); next !== null && next <= target; next = await this.#next(nextAt)) {
      this.clock.moveTo(next);
      await this.inner.drive();
    }
    this.clock.moveTo(target);
  }

  /** Lets as much time pass as it takes until `isOver`, or until nothing waits for time. */
  async finish(isOver: () => Promise<boolean>, nextAt: () => Promise<Instant | null>): Promise<void> {
    while (!(await isOver())) {
      const next = await this.#next(nextAt);
      if (next === null) return;
      this.clock.moveTo(next);
      await this.inner.drive();
    }
  }

  async #next(nextAt: () => Promise<Instant | null>): Promise<Instant | null> {
    const [a, b] = [await nextAt(), this.clock.nextWakeAt()];
    return a === null || b === null ? (a ?? b) : Math.min(a, b);
  }
}

/** Wired DAGs, kept as long as their classes. */
const definitions = new WeakMap<object, DagDefinition>();

/** @throws AirflowLikeError the first mistake of the DAG, EXPORT_INVALID for what is none. */
export function definitionOf(dag: TestableDag, place: string): DagDefinition {
  const known = definitions.get(dag);
  if (known) return known;
  const name = typeof dag === 'function' ? dag.name : 'dag';
  const { dags, problems } = collectDags({ [name]: dag }, 'testDag');
  const [definition] = dags;
  const [first] = problems;
  if (first) {
    const { code, message, allowed, suggestion } = first;
    throw new AirflowLikeError(code as ErrorCode, { message, ...(allowed !== null && { allowed }), suggestion });
  }
  if (!definition || dags.length > 1) {
    throw new AirflowLikeError('EXPORT_INVALID', {
      place,
      message: dags.length > 1 ? 'these are several DAGs; run one of them' : 'this is no DAG',
      value: dag,
      allowed: 'a class with @dag(), what defineDag(...) returned, or one of the dags of a defineDags(...)',
    });
  }
  definitions.set(dag, definition);
  return definition;
}

import { timetableFor } from '../core/timetable/resolve.js';
import { restrictionOf } from '../core/timetable/timetable.js';
import { inspect } from 'node:util';
import { checkParams } from '../operations/check-params.js';
import { checkConf } from '../operations/parse-conf.js';
import { pauseDags } from '../operations/pause-dags.js';
import { triggerDagRun } from '../operations/trigger-dag-run.js';
import type { DagSpec } from '../model/dag-spec.js';
import type { Duration } from '../model/duration.js';
import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';
import { nearestName } from '../model/nearest-name.js';
import type { DagRunState } from '../model/states.js';
import { reportEvents, type TestAssetEvent } from './asset-events.js';
import { instantOf, type DateInput } from './intervals.js';
import type { Stubs, TasksOf, TestableDag } from './task-types.js';
import { TestRun } from './test-run.js';
import { definitionOf, TestWorld, type TestSurroundings } from './test-world.js';
import { spanMs, VirtualClock } from './virtual-clock.js';

export interface TestScheduleOptions<T = object> extends TestSurroundings {
  /** First and last instant that the schedule is asked about: runs whose logical date lies in `[from, to)`. Text is read in the DAG's zone. */
  readonly from: DateInput;
  readonly to: DateInput;
  /**
   * What the clock shows when the DAG is switched on. Default: `from`, so that each run is made at its own time. A later instant, such as `to`,
   * shows what `catchup` makes of the time before.
   */
  readonly now?: DateInput;
  /** What tasks return instead of running: a value, or a function that is called with the task's inputs. */
  readonly stubs?: Stubs<T>;
}

/** How a run is triggered by hand. */
export interface TestTrigger {
  readonly logicalDate?: DateInput;
  /** Values of the DAG's params, and whatever else the run is to know. */
  readonly conf?: Readonly<Record<string, unknown>>;
  readonly runId?: string;
}

/**
 * Runs a DAG by its schedule over a span of time, in this process, in memory, with the real run creator and planning code: a month of hourly
 * runs takes a fraction of a second. Resolves when the clock shows `to` and only time could change anything.
 * @throws AirflowLikeError the first mistake of the DAG; DATE_INVALID, DATE_ORDER; UNKNOWN_NAME for a stub of no task and a
 * timetable that is not given; TIMETABLE_FAILED.
 */
export async function testSchedule<D extends TestableDag>(
  dag: D,
  options: TestScheduleOptions<TasksOf<D>>,
): Promise<TestSchedule<TasksOf<D>>> {
  const definition = definitionOf(dag, 'testSchedule');
  const { timezone } = definition.spec;
  const from = instantOf(options.from, 'from', timezone);
  const to = instantOf(options.to, 'to', timezone);
  if (from >= to) throw new AirflowLikeError('DATE_ORDER', { place: 'to', message: 'this is not after from', value: options.to });
  const clock = new VirtualClock(options.now === undefined ? from : instantOf(options.now, 'now', timezone));
  const spec = withinDates(definition.spec, from, to);
  await checkParams(spec.params, {});
  // A timetable that is missing or fails would only mean that there are no runs.
  const known = new Map(Object.entries(options.timetables ?? {}));
  timetableFor(spec, known).next(null, restrictionOf(spec), clock.now());
  const world = await TestWorld.create(definition, spec, options.stubs ?? {}, clock, options);
  await world.inner.drive();
  return TestSchedule.until<TasksOf<D>>(world, to);
}

/** Both ends of a DAG's dates count. */
function withinDates(spec: DagSpec, from: Instant, to: Instant): DagSpec {
  return { ...spec, startDate: Math.max(spec.startDate ?? from, from), endDate: Math.min(spec.endDate ?? to, to - 1) };
}

/** The runs of a DAG over some time. It shows how things stand after the last step; `T` is the DAG class. */
export class TestSchedule<T = object> {
  readonly #world: TestWorld;
  #runs: readonly TestRun<T>[] = [];

  private constructor(world: TestWorld) {
    this.#world = world;
  }

  /** Lets time pass until `to`. */
  static async until<T>(world: TestWorld, to: Instant): Promise<TestSchedule<T>> {
    const schedule = new TestSchedule<T>(world);
    await world.moveTo(to, () => schedule.#nextAt());
    return schedule.refresh();
  }

  get clock(): VirtualClock {
    return this.#world.clock;
  }

  /** By logical date; a run without one stands where it was triggered. */
  get runs(): readonly TestRun<T>[] {
    return this.#runs;
  }

  /** How many runs are in which state. */
  get states(): Readonly<Partial<Record<DagRunState, number>>> {
    const counts: Partial<Record<DagRunState, number>> = {};
    for (const { state } of this.#runs) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }

  /** The run with this logical date (text is read in the DAG's zone) or run id. @throws AirflowLikeError NOT_FOUND */
  run(which: DateInput): TestRun<T> {
    const byId = this.#runs.find(({ runId }) => runId === which);
    const date = byId ? null : dateOrNull(which, this.#world.inner.spec.timezone);
    const found = byId ?? this.#runs.find(({ logicalDate }) => date !== null && logicalDate?.getTime() === date);
    if (found) return found;
    const ids = this.#runs.map(({ runId }) => runId);
    throw new AirflowLikeError('NOT_FOUND', {
      place: this.#world.inner.spec.dagId,
      message: 'there is no such run',
      value: which,
      allowed: ids.length > 10 ? `one of ${ids.length} run ids, such as ${ids[0]}` : ids.join(', '),
      suggestion: typeof which === 'string' ? nearestName(which, ids) : null,
    });
  }

  /** Triggers a run by hand. Resolves when only time could change anything. @throws AirflowLikeError as `dags trigger` does. */
  async trigger({ logicalDate, conf, runId }: TestTrigger = {}): Promise<TestRun<T>> {
    const { spec, deps } = this.#world.inner;
    const run = await triggerDagRun(deps, {
      dagId: spec.dagId,
      triggeredBy: 'test',
      conf: checkConf(conf, 'conf'),
      ...(logicalDate !== undefined && { logicalDate: instantOf(logicalDate, 'logicalDate', spec.timezone) }),
      ...(runId !== undefined && { runId }),
    });
    await this.#drive();
    return this.run(run.runId);
  }

  /**
   * Says that something happened to assets for which the DAG waits; a run is made when that is enough.
   * @throws AirflowLikeError UNKNOWN_NAME for what it does not wait for.
   */
  async report(...events: readonly TestAssetEvent[]): Promise<this> {
    await reportEvents(this.#world.inner, events, 'report');
    await this.#drive();
    return this;
  }

  /** No run is created or started until `unpause`. */
  async pause(): Promise<this> {
    return this.#setPaused(true);
  }

  async unpause(): Promise<this> {
    return this.#setPaused(false);
  }

  /**
   * Lets time pass: runs are created when they are due, and everything in them happens at its own moment.
   * @param span A duration such as `'2h'`, or milliseconds.
   */
  async advance(span: Duration | number): Promise<this> {
    await this.#world.moveTo(this.clock.now() + spanMs(span, 'advance'), () => this.#nextAt());
    return this.refresh();
  }

  /** Lets as much time pass as all runs of the span need to end. What waits for something else than time leaves them running. */
  async finish(): Promise<this> {
    await this.#world.finish(
      async () => (await this.#world.inner.unfinishedRuns()).length === 0 && (await this.#world.inner.nextRunAt()) === null,
      () => this.#nextAt(),
    );
    return this.refresh();
  }

  /** @throws Error with the runs as a text unless each of them ended like this. */
  assertStates(expected: DagRunState): this {
    const other = this.#runs.find(({ state }) => state !== expected);
    if (!other) return this;
    const error = new Error(`every run should be ${expected}\n\n${this.toString()}\n\n${other.toString()}`);
    Error.captureStackTrace(error, this.assertStates);
    throw error;
  }

  /** Reads how the runs stand now, where they were moved on by something else than its own methods. */
  async refresh(): Promise<this> {
    const { store, spec } = this.#world.inner;
    const known = new Map(this.#runs.map((run) => [run.runId, run]));
    const runs: TestRun<T>[] = [];
    for (const stored of await store.runs.listRuns({ dagId: spec.dagId })) {
      const run = known.get(stored.runId);
      if (!run) runs.push(await TestRun.of<T>(this.#world, stored.id));
      else runs.push(run.shows(stored) ? run : await run.refresh());
    }
    this.#runs = runs;
    return this;
  }

  /** One line per run. */
  toString(): string {
    const { dagId } = this.#world.inner.spec;
    const lines = this.#runs.map(({ runId, state, tasks }) => {
      const counts = new Map<string, number>();
      for (const task of tasks) counts.set(task.state, (counts.get(task.state) ?? 0) + 1);
      return `${runId}  ${state}  ${[...counts].map(([name, count]) => `${count} ${name}`).join(', ')}`;
    });
    return [`${dagId}: ${this.#runs.length} runs`, ...lines].join('\n');
  }

  [inspect.custom](): string {
    return this.toString();
  }

  async #setPaused(isPaused: boolean): Promise<this> {
    const { deps, spec } = this.#world.inner;
    await pauseDags(deps, { dagIds: [spec.dagId], isPaused });
    await this.#drive();
    return this;
  }

  async #drive(): Promise<void> {
    await this.#world.inner.drive();
    await this.refresh();
  }

  /** When a run is due, or something in one of those under way. */
  async #nextAt(): Promise<Instant | null> {
    const { inner } = this.#world;
    const [a, b] = [await inner.nextRunAt(), await inner.nextWakeAt(await inner.unfinishedRuns())];
    return a === null || b === null ? (a ?? b) : Math.min(a, b);
  }
}

function dateOrNull(which: DateInput, timezone: string): Instant | null {
  try {
    return instantOf(which, 'run', timezone);
  } catch {
    return null;
  }
}

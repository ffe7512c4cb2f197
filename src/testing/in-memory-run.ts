/** One run in an in-memory world: what `testDag` and `dags test` look at. */
import { runIdFor } from '../core/dag-run/run-id.js';
import { intervalsBetween } from '../core/timetable/preview.js';
import { timetableFor } from '../core/timetable/resolve.js';
import type { Timetable } from '../core/timetable/timetable.js';
import type { InlineCallback } from '../executors/inline-callbacks.js';
import type { InlineAttempt, InlineExecutor, InlineExecutorOptions } from '../executors/inline.js';
import type { AssetEvent } from '../model/asset.js';
import type { DagRun } from '../model/dag-run.js';
import type { DagSpec } from '../model/dag-spec.js';
import type { DataInterval, Instant } from '../model/instant.js';
import { FINISHED_RUN_STATES } from '../model/states.js';
import type { Attempt, TaskInstance } from '../model/task-instance.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import type { XComValue } from '../ports/store.js';
import { InMemoryWorld, type RunnableDag } from './in-memory-world.js';

export interface InMemoryRunOptions {
  readonly dag: RunnableDag;
  readonly clock: Clock;
  readonly dataInterval: DataInterval | null;
  readonly logicalDate: Instant | null;
  readonly conf?: Readonly<Record<string, unknown>>;
  /** Attempts at once; default 16. */
  readonly slots?: number;
  /** Variables and connections of the tasks; default: there are none. */
  readonly settings?: InlineExecutorOptions['settings'];
  readonly onLogLine?: InlineExecutorOptions['onLogLine'];
  readonly logger?: Logger;
}

export class InMemoryRun {
  readonly spec: DagSpec;
  readonly #world: InMemoryWorld;
  readonly #dagRunId: number;

  constructor(world: InMemoryWorld, dagRunId: number) {
    this.spec = world.spec;
    this.#world = world;
    this.#dagRunId = dagRunId;
  }

  /** A run in a world of its own. The DAG is registered without its schedule, since only this run is wanted, and nothing is started yet. */
  static async create(options: InMemoryRunOptions): Promise<InMemoryRun> {
    const { dag, clock, dataInterval, logicalDate, conf = {} } = options;
    const spec: DagSpec = { ...dag.spec, schedule: { kind: 'none' } };
    const world = await InMemoryWorld.create({ ...options, dag: { spec, createInstance: () => dag.createInstance() } });
    const now = clock.now();
    const runId = runIdFor('manual', logicalDate ?? now);
    const run = await world.createRun({ runId, runType: 'manual', logicalDate, dataInterval, runAfter: now, conf });
    return new InMemoryRun(world, run.id);
  }

  get executor(): InlineExecutor {
    return this.#world.executor;
  }

  /** Attempts made of its tasks, in the order of their starts. */
  calls(runId: string): readonly InlineAttempt[] {
    return this.#world.calls(runId);
  }

  /** Callbacks that were called for the run and its tasks, in order. */
  callbacks(runId: string): readonly InlineCallback[] {
    return this.#world.callbacks(runId);
  }

  /** Runs everything that can run at this instant. Resolves when only time, or code that waits on the clock, is left. */
  drive(): Promise<void> {
    return this.#world.drive();
  }

  /** Like `drive`, but returns while tasks are under way. */
  step(): Promise<void> {
    return this.#world.step();
  }

  async run(): Promise<DagRun> {
    const run = await this.#world.store.runs.getRun(this.#dagRunId);
    if (!run) throw new Error(`run ${this.#dagRunId} is gone`);
    return run;
  }

  async isOver(): Promise<boolean> {
    return FINISHED_RUN_STATES.has((await this.run()).state);
  }

  taskInstances(): Promise<readonly TaskInstance[]> {
    return this.#world.store.runs.listTaskInstances([this.#dagRunId]);
  }

  attempts(taskInstanceIds: readonly number[]): Promise<readonly Attempt[]> {
    return this.#world.store.runs.listAttempts(taskInstanceIds);
  }

  /** Events of assets that its tasks brought. */
  async assetEvents(): Promise<readonly AssetEvent[]> {
    const { dagId, runId } = await this.run();
    return this.#world.store.assets.listEvents({ source: { dagId, runId } });
  }

  /** The stored return values of a task by map index. */
  async outputs(taskId: string): Promise<readonly XComValue[]> {
    const [values = []] = await this.allOutputs([taskId]);
    return values;
  }

  /** The same for many tasks, in their order. */
  allOutputs(taskIds: readonly string[]): Promise<readonly (readonly XComValue[])[]> {
    return this.#world.store.attempts.readXComs(
      taskIds.map((taskId) => ({ dagRunId: this.#dagRunId, taskId, key: 'return_value' })),
    );
  }

  /** The next instant at which a retry, a reschedule or the run's timeout is due; null: nothing waits for time. */
  async nextWakeAt(): Promise<Instant | null> {
    return this.#world.nextWakeAt([await this.run()]);
  }

  /** Why task instances are in the state they are in, by id, where the last step of their history says so. */
  reasons(): ReadonlyMap<number, string> {
    return this.#world.reasons(this.#dagRunId);
  }

  close(): Promise<void> {
    return this.#world.close();
  }
}

/**
 * The interval that a run for `logicalDate` covers: the one that starts then, if the schedule has such a one, else what a manual run at that
 * date would get.
 */
export function intervalFor(spec: DagSpec, logicalDate: Instant, custom?: ReadonlyMap<string, Timetable>): DataInterval {
  const [exact] = intervalsBetween(spec, logicalDate, logicalDate, Number.MAX_SAFE_INTEGER, custom, 1);
  return exact && exact.logicalDate === logicalDate
    ? exact.dataInterval
    : timetableFor(spec, custom).inferManualInterval(logicalDate);
}

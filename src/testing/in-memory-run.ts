/**
 * One run of one DAG in this process: the real core and scheduler over the memory store, the tasks called inline. `testDag` drives it with a
 * virtual clock, `dags test` with the system's.
 */
import { randomUUID } from 'node:crypto';
import { intervalsBetween } from '../core/timetable/preview.js';
import { timetableFor } from '../core/timetable/resolve.js';
import type { Timetable } from '../core/timetable/timetable.js';
import { DEFAULT_PLAN_OPTIONS } from '../core/dag-run/plan-options.js';
import { dueAt } from '../core/task-instance/schedule.js';
import { InlineExecutor, type InlineExecutorOptions } from '../executors/inline.js';
import { FINISHED_RUN_STATES } from '../model/states.js';
import type { Component } from '../model/component.js';
import type { DagRun } from '../model/dag-run.js';
import type { DagSpec } from '../model/dag-spec.js';
import type { DataInterval, Instant } from '../model/instant.js';
import type { Attempt, TaskInstance } from '../model/task-instance.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import type { XComValue } from '../ports/store.js';
import { Scheduler } from '../scheduler/scheduler.js';
import { createMemoryEventBus, createMemoryStore, type MemoryStore } from '../store/memory/index.js';

type RunnableDag = Awaited<ReturnType<InlineExecutorOptions['loadDag']>>;

export interface InMemoryRunOptions {
  readonly dag: RunnableDag;
  readonly clock: Clock;
  readonly dataInterval: DataInterval | null;
  readonly logicalDate: Instant | null;
  readonly conf?: Readonly<Record<string, unknown>>;
  /** Attempts at once; default 16. */
  readonly slots?: number;
  readonly onLogLine?: InlineExecutorOptions['onLogLine'];
  readonly logger?: Logger;
}

/** For leases and limits that nothing here may run into: a virtual clock may jump by years. */
const FOREVER_MS = Number.MAX_SAFE_INTEGER / 4;

/** Longer than any virtual clock is set forward, and still safe to add to an instant. */
const NEVER_MS = Number.MAX_SAFE_INTEGER / 4;

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

export class InMemoryRun {
  readonly spec: DagSpec;
  readonly executor: InlineExecutor;
  readonly #store: MemoryStore;
  readonly #scheduler: Scheduler;
  readonly #clock: Clock;
  readonly #dagRunId: number;

  private constructor(
    spec: DagSpec,
    store: MemoryStore,
    clock: Clock,
    scheduler: Scheduler,
    executor: InlineExecutor,
    dagRunId: number,
  ) {
    this.spec = spec;
    this.executor = executor;
    this.#store = store;
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#dagRunId = dagRunId;
  }

  /** Registers the DAG without its schedule (only this run is wanted), creates the run and starts nothing yet. */
  static async create(options: InMemoryRunOptions): Promise<InMemoryRun> {
    const { dag, clock, conf = {}, logger = silent } = options;
    const store = createMemoryStore(clock);
    const now = clock.now();
    const spec: DagSpec = { ...dag.spec, schedule: { kind: 'none' }, isPausedUponCreation: false };
    await store.catalog.saveFiles(
      [
        {
          path: spec.file,
          contentHash: 'in-memory',
          bundle: { hash: 'in-memory', entry: spec.file, files: [] },
          dags: [{ spec, specHash: 'in-memory' }],
          errors: [],
          warnings: [],
          parseMs: 0,
        },
      ],
      now,
    );
    // How many others use a pool is not known here, so none is ever full.
    for (const { pool } of spec.tasks) store.setPool(pool, Number.MAX_SAFE_INTEGER);
    const created = await store.runs.createRun(
      spec.dagId,
      {
        runId: `manual__${new Date(options.logicalDate ?? now).toISOString().replace('.000Z', '+00:00')}`,
        runType: 'manual',
        triggeredBy: 'test',
        logicalDate: options.logicalDate,
        dataInterval: options.dataInterval,
        runAfter: now,
        conf,
        backfillId: null,
        state: 'running',
        note: null,
      },
      { kind: 'test', id: 'test' },
      now,
    );
    if (!('run' in created)) throw new Error(`the run ${created.exists.runId} exists in a new store`);
    const workerId = randomUUID();
    await store.components.register(
      { id: workerId, kind: 'worker', hostname: 'in-memory', pid: process.pid, version: '', startedAt: now, details: {} },
      NEVER_MS,
    );
    const executor = new InlineExecutor({
      workerId,
      attempts: store.attempts,
      clock,
      loadDag: () => dag,
      ...(options.slots !== undefined && { slots: options.slots }),
      ...(options.onLogLine && { onLogLine: options.onLogLine }),
    });
    // Without a lease the scheduler would take the attempts for those of a worker that died.
    await store.components.register(workerComponent(executor.workerId, now), FOREVER_MS);
    const scheduler = new Scheduler({
      store,
      bus: createMemoryEventBus(),
      clock,
      mintToken: randomUUID,
      logger,
      componentId: randomUUID(),
      executor,
      timetables: new Map(),
      parallelism: Number.MAX_SAFE_INTEGER,
      backfillShare: 0.5,
      planOptions: DEFAULT_PLAN_OPTIONS,
      pollIntervalMs: 1_000,
      visibilityMs: 30_000,
      maxRunsPerPass: 100,
      // Nobody else takes tasks from this queue, and a virtual clock may jump by days.
      taskQueuedTimeoutMs: NEVER_MS,
    });
    return new InMemoryRun(spec, store, clock, scheduler, executor, created.run.id);
  }

  /** Runs everything that can run at this instant. Resolves when only time, or code that waits on the clock, is left. */
  async drive(): Promise<void> {
    do {
      await this.step();
      await this.executor.settled();
    } while (this.#scheduler.settler.pending > 0);
  }

  /** Like `drive`, but returns while tasks are under way. */
  async step(): Promise<void> {
    await this.#scheduler.runUntilIdle();
    const running = this.executor.running();
    if (running.length === 0) return;
    // The run reached its timeout: what still runs is told so, and no longer counts.
    for (const token of await this.#store.attempts.findRevoked(running)) this.executor.cancel(token, 'the run is over');
  }

  async run(): Promise<DagRun> {
    const run = await this.#store.runs.getRun(this.#dagRunId);
    if (!run) throw new Error(`run ${this.#dagRunId} is gone`);
    return run;
  }

  async isOver(): Promise<boolean> {
    return FINISHED_RUN_STATES.has((await this.run()).state);
  }

  taskInstances(): Promise<readonly TaskInstance[]> {
    return this.#store.runs.listTaskInstances([this.#dagRunId]);
  }

  attempts(taskInstanceIds: readonly number[]): Promise<readonly Attempt[]> {
    return this.#store.runs.listAttempts(taskInstanceIds);
  }

  /** The stored return values of a task by map index. */
  async outputs(taskId: string): Promise<readonly XComValue[]> {
    const [values = []] = await this.allOutputs([taskId]);
    return values;
  }

  /** The same for many tasks, in their order. */
  allOutputs(taskIds: readonly string[]): Promise<readonly (readonly XComValue[])[]> {
    return this.#store.attempts.readXComs(taskIds.map((taskId) => ({ dagRunId: this.#dagRunId, taskId, key: 'return_value' })));
  }

  /** The next instant at which a retry, a reschedule or the run's timeout is due; null: nothing waits for time. */
  async nextWakeAt(): Promise<Instant | null> {
    const run = await this.run();
    if (FINISHED_RUN_STATES.has(run.state)) return null;
    const wakes = (await this.taskInstances()).map((instance) => dueAt(instance));
    if (this.spec.dagrunTimeoutMs !== null && run.startedAt !== null) wakes.push(run.startedAt + this.spec.dagrunTimeoutMs + 1);
    // What is due already waits for something else than time.
    const now = this.#clock.now();
    const next = Math.min(...wakes.filter((at) => at > now));
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  /** Why task instances are in the state they are in, by id, where the last step of their history says so. */
  reasons(): ReadonlyMap<number, string> {
    const reasons = new Map<number, string>();
    for (const { entity, entityId, reason } of this.#store.events) {
      if (entity !== 'task_instance') continue;
      if (reason === null) reasons.delete(entityId as number);
      else reasons.set(entityId as number, reason);
    }
    return reasons;
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function workerComponent(id: string, startedAt: Instant): Omit<Component, 'heartbeatAt' | 'leaseUntil' | 'stoppedAt'> {
  return { id, kind: 'worker', hostname: 'in-memory', pid: process.pid, version: '', startedAt, details: {} };
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

/**
 * One DAG in this process with all its runs: the real core and scheduler over the memory store, the tasks called inline. `testDag` and
 * `testSchedule` drive it with a virtual clock, `dags test` with the system's.
 */
import { randomUUID } from 'node:crypto';
import { DEFAULT_PLAN_OPTIONS } from '../core/dag-run/plan-options.js';
import { dueAt } from '../core/task-instance/schedule.js';
import { timetableFor } from '../core/timetable/resolve.js';
import type { Timetable } from '../core/timetable/timetable.js';
import { InlineCallbacks, type InlineCallback } from '../executors/inline-callbacks.js';
import { InlineExecutor, type InlineAttempt, type InlineExecutorOptions } from '../executors/inline.js';
import type { DagRun } from '../model/dag-run.js';
import type { DagSpec } from '../model/dag-spec.js';
import type { NewDagRun } from '../model/dag.js';
import type { Instant } from '../model/instant.js';
import { FINISHED_RUN_STATES } from '../model/states.js';
import type { OperationDeps } from '../operations/operation-deps.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import { Scheduler } from '../scheduler/scheduler.js';
import { createMemoryEventBus, createMemoryStore, type MemoryStore } from '../store/memory/index.js';
import { answerFromGiven, type TestExternalRuns } from './external-runs.js';

export type RunnableDag = Awaited<ReturnType<InlineExecutorOptions['loadDag']>>;

export interface InMemoryWorldOptions {
  /** With the schedule by which runs are created; none: only those that are asked for. */
  readonly dag: RunnableDag;
  readonly clock: Clock;
  /** Attempts at once; default 16. */
  readonly slots?: number;
  readonly timetables?: ReadonlyMap<string, Timetable>;
  /** Variables and connections of the tasks; default: there are none. */
  readonly settings?: InlineExecutorOptions['settings'];
  /** How runs of other DAGs stand; default: nobody knows, and a task that asks is told so. */
  readonly externalRuns?: TestExternalRuns;
  readonly onLogLine?: InlineExecutorOptions['onLogLine'];
  readonly logger?: Logger;
}

/** For leases and limits that nothing here may run into: a virtual clock may jump by years, and this is still safe to add to an instant. */
const FOREVER_MS = Number.MAX_SAFE_INTEGER / 4;

/** Between two runs without a pause of which the first took no time. */
const CONTINUOUS_PAUSE_MS = 60_000;

const ACTOR = { kind: 'test', id: 'test' } as const;

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

export class InMemoryWorld {
  readonly spec: DagSpec;
  readonly clock: Clock;
  readonly store: MemoryStore;
  readonly executor: InlineExecutor;
  readonly #callbacks: InlineCallbacks;
  /** For operations on it, such as a user's. */
  readonly deps: OperationDeps;
  readonly #scheduler: Scheduler;
  readonly #reasons = new Map<number, Map<number, string>>();
  readonly #calls = new Map<string, InlineAttempt[]>();
  #eventsRead = 0;
  #callsRead = 0;

  private constructor(
    spec: DagSpec,
    clock: Clock,
    store: MemoryStore,
    executor: InlineExecutor,
    callbacks: InlineCallbacks,
    deps: OperationDeps,
    scheduler: Scheduler,
  ) {
    this.spec = spec;
    this.clock = clock;
    this.store = store;
    this.executor = executor;
    this.#callbacks = callbacks;
    this.deps = deps;
    this.#scheduler = scheduler;
  }

  /** Registers the DAG, unpaused, and starts nothing yet. */
  static async create(options: InMemoryWorldOptions): Promise<InMemoryWorld> {
    const { dag, clock, logger = silent, timetables = new Map<string, Timetable>() } = options;
    const store = createMemoryStore(clock);
    const now = clock.now();
    const spec: DagSpec = { ...dag.spec, isPausedUponCreation: false };
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
    const executor = new InlineExecutor({
      workerId: randomUUID(),
      attempts: {
        ...store.attempts,
        readExternalStates: async (query) =>
          query.dagId === spec.dagId
            ? store.attempts.readExternalStates(query)
            : answerFromGiven(options.externalRuns, query, clock.now()),
      },
      clock,
      loadDag: () => dag,
      ...(options.slots !== undefined && { slots: options.slots }),
      ...(options.settings && { settings: options.settings }),
      ...(options.onLogLine && { onLogLine: options.onLogLine }),
    });
    // Without a lease the scheduler would take the attempts for those of a worker that died.
    const worker = { id: executor.workerId, kind: 'worker', hostname: 'in-memory', pid: process.pid, version: '' } as const;
    await store.components.register({ ...worker, startedAt: now, details: {} }, FOREVER_MS);
    const bus = createMemoryEventBus();
    const scheduler = new Scheduler({
      store,
      bus,
      clock,
      mintToken: randomUUID,
      logger,
      componentId: randomUUID(),
      executor,
      timetables,
      parallelism: Number.MAX_SAFE_INTEGER,
      backfillShare: 0.5,
      planOptions: DEFAULT_PLAN_OPTIONS,
      pollIntervalMs: 1_000,
      visibilityMs: 30_000,
      maxRunsPerPass: 100,
      // Nobody else takes tasks from this queue, and a virtual clock may jump by days.
      taskQueuedTimeoutMs: FOREVER_MS,
    });
    const callbacks = new InlineCallbacks({ store: store.callbacks, clock, logger, loadDag: () => dag });
    const deps = { store, bus, clock, actor: ACTOR, timetables };
    return new InMemoryWorld(spec, clock, store, executor, callbacks, deps, scheduler);
  }

  /** Creates a run that is under way at once. */
  async createRun(run: Omit<NewDagRun, 'triggeredBy' | 'backfillId' | 'state' | 'note'>): Promise<DagRun> {
    const complete: NewDagRun = { ...run, triggeredBy: 'test', backfillId: null, state: 'running', note: null };
    const created = await this.store.runs.createRun(this.spec.dagId, complete, ACTOR, this.clock.now());
    if ('run' in created) return created.run;
    throw new Error(`the run ${created.exists.runId} exists in a new store`);
  }

  /** Runs everything that can run at this instant. Resolves when only time, or code that waits on the clock, is left. */
  async drive(): Promise<void> {
    do {
      await this.step();
      if (this.executor.running().length > 0) await this.executor.settled();
    } while (this.#scheduler.settler.pending > 0);
  }

  /** Like `drive`, but returns while tasks are under way. */
  async step(): Promise<void> {
    await this.#scheduler.runUntilIdle();
    await this.#callbacks.callDue();
    const running = this.executor.running();
    if (running.length === 0) return;
    // The run reached its timeout: what still runs is told so, and no longer counts.
    for (const token of await this.store.attempts.findRevoked(running)) this.executor.cancel(token, 'the run is over');
  }

  /** Runs that are not over, in the order of their creation. */
  unfinishedRuns(): Promise<readonly DagRun[]> {
    return this.store.runs.listRuns({ dagId: this.spec.dagId, states: ['queued', 'running'] });
  }

  /** The next instant at which a retry, a reschedule or the timeout of one of these runs is due; null: none waits for time. */
  async nextWakeAt(runs: readonly DagRun[]): Promise<Instant | null> {
    // What is due already waits for something else than time.
    const now = this.clock.now();
    let next: Instant | null = null;
    const consider = (at: Instant): void => void (at > now && (next === null || at < next) && (next = at));
    const unfinished = runs.filter(({ state }) => !FINISHED_RUN_STATES.has(state));
    if (unfinished.length === 0) return null;
    for (const instance of await this.store.runs.listTaskInstances(unfinished.map(({ id }) => id))) consider(dueAt(instance));
    for (const { startedAt, runAfter } of unfinished) {
      if (startedAt === null) consider(runAfter);
      else if (this.spec.dagrunTimeoutMs !== null) consider(startedAt + this.spec.dagrunTimeoutMs + 1);
    }
    return next;
  }

  /** When the schedule creates its next run; null: it does not, or is held up by runs under way. */
  async nextRunAt(): Promise<Instant | null> {
    const listing = await this.store.catalog.getDag(this.spec.dagId);
    const next = listing?.dag.nextRun?.runAfter ?? null;
    const now = this.clock.now();
    if (next === null || next > now) return next;
    // An interval of no length is no run yet: it grows while time passes. Where tasks take no time, nothing else would let some pass.
    const isGrowing = timetableFor(this.spec, this.deps.timetables).lastsUntilNow === true && !listing?.dag.isPaused;
    return isGrowing && (await this.unfinishedRuns()).length === 0 ? now + CONTINUOUS_PAUSE_MS : null;
  }

  /** Why task instances of a run are in the state they are in, by id, where the last step of their history says so. */
  reasons(dagRunId: number): ReadonlyMap<number, string> {
    const { events } = this.store;
    for (; this.#eventsRead < events.length; this.#eventsRead++) {
      const { entity, entityId, dagRunId: ofRun, reason } = events[this.#eventsRead]!;
      if (entity !== 'task_instance' || ofRun === null) continue;
      let known = this.#reasons.get(ofRun);
      if (!known) this.#reasons.set(ofRun, (known = new Map()));
      if (reason === null) known.delete(entityId as number);
      else known.set(entityId as number, reason);
    }
    return this.#reasons.get(dagRunId) ?? new Map();
  }

  /** Attempts made of tasks of a run, in the order of their starts. */
  calls(runId: string): readonly InlineAttempt[] {
    const { made } = this.executor;
    for (; this.#callsRead < made.length; this.#callsRead++) {
      const attempt = made[this.#callsRead]!;
      const known = this.#calls.get(attempt.key.runId);
      if (known) known.push(attempt);
      else this.#calls.set(attempt.key.runId, [attempt]);
    }
    return this.#calls.get(runId) ?? [];
  }

  /** Callbacks that were called for a run and its tasks, in order. */
  callbacks(runId: string): readonly InlineCallback[] {
    return this.#callbacks.made.filter(({ assignment }) => assignment.run.runId === runId);
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

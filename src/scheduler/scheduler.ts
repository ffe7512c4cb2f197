/**
 * The scheduler's loop: it runs the services one after the other, at once when something hints that there is work, at the latest every
 * poll interval. A service that fails is tried again after a pause that grows; it never ends the loop.
 */
import type { PlanLimits } from '../core/dag-run/plan-run.js';
import type { Timetable } from '../core/timetable/timetable.js';
import type { Actor } from '../model/commit.js';
import type { Clock, MintToken } from '../ports/clock.js';
import type { EventBus } from '../ports/event-bus.js';
import type { Executor } from '../ports/executor.js';
import type { Logger } from '../ports/logger.js';
import type { Service } from '../ports/service.js';
import type { Store } from '../ports/store.js';
import { RunAdvancer, type AdvanceResult } from './advance-runs.js';
import { AttemptSettler } from './attempt-settler.js';
import { LeaseSweeper } from './lease-sweeper.js';
import { RunCreator } from './run-creator.js';
import { RunPlanner } from './run-planner.js';
import { TaskQueuer } from './task-queuer.js';

export interface SchedulerOptions {
  readonly store: Store;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly mintToken: MintToken;
  readonly logger: Logger;
  /** UUID of this process. */
  readonly componentId: string;
  /** The executor of this process, or null when workers fetch their tasks from the queue. */
  readonly executor: Executor | null;
  readonly timetables: ReadonlyMap<string, Timetable>;
  readonly parallelism: number;
  readonly planLimits: PlanLimits;
  readonly pollIntervalMs: number;
  readonly visibilityMs: number;
  /** Most runs that one pass claims and plans. */
  readonly maxRunsPerPass: number;
  readonly taskQueuedTimeoutMs: number;
}

/** Services that wait for a hint or the poll interval. */
type Flag = 'create' | 'plan' | 'queue' | 'sweep';

const SWEEP_INTERVAL_MS = 2_000;
const MAX_PAUSE_MS = 5_000;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly settler: AttemptSettler;
  readonly #creator: RunCreator;
  readonly #planner: RunPlanner;
  readonly #queuer: TaskQueuer;
  readonly #sweeper: LeaseSweeper;
  /** What hints say is waiting. Everything is due at the start. */
  readonly #due: Record<Flag, boolean> = { create: true, plan: true, queue: true, sweep: true };
  readonly #stop = new AbortController();
  #wake: (() => void) | null = null;
  #failures = 0;
  #loop: Promise<void> | null = null;
  #lastProgressAt = 0;

  constructor(options: SchedulerOptions) {
    const { store, logger, executor, componentId } = options;
    this.#options = options;
    const actor: Actor = { kind: 'scheduler', id: componentId };
    const advancer = new RunAdvancer({
      store: store.scheduling,
      actor,
      mintToken: options.mintToken,
      logger,
      executor,
      parallelism: options.parallelism,
      planLimits: options.planLimits,
      visibilityMs: options.visibilityMs,
    });
    const onAdvanced = (result: AdvanceResult) => this.#onAdvanced(result);
    this.settler = new AttemptSettler(advancer, onAdvanced);
    this.#creator = new RunCreator(store.scheduling, options.timetables, logger);
    this.#planner = new RunPlanner(
      store.scheduling,
      advancer,
      { visibilityMs: options.visibilityMs, maxRuns: options.maxRunsPerPass },
      onAdvanced,
    );
    // A pass that queued nothing changes nothing for the next one: what is ready waits for a limit, and whoever frees it says so.
    this.#queuer = new TaskQueuer(advancer, (result) => result.queued > 0 && onAdvanced(result));
    this.#sweeper = new LeaseSweeper({
      store,
      queuedTimeoutMs: options.taskQueuedTimeoutMs,
      local: executor && { workerId: executor.workerId, known: () => [...executor.running(), ...this.settler.tokens] },
      report: (lost) => this.settler.add(lost),
      logger,
    });
    executor?.onOutcome((outcome) => {
      this.settler.add([outcome]);
      this.#wakeUp();
    });
  }

  /** When the loop last went round without an error: what health means here. */
  get lastProgressAt(): number {
    return this.#lastProgressAt;
  }

  start(): void {
    const { bus } = this.#options;
    const subscriptions = [
      bus.subscribe('dags', () => this.#hint('create')),
      bus.subscribe('runs', () => this.#hint('create', 'plan')),
    ];
    this.#loop = this.#run().finally(() => {
      for (const unsubscribe of subscriptions) unsubscribe();
    });
  }

  /** Ends after the pass under way. Outcomes that arrive until then are settled. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wakeUp();
    await this.#loop;
  }

  /** Runs every service until none has more to do at this instant; for `testDag` and for tests. Returns whether anything was done. */
  async runUntilIdle(): Promise<boolean> {
    let worked = false;
    Object.assign(this.#due, { create: true, plan: true, queue: true, sweep: true });
    for (;;) {
      const processed = await this.#round();
      if (processed === 0 && this.settler.pending === 0) return worked;
      worked = true;
      Object.assign(this.#due, { create: true, plan: true, queue: true });
    }
  }

  async #run(): Promise<void> {
    const { clock, pollIntervalMs } = this.#options;
    let polledAt = clock.now();
    let sweptAt = polledAt;
    while (!this.#stop.signal.aborted || this.settler.pending > 0) {
      const now = clock.now();
      if (now - polledAt >= pollIntervalMs) {
        polledAt = now;
        this.#hint('create', 'plan', 'queue');
      }
      if (now - sweptAt >= SWEEP_INTERVAL_MS) {
        sweptAt = now;
        this.#hint('sweep');
      }
      try {
        await this.#round();
        this.#failures = 0;
        this.#lastProgressAt = clock.now();
      } catch (error) {
        this.#planner.lookAtEverything();
        this.#hint('plan', 'sweep');
        await this.#pauseAfter(error);
        if (this.#stop.signal.aborted) return;
        continue;
      }
      if (!this.#hasWork()) await this.#sleep(Math.max(0, polledAt + pollIntervalMs - clock.now()));
    }
  }

  /** One turn: outcomes first, because somebody waits for their slots, then each service that is due. */
  async #round(): Promise<number> {
    let processed = await this.#runService(this.settler, null);
    if (this.#due.sweep) processed += await this.#runService(this.#sweeper, 'sweep');
    if (this.#due.create) processed += await this.#create();
    if (this.settler.pending > 0) processed += await this.#runService(this.settler, null);
    if (this.#due.plan) processed += await this.#runService(this.#planner, 'plan');
    // Outcomes that wait bring slots with them: settling those first saves the queuer's lock on the pools.
    if (this.#due.queue && this.settler.pending === 0) processed += await this.#runService(this.#queuer, 'queue');
    return processed;
  }

  async #runService(service: Service, flag: Flag | null): Promise<number> {
    if (flag) this.#due[flag] = false;
    try {
      const result = await service.runOnce(this.#options.clock.now());
      if (flag && result.more) this.#due[flag] = true;
      return result.processed;
    } catch (error) {
      if (flag) this.#due[flag] = true;
      throw error;
    }
  }

  async #create(): Promise<number> {
    this.#due.create = false;
    try {
      const result = await this.#creator.runOnce(this.#options.clock.now());
      if (result.more) this.#due.create = true;
      if (result.createdRuns + result.startedRuns > 0) this.#due.plan = true;
      return result.createdRuns + result.startedRuns;
    } catch (error) {
      this.#due.create = true;
      throw error;
    }
  }

  #onAdvanced(result: AdvanceResult): void {
    if (result.endedRuns > 0) this.#due.create = true;
    if (result.wokeRuns) this.#due.plan = true;
    this.#due.queue = true;
    if (result.queued > result.started) this.#options.bus.publish('tasks');
  }

  #hasWork(): boolean {
    const { executor } = this.#options;
    if (this.settler.pending > 0 || this.#due.create || this.#due.plan || this.#due.sweep) return true;
    return this.#due.queue && (executor === null || executor.freeSlots() > 0);
  }

  #hint(...flags: Flag[]): void {
    for (const flag of flags) this.#due[flag] = true;
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }

  async #sleep(ms: number): Promise<void> {
    if (ms === 0 || this.#stop.signal.aborted) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await this.#options.clock.sleep(ms, woken.signal);
    this.#wake = null;
  }

  async #pauseAfter(error: unknown): Promise<void> {
    this.#failures++;
    const pauseMs = Math.min(MAX_PAUSE_MS, 50 * 2 ** this.#failures);
    this.#options.logger.error({ err: error, pauseMs }, 'a scheduler pass failed, it is repeated');
    await this.#options.clock.sleep(pauseMs, this.#stop.signal);
  }
}

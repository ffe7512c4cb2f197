/**
 * The scheduler's loops. One moves tasks: it settles outcomes, plans runs and fills slots, and nothing else may keep it waiting, because
 * each outcome stands for a slot that is empty. Another brings runs: it creates those that are due and claims those to be planned, and
 * hands them over. Each goes on at once when something hints that there is work, at the latest every poll interval. A third looks into the
 * folders that schedules wait for.
 */
import { FILE_CHECK_MS } from '../core/dag-run/plan-file-runs.js';
import type { PlanOptions } from '../core/dag-run/plan-options.js';
import type { Timetable } from '../core/timetable/timetable.js';
import type { Actor } from '../model/commit.js';
import type { Clock, MintToken } from '../ports/clock.js';
import type { EventBus } from '../ports/event-bus.js';
import type { Executor } from '../ports/executor.js';
import type { FileFolder } from '../ports/file-folder.js';
import type { Logger } from '../ports/logger.js';
import type { Service } from '../ports/service.js';
import type { Store } from '../ports/store.js';
import type { AdvanceResult } from './advance-result.js';
import { RunAdvancer } from './advance-runs.js';
import { AssetTrigger } from './asset-trigger.js';
import { AttemptSettler } from './attempt-settler.js';
import { FileWatcher } from './file-watcher.js';
import { LeaseSweeper } from './lease-sweeper.js';
import { RunCreator } from './run-creator.js';
import { RunPlanner } from './run-planner.js';
import { ServiceLoop } from './service-loop.js';
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
  /** Where schedules that wait for files look for them. Default: nowhere. */
  readonly files?: FileFolder;
  readonly parallelism: number;
  readonly backfillShare: number;
  readonly planOptions: Omit<PlanOptions, 'timetables'>;
  readonly pollIntervalMs: number;
  readonly visibilityMs: number;
  /** Most runs that one pass claims and plans. */
  readonly maxRunsPerPass: number;
  readonly taskQueuedTimeoutMs: number;
}

/** Services that wait for a hint or the poll interval. */
type Flag = 'create' | 'trigger' | 'plan' | 'queue' | 'sweep';

const SWEEP_INTERVAL_MS = 2_000;
/** While runs are created their DAG is locked, and a commit that ends one of its runs waits: therefore it may take a fourth of the time. */
const BRING_REST_FACTOR = 3;
/** A folder with very many files must not keep a disk busy. */
const LOOK_REST_FACTOR = 4;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly settler: AttemptSettler;
  readonly #files: FileWatcher | null;
  readonly #creator: RunCreator;
  readonly #trigger: AssetTrigger;
  readonly #planner: RunPlanner;
  readonly #queuer: TaskQueuer;
  readonly #sweeper: LeaseSweeper;
  /** What hints say is waiting. Everything is due at the start. */
  readonly #due: Record<Flag, boolean> = { create: true, trigger: true, plan: true, queue: true, sweep: true };
  readonly #advancer: RunAdvancer;
  readonly #moveTasks: ServiceLoop;
  readonly #bringRuns: ServiceLoop;
  readonly #lookForFiles: ServiceLoop;
  #subscriptions: (() => void)[] = [];
  #sweptAt = 0;

  constructor(options: SchedulerOptions) {
    const { store, logger, clock, executor, componentId, pollIntervalMs } = options;
    this.#options = options;
    const actor: Actor = { kind: 'scheduler', id: componentId };
    const advancer = (this.#advancer = new RunAdvancer({
      store: store.scheduling,
      actor,
      mintToken: options.mintToken,
      logger,
      executor,
      parallelism: options.parallelism,
      backfillShare: options.backfillShare,
      planOptions: { ...options.planOptions, timetables: options.timetables },
      visibilityMs: options.visibilityMs,
    }));
    const onAdvanced = (result: AdvanceResult) => this.#onAdvanced(result);
    this.settler = new AttemptSettler(advancer, onAdvanced);
    this.#files = options.files ? new FileWatcher(options.files, store.scheduling, logger) : null;
    this.#creator = new RunCreator(store.scheduling, options.timetables, logger, this.#files);
    this.#trigger = new AssetTrigger(store.scheduling, logger);
    this.#planner = new RunPlanner(
      store.scheduling,
      advancer,
      { visibilityMs: options.visibilityMs, maxRuns: options.maxRunsPerPass },
      () => this.#hint('queue'),
    );
    // A pass that wrote nothing changes nothing for the next one: what is ready waits for a limit, and whoever frees it says so.
    this.#queuer = new TaskQueuer(advancer, (result) => result.changedRuns > 0 && onAdvanced(result));
    this.#sweeper = new LeaseSweeper({
      store,
      queuedTimeoutMs: options.taskQueuedTimeoutMs,
      local: executor && { workerId: executor.workerId, known: () => [...executor.running(), ...this.settler.tokens] },
      report: (lost) => this.settler.add(lost),
      logger,
    });
    this.#moveTasks = new ServiceLoop({
      clock,
      logger,
      pollIntervalMs,
      turn: async () => (await this.#settle()) + (await this.#fill()),
      onPoll: () => this.#reconsider(),
      onFailure: () => this.#startOver(),
      hasWork: () => this.settler.pending > 0 || this.#due.sweep || this.#canFill(),
      mustFinish: () => this.settler.pending > 0,
    });
    this.#bringRuns = new ServiceLoop({
      clock,
      logger,
      pollIntervalMs,
      restFactor: BRING_REST_FACTOR,
      turn: () => this.#bring(),
      onPoll: () => this.#hint('create', 'trigger', 'plan'),
      onFailure: () => this.#startOver(),
      hasWork: () => this.#due.create || this.#due.trigger || this.#due.plan,
    });
    this.#lookForFiles = new ServiceLoop({
      clock,
      logger,
      pollIntervalMs: Math.min(pollIntervalMs, FILE_CHECK_MS),
      restFactor: LOOK_REST_FACTOR,
      turn: async () => this.#files?.runOnce(clock.now()),
      onPoll: () => undefined,
      onFailure: () => undefined,
      hasWork: () => false,
    });
    executor?.onOutcome((outcome) => {
      this.settler.add([outcome]);
      this.#moveTasks.wake();
    });
  }

  /** When both loops last went round without an error: what health means here. */
  get lastProgressAt(): number {
    return Math.min(this.#moveTasks.lastProgressAt, this.#bringRuns.lastProgressAt);
  }

  start(): void {
    const { bus } = this.#options;
    this.#subscriptions = [
      bus.subscribe('dags', () => {
        this.#hint('create', 'trigger');
        this.#reconsider();
      }),
      bus.subscribe('runs', () => this.#hint('create', 'trigger', 'plan')),
    ];
    this.#moveTasks.start();
    this.#bringRuns.start();
    if (this.#files) this.#lookForFiles.start();
  }

  /** Ends after the turns under way. Outcomes that arrive until then are settled. */
  async stop(): Promise<void> {
    await Promise.all([this.#bringRuns.stop(), this.#moveTasks.stop(), this.#lookForFiles.stop()]);
    for (const unsubscribe of this.#subscriptions) unsubscribe();
  }

  /** Runs every service until none has more to do at this instant; for `testDag` and for tests. Returns whether anything was done. */
  async runUntilIdle(): Promise<boolean> {
    let worked = false;
    Object.assign(this.#due, { create: true, trigger: true, plan: true, queue: true, sweep: true });
    this.#advancer.reconsider();
    for (;;) {
      await this.#files?.runOnce(this.#options.clock.now());
      const processed = (await this.#settle()) + (await this.#bring()) + (await this.#fill());
      if (processed === 0 && this.settler.pending === 0) return worked;
      worked = true;
      Object.assign(this.#due, { create: true, trigger: true, plan: true, queue: true });
    }
  }

  /** Outcomes, and attempts that are lost: the sweeper must not look while a commit starts some. */
  async #settle(): Promise<number> {
    const { clock } = this.#options;
    if (clock.now() - this.#sweptAt >= SWEEP_INTERVAL_MS) this.#due.sweep = true;
    let processed = await this.#runService(this.settler, null);
    if (!this.#due.sweep) return processed;
    this.#sweptAt = clock.now();
    processed += await this.#runService(this.#sweeper, 'sweep');
    return processed;
  }

  /** Outcomes that wait bring slots with them: settling those first saves the queuer's lock on the pools. */
  async #fill(): Promise<number> {
    return this.#due.queue && this.settler.pending === 0 ? this.#runService(this.#queuer, 'queue') : 0;
  }

  async #bring(): Promise<number> {
    const created = (this.#due.create ? await this.#create() : 0) + (this.#due.trigger ? await this.#runTrigger() : 0);
    return this.#due.plan ? created + (await this.#runService(this.#planner, 'plan')) : created;
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

  async #runTrigger(): Promise<number> {
    const created = await this.#runService(this.#trigger, 'trigger');
    if (created > 0) this.#due.plan = true;
    return created;
  }

  #onAdvanced(result: AdvanceResult): void {
    if (result.endedRuns > 0) this.#hint('create');
    if (result.wokeConsumers) this.#hint('trigger');
    if (result.wokeRuns) this.#hint('plan');
    if (result.wroteCallbacks) this.#options.bus.publish('callbacks');
    this.#due.queue = true;
    if (result.queued > result.started) this.#options.bus.publish('tasks');
  }

  #canFill(): boolean {
    const { executor } = this.#options;
    return this.#due.queue && (executor === null || executor.freeSlots() > 0 || this.#advancer.hasUnplanned);
  }

  #hint(...flags: Flag[]): void {
    for (const flag of flags) this.#due[flag] = true;
    if (this.#due.create || this.#due.trigger || this.#due.plan) this.#bringRuns.wake();
    if (this.#due.queue || this.#due.sweep) this.#moveTasks.wake();
  }

  /** What waited for a limit is looked at again: somebody may have widened it. */
  #reconsider(): void {
    this.#advancer.reconsider();
    this.#hint('queue');
  }

  /** What was known of runs is forgotten after a failure, so all of them are looked at again. */
  #startOver(): void {
    this.#planner.lookAtEverything();
    this.#hint('plan', 'sweep');
  }
}

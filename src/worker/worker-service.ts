/**
 * The loop of `airflow-like worker`: fetches queued task instances while slots are free, runs them in its supervisor and settles what they
 * come to. Outcomes that arrive while a commit is under way travel together in the next one.
 */
import type { Component } from '../model/component.js';
import type { AttemptOutcome } from '../model/outcome.js';
import type { AttemptToken } from '../model/task-instance.js';
import type { Assignment } from '../model/workload.js';
import type { Clock } from '../ports/clock.js';
import type { EventBus } from '../ports/event-bus.js';
import type { Executor } from '../ports/executor.js';
import type { Logger } from '../ports/logger.js';
import type { AttemptStore, ComponentStore } from '../ports/store.js';
import { atMost } from './at-most.js';
import { HintedRest } from './hinted-rest.js';
import { LeaseKeeper, type LeaseHolder, type LeaseTimes } from './lease-keeper.js';

export interface WorkerServiceOptions {
  readonly component: Omit<Component, 'heartbeatAt' | 'leaseUntil' | 'stoppedAt'>;
  /** Queues whose tasks this worker takes. */
  readonly queues: readonly string[];
  readonly executor: Executor & LeaseHolder;
  readonly attempts: AttemptStore;
  readonly components: ComponentStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly leaseTimes: LeaseTimes;
  /** Commits outcomes. Rejects only when the store cannot be reached; then the same outcomes are settled again. */
  readonly settle: (outcomes: readonly AttemptOutcome[], assignments: ReadonlyMap<AttemptToken, Assignment>) => Promise<void>;
}

const POLL_MS = 1_000;
/** How often the worker asks whether the store counts attempts as its own that it does not have, in milliseconds. */
const RECALL_MS = 5_000;
const MAX_RETRY_PAUSE_MS = 2_000;
/** How long a stop waits for a store that does not answer, in milliseconds; what is not settled then is found by its lease. */
const LAST_WORDS_MS = 1_500;

export class WorkerService {
  private readonly lease: LeaseKeeper;
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private settling: Promise<void> | null = null;
  private outcomes: AttemptOutcome[] = [];
  private inCommit: readonly AttemptOutcome[] = [];
  /** What was claimed and is not settled yet. */
  private readonly assignments = new Map<AttemptToken, Assignment>();
  private readonly rest = new HintedRest();

  constructor(private readonly options: WorkerServiceOptions) {
    const { executor } = options;
    this.lease = new LeaseKeeper({
      component: options.component,
      components: options.components,
      attempts: options.attempts,
      bus: options.bus,
      holder: executor,
      logger: options.logger,
      times: options.leaseTimes,
      details: () => ({ running: executor.running().length }),
    });
    executor.onOutcome((outcome) => {
      this.settleSoon(outcome);
      this.rest.hint();
    });
  }

  /** Rejects when the store cannot be reached at the start; later losses are waited out. */
  async start(): Promise<void> {
    await this.lease.start();
    const unsubscribe = this.options.bus.subscribe('tasks', () => this.rest.hint());
    this.loop = this.fetchTasks().finally(unsubscribe);
  }

  /** Takes no more tasks, gives those under way `graceMs` (until `hurry` aborts), settles what they came to and signs off. */
  async stop(graceMs: number, hurry?: AbortSignal): Promise<void> {
    this.stopping.abort();
    this.rest.hint();
    await atMost(LAST_WORDS_MS, this.loop);
    await this.options.executor.stop(graceMs, hurry);
    await atMost(LAST_WORDS_MS, this.settling);
    await this.lease.stop();
  }

  private async fetchTasks(): Promise<void> {
    const { attempts, executor, queues, clock, logger, component } = this.options;
    let recallAt = performance.now() + RECALL_MS;
    while (!this.stopping.signal.aborted) {
      this.rest.reset();
      let claimed = 0;
      this.dropCancelled();
      const free = this.lease.isHeld ? executor.freeSlots() : 0;
      try {
        if (performance.now() >= recallAt) {
          await this.recall();
          recallAt = performance.now() + RECALL_MS;
        }
        if (free > 0) {
          const assignments = await attempts.claimQueued(component.id, queues, free, clock.now());
          claimed = assignments.length;
          for (const assignment of assignments) this.assignments.set(assignment.token, assignment);
          if (claimed > 0) executor.start(assignments);
        }
      } catch (error) {
        logger.warn({ err: error }, 'queued tasks could not be fetched');
      }
      // After a full batch, or a hint or an outcome while asking, ask again at once.
      const isSatisfied = free === 0 || claimed < free;
      if (isSatisfied) await this.rest.rest(POLL_MS);
    }
  }

  /** A claim whose answer was lost on its way, and attempts that were given up with the lease, are handed back. */
  private async recall(): Promise<void> {
    const { attempts, clock, component, logger } = this.options;
    // Settled while this is being asked: what the store answers then no longer counts, its token is stale.
    for (const assignment of await attempts.findForgotten(component.id, [...this.assignments.keys()])) {
      const { token, taskInstanceId, dagRunId } = assignment;
      logger.warn({ token, ...assignment.key }, 'this attempt does not run here although the store says so: it is lost');
      this.assignments.set(token, assignment);
      this.settleSoon({ token, taskInstanceId, dagRunId, endedAt: clock.now(), outcome: { kind: 'lost', reason: 'forgotten' } });
    }
  }

  private settleSoon(outcome: AttemptOutcome): void {
    this.outcomes.push(outcome);
    this.settling ??= this.settleAll().finally(() => (this.settling = null));
  }

  /** Of attempts that were taken away nothing is ever reported. */
  private dropCancelled(): void {
    if (this.assignments.size <= 2 * this.options.executor.slots) return;
    const kept = new Set(this.options.executor.running());
    for (const { token } of [...this.outcomes, ...this.inCommit]) kept.add(token);
    for (const token of this.assignments.keys()) if (!kept.has(token)) this.assignments.delete(token);
  }

  private async settleAll(): Promise<void> {
    let pauseMs = 50;
    while (this.outcomes.length > 0) {
      const batch = this.outcomes;
      this.inCommit = batch;
      this.outcomes = [];
      try {
        await this.options.settle(batch, this.assignments);
        for (const { token } of batch) this.assignments.delete(token);
        pauseMs = 50;
        // Slots are free again.
        this.rest.hint();
      } catch (error) {
        this.options.logger.warn({ err: error, outcomes: batch.length }, 'outcomes could not be settled, they are kept');
        this.outcomes = [...batch, ...this.outcomes];
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        pauseMs = Math.min(2 * pauseMs, MAX_RETRY_PAUSE_MS);
      }
    }
  }
}

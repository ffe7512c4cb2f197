/**
 * Delivers callbacks, in every process that has runners: claims those that are due, has them called, and says what became of them. It changes no
 * state. Whatever it leaves undone, because it dies or the store is away, is due again when its lease ends.
 */
import { MAX_CALLBACK_CALLS, nextCallAt } from '../../core/callback/next-call.js';
import type { CallbackAssignment } from '../../model/callback.js';
import type { TaskError } from '../../model/task-instance.js';
import type { CallbackStore } from '../../ports/callback-store.js';
import type { Clock } from '../../ports/clock.js';
import type { EventBus } from '../../ports/event-bus.js';
import type { Logger } from '../../ports/logger.js';
import { atMost } from '../at-most.js';
import { HintedRest } from '../hinted-rest.js';
import { lost, TIME_LIMIT_MS, type CallbackRunner } from './callback-runner.js';

export interface CallbackServiceOptions {
  readonly store: CallbackStore;
  readonly runner: Pick<CallbackRunner, 'call' | 'freeSlots' | 'stop'>;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a claim counts, in milliseconds; default: the time limit of a call and ten seconds to say what came of it. */
  readonly leaseMs?: number;
}

const POLL_MS = 1_000;
const LEASE_MS = TIME_LIMIT_MS + 10_000;
/** What calls under way get to end by themselves when the process stops, in milliseconds. */
const LONGEST_GRACE_MS = 2_000;
/** How long a stop waits for a store that does not answer, in milliseconds. */
const LAST_WORDS_MS = 1_500;

export class CallbackService {
  private readonly stopping = new AbortController();
  private readonly rest = new HintedRest();
  private readonly deliveries = new Set<Promise<void>>();
  private loop: Promise<void> = Promise.resolve();

  constructor(private readonly options: CallbackServiceOptions) {}

  start(): void {
    const unsubscribe = this.options.bus.subscribe('callbacks', () => this.rest.hint());
    this.loop = this.deliver().finally(unsubscribe);
  }

  /** Takes no more callbacks. Calls that do not end within `graceMs`, two seconds at most, are ended, and repeated elsewhere or later. */
  async stop(graceMs: number): Promise<void> {
    this.stopping.abort();
    this.rest.hint();
    await atMost(LAST_WORDS_MS, this.loop);
    await atMost(Math.min(graceMs, LONGEST_GRACE_MS), Promise.all(this.deliveries));
    this.options.runner.stop();
    await atMost(LAST_WORDS_MS, Promise.all(this.deliveries));
  }

  private async deliver(): Promise<void> {
    const { store, runner, clock, logger, leaseMs = LEASE_MS } = this.options;
    while (!this.stopping.signal.aborted) {
      this.rest.reset();
      const free = runner.freeSlots;
      let claimed = 0;
      try {
        const due = free > 0 ? await store.claimDue(clock.now(), free, leaseMs) : [];
        claimed = due.length;
        for (const assignment of due) this.track(this.call(assignment));
      } catch (error) {
        logger.warn({ err: error }, 'callbacks could not be fetched');
      }
      if (free === 0 || claimed < free) await this.rest.rest(POLL_MS);
    }
  }

  private track(delivery: Promise<void>): void {
    this.deliveries.add(delivery);
    void delivery.finally(() => {
      this.deliveries.delete(delivery);
      this.rest.hint();
    });
  }

  private async call(assignment: CallbackAssignment): Promise<void> {
    const { runner, logger } = this.options;
    // Its last call never said what came of it: it may be what ended the process.
    const isSpent = assignment.callNumber > MAX_CALLBACK_CALLS;
    const failure = isSpent ? lost('the process of its last call ended') : await runner.call(assignment);
    await this.record(assignment, failure).catch((error: unknown) => {
      logger.warn(
        { err: error, callbackId: assignment.request.key },
        'what came of a callback could not be stored, it is repeated',
      );
    });
  }

  private async record(assignment: CallbackAssignment, failure: TaskError | null): Promise<void> {
    const { store, clock, logger } = this.options;
    const { lease, callNumber, request, run } = assignment;
    if (failure === null) {
      await store.finish(lease);
      return;
    }
    const nextAt = nextCallAt(callNumber, clock.now());
    await store.fail(lease, failure, nextAt);
    const fields = {
      dagId: run.dagId,
      runId: run.runId,
      ...(request.task && { taskId: request.task.taskId, mapIndex: request.task.mapIndex }),
      event: request.event,
      callNumber,
      error: failure,
    };
    if (nextAt === null) logger.error(fields, 'a callback failed for the last time, it is given up');
    else logger.warn({ ...fields, nextAt: new Date(nextAt).toISOString() }, 'a callback failed, it is called again');
  }
}

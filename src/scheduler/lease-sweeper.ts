import type { Instant } from '../model/instant.js';
import type { AttemptOutcome } from '../model/outcome.js';
import type { Logger } from '../ports/logger.js';
import type { Service, ServiceResult } from '../ports/service.js';
import type { SchedulingStore } from '../ports/store.js';

const ATTEMPTS_PER_PASS = 500;

/** Finds attempts whose worker is gone, or that nobody fetched from the queue, and hands them on as lost. */
export class LeaseSweeper implements Service {
  readonly name = 'lease-sweeper';
  readonly #store: SchedulingStore;
  readonly #queuedTimeoutMs: number;
  readonly #report: (outcomes: readonly AttemptOutcome[]) => void;
  readonly #logger: Logger;

  constructor(
    store: SchedulingStore,
    queuedTimeoutMs: number,
    report: (outcomes: readonly AttemptOutcome[]) => void,
    logger: Logger,
  ) {
    this.#store = store;
    this.#queuedTimeoutMs = queuedTimeoutMs;
    this.#report = report;
    this.#logger = logger;
  }

  async runOnce(now: Instant): Promise<ServiceResult> {
    const lost = await this.#store.findLostAttempts(now, now - this.#queuedTimeoutMs, ATTEMPTS_PER_PASS);
    if (lost.length === 0) return { processed: 0, more: false };
    for (const attempt of lost) this.#logger.warn({ ...attempt }, 'attempt lost, it is dispatched again');
    this.#report(
      lost.map(({ token, taskInstanceId, dagRunId, cause }) => ({
        token,
        taskInstanceId,
        dagRunId,
        endedAt: now,
        outcome: { kind: 'lost', reason: cause },
      })),
    );
    return { processed: lost.length, more: lost.length === ATTEMPTS_PER_PASS };
  }
}

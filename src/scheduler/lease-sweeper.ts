import type { Instant } from '../model/instant.js';
import type { AttemptOutcome } from '../model/outcome.js';
import type { Logger } from '../ports/logger.js';
import type { Service, ServiceResult } from '../ports/service.js';
import type { AttemptToken } from '../model/task-instance.js';
import type { LostAttempt, Store } from '../ports/store.js';

const ATTEMPTS_PER_PASS = 500;

export interface LeaseSweeperOptions {
  readonly store: Pick<Store, 'scheduling' | 'attempts'>;
  readonly queuedTimeoutMs: number;
  /** The worker in this process, with all attempts it has or has yet to settle; null: there is none. */
  readonly local: { readonly workerId: string; known(): readonly AttemptToken[] } | null;
  readonly report: (outcomes: readonly AttemptOutcome[]) => void;
  readonly logger: Logger;
}

type Lost = Omit<LostAttempt, 'cause'> & { readonly cause: LostAttempt['cause'] | 'forgotten' };

/**
 * Finds attempts whose worker is gone, that nobody fetched from the queue, or that the store says run in this process although they do
 * not, and hands them on as lost.
 */
export class LeaseSweeper implements Service {
  readonly name = 'lease-sweeper';
  readonly #options: LeaseSweeperOptions;

  constructor(options: LeaseSweeperOptions) {
    this.#options = options;
  }

  async runOnce(now: Instant): Promise<ServiceResult> {
    const { store, queuedTimeoutMs, report, logger } = this.#options;
    const orphaned = await store.scheduling.findLostAttempts(now, now - queuedTimeoutMs, ATTEMPTS_PER_PASS);
    const lost: readonly Lost[] = [...orphaned, ...(await this.#findForgotten())];
    if (lost.length === 0) return { processed: 0, more: false };
    for (const attempt of lost) logger.warn({ ...attempt }, 'attempt lost, it is dispatched again');
    report(
      lost.map(({ token, taskInstanceId, dagRunId, cause }) => ({
        token,
        taskInstanceId,
        dagRunId,
        endedAt: now,
        outcome: { kind: 'lost', reason: cause },
      })),
    );
    return { processed: lost.length, more: orphaned.length === ATTEMPTS_PER_PASS };
  }

  /** The passes of one scheduler follow each other, so whatever a commit has started is known here once the next pass runs. */
  async #findForgotten(): Promise<readonly Lost[]> {
    const { store, local } = this.#options;
    if (!local) return [];
    const forgotten = await store.attempts.findForgotten(local.workerId, local.known());
    return forgotten.map(({ dagRunId, taskInstanceId, token }) => ({ dagRunId, taskInstanceId, token, cause: 'forgotten' }));
  }
}

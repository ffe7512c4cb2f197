import type { Instant } from '../model/instant.js';
import type { AttemptOutcome } from '../model/outcome.js';
import type { AttemptToken } from '../model/task-instance.js';
import type { Service, ServiceResult } from '../ports/service.js';
import type { AdvanceResult } from './advance-result.js';
import type { RunAdvancer } from './advance-runs.js';

/** Outcomes settled in one commit. What arrives while a commit is under way makes the next batch, so batches grow only under load. */
const MAX_BATCH = 500;

/** Settles the outcomes of this process's executor and starts what they release, in the same commit. Keeps them until they are stored. */
export class AttemptSettler implements Service {
  readonly name = 'attempt-settler';
  readonly #advancer: RunAdvancer;
  readonly #onAdvanced: (result: AdvanceResult) => void;
  #pending: AttemptOutcome[] = [];

  constructor(advancer: RunAdvancer, onAdvanced: (result: AdvanceResult) => void) {
    this.#advancer = advancer;
    this.#onAdvanced = onAdvanced;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** Attempts whose outcome waits to be stored. */
  get tokens(): readonly AttemptToken[] {
    return this.#pending.map((outcome) => outcome.token);
  }

  add(outcomes: readonly AttemptOutcome[]): void {
    this.#pending.push(...outcomes);
  }

  async runOnce(now: Instant): Promise<ServiceResult> {
    if (this.#pending.length === 0) return { processed: 0, more: false };
    const batch = this.#pending.splice(0, MAX_BATCH);
    try {
      const result = await this.#advancer.advance(batch, now);
      this.#pending.unshift(...result.retry);
      this.#onAdvanced(result);
      return { processed: batch.length - result.retry.length, more: this.#pending.length > 0 };
    } catch (error) {
      this.#pending.unshift(...batch);
      throw error;
    }
  }
}

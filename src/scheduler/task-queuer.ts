import type { Instant } from '../model/instant.js';
import type { Service, ServiceResult } from '../ports/service.js';
import type { AdvanceResult, RunAdvancer } from './advance-runs.js';

/**
 * Fills free slots from the runs already planned, when nothing else happens that would: a slot became free elsewhere, a map was expanded.
 * Runs whose last commit was stale are read again.
 */
export class TaskQueuer implements Service {
  readonly name = 'task-queuer';
  readonly #advancer: RunAdvancer;
  readonly #onAdvanced: (result: AdvanceResult) => unknown;

  constructor(advancer: RunAdvancer, onAdvanced: (result: AdvanceResult) => unknown) {
    this.#advancer = advancer;
    this.#onAdvanced = onAdvanced;
  }

  async runOnce(now: Instant): Promise<ServiceResult> {
    if (!this.#advancer.hasReady && !this.#advancer.hasStale) return { processed: 0, more: false };
    const result = await this.#advancer.advance([], [], now);
    this.#onAdvanced(result);
    return { processed: result.queued, more: this.#advancer.hasStale || (result.queued > 0 && this.#advancer.hasReady) };
  }
}

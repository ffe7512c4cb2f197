import type { Instant } from '../model/instant.js';
import type { Service, ServiceResult } from '../ports/service.js';
import type { AdvanceResult } from './advance-result.js';
import type { RunAdvancer } from './advance-runs.js';

/** Plans what waits for it and fills free slots, when no outcome arrives that would: a run is new, a slot became free elsewhere. */
export class TaskQueuer implements Service {
  readonly name = 'task-queuer';
  readonly #advancer: RunAdvancer;
  readonly #onAdvanced: (result: AdvanceResult) => unknown;

  constructor(advancer: RunAdvancer, onAdvanced: (result: AdvanceResult) => unknown) {
    this.#advancer = advancer;
    this.#onAdvanced = onAdvanced;
  }

  async runOnce(now: Instant): Promise<ServiceResult> {
    if (!this.#advancer.hasReady && !this.#advancer.hasUnplanned) return { processed: 0, more: false };
    const result = await this.#advancer.advance([], now);
    this.#onAdvanced(result);
    return { processed: result.changedRuns, more: this.#advancer.hasUnplanned || (result.queued > 0 && this.#advancer.hasReady) };
  }
}

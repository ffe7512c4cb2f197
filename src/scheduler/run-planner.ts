import type { Instant } from '../model/instant.js';
import type { Service, ServiceResult } from '../ports/service.js';
import type { SchedulingStore } from '../ports/store.js';
import type { RunAdvancer } from './advance-runs.js';

/**
 * Claims runs that changed or whose wait has ended, and hands them to the next pass over runs. After its start it first claims what a
 * scheduler that died may have held back, which would otherwise come back only after `visibilityMs`; after a failed pass, when this
 * scheduler has dropped what it knew, it does so again.
 */
export class RunPlanner implements Service {
  readonly name = 'run-planner';
  readonly #store: SchedulingStore;
  readonly #advancer: RunAdvancer;
  readonly #visibilityMs: number;
  readonly #maxRuns: number;
  readonly #onClaimed: () => void;
  #horizonMs: number;

  /** `maxRuns`: most runs that one pass claims. */
  constructor(
    store: SchedulingStore,
    advancer: RunAdvancer,
    { visibilityMs, maxRuns }: { readonly visibilityMs: number; readonly maxRuns: number },
    onClaimed: () => void,
  ) {
    this.#store = store;
    this.#advancer = advancer;
    this.#maxRuns = maxRuns;
    this.#visibilityMs = visibilityMs;
    this.#horizonMs = visibilityMs;
    this.#onClaimed = onClaimed;
  }

  /** This scheduler has lost sight of its runs: the next pass claims all of them. */
  lookAtEverything(): void {
    this.#horizonMs = this.#visibilityMs;
  }

  async runOnce(now: Instant): Promise<ServiceResult> {
    const claimed = await this.#store.claimRunsToPlan(now + this.#horizonMs, this.#maxRuns, this.#visibilityMs);
    if (claimed.length < this.#maxRuns) this.#horizonMs = 0;
    if (claimed.length === 0) return { processed: 0, more: false };
    await this.#advancer.claim(claimed);
    this.#onClaimed();
    return { processed: claimed.length, more: claimed.length === this.#maxRuns };
  }
}

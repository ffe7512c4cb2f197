import { planAssetRun } from '../core/asset/plan-asset-run.js';
import type { Instant } from '../model/instant.js';
import type { Logger } from '../ports/logger.js';
import type { Service, ServiceResult } from '../ports/service.js';
import type { SchedulingStore } from '../ports/store.js';

const DAGS_PER_PASS = 100;

export interface AssetTriggerResult extends ServiceResult {
  readonly createdRuns: number;
}

/** Creates the runs for which the events of assets have come, DAG by DAG under the DAG's lock. */
export class AssetTrigger implements Service<AssetTriggerResult> {
  readonly name = 'asset-trigger';
  readonly #store: SchedulingStore;
  readonly #logger: Logger;

  constructor(store: SchedulingStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  async runOnce(now: Instant): Promise<AssetTriggerResult> {
    const { claimed, createdRuns, errors } = await this.#store.planAssetRuns(now, DAGS_PER_PASS, planAssetRun);
    for (const { dagId, error } of errors)
      this.#logger.error({ dagId, err: error }, 'the run of this DAG for assets cannot be planned');
    return { processed: createdRuns, more: claimed > 0, createdRuns };
  }
}

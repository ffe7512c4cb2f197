/** What a `Store` must do, whatever it stores in. Run by one test file per implementation. */
import { afterAll, beforeEach, describe } from '@jest/globals';
import { describeAssets } from './store/assets.js';
import { describeAttempts } from './store/attempts.js';
import { describeBackfills } from './store/backfills.js';
import { describeCallbacks } from './store/callbacks.js';
import { describeCatalog } from './store/catalog.js';
import { describeCommit } from './store/commit.js';
import { describeComponents } from './store/components.js';
import { describeExternalStates } from './store/external-states.js';
import { describeHistory } from './store/history.js';
import { describePlanner } from './store/planner.js';
import { describePoolStore } from './store/pool-store.js';
import { describePools } from './store/pools.js';
import { describeRunCreator } from './store/run-creator.js';
import { describeSchedules } from './store/schedules.js';
import { describeRuns } from './store/runs.js';
import { describeXComs } from './store/xcoms.js';
import { describeSituations } from './store/situations.js';
import { createSuite, type StoreHarness } from './store/suite.js';

export function describeStore(name: string, harness: StoreHarness): void {
  describe(`store on ${name}`, () => {
    beforeEach(() => harness.reset());
    afterAll(() => harness.close());
    const suite = createSuite(harness);
    describeCatalog(suite);
    describeRuns(suite);
    describeRunCreator(suite);
    describeSchedules(suite);
    describePlanner(suite);
    describeCommit(suite);
    describePools(suite);
    describePoolStore(suite);
    describeAttempts(suite);
    describeCallbacks(suite);
    describeBackfills(suite);
    describeAssets(suite);
    describeSituations(suite);
    describeComponents(suite);
    describeHistory(suite);
    describeXComs(name, suite);
    describeExternalStates(suite);
  });
}

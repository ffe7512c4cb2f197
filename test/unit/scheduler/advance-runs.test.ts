import { expect, it } from '@jest/globals';
import { DEFAULT_PLAN_OPTIONS } from '../../../src/core/dag-run/plan-options.js';
import type { AttemptOutcome } from '../../../src/model/outcome.js';
import type { DagRunSnapshot } from '../../../src/model/snapshot.js';
import type { Logger } from '../../../src/ports/logger.js';
import { RunAdvancer } from '../../../src/scheduler/advance-runs.js';
import { createMemoryStore } from '../../../src/store/memory/index.js';
import { SCHEDULER } from '../../conformance/commits.js';

it('refuses a second pass while one is under way, and goes on afterwards', async () => {
  const memory = createMemoryStore({ now: () => 0, sleep: async () => undefined });
  let release = () => {};
  const loaded = new Promise<readonly DagRunSnapshot[]>((resolve) => (release = () => resolve([])));
  const warnings: unknown[] = [];
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields) => warnings.push(fields),
    error: () => undefined,
    child: () => logger,
  };
  const advancer = new RunAdvancer({
    store: { ...memory.scheduling, loadSnapshots: () => loaded },
    actor: SCHEDULER,
    mintToken: () => crypto.randomUUID(),
    logger,
    executor: null,
    parallelism: 1,
    backfillShare: 0.5,
    planOptions: DEFAULT_PLAN_OPTIONS,
    visibilityMs: 1_000,
  });
  const outcome: AttemptOutcome = {
    token: crypto.randomUUID(),
    taskInstanceId: 1,
    dagRunId: 1,
    outcome: { kind: 'lost', reason: 'gone' },
    endedAt: 0,
  };
  const first = advancer.advance([outcome], 0);
  await expect(advancer.advance([], 0)).rejects.toMatchObject({ code: 'INTERNAL' });
  release();
  await first;
  expect(warnings).toHaveLength(1);
  await expect(advancer.advance([], 0)).resolves.toMatchObject({ changedRuns: 0 });
});

/** A backfill of many runs whose creation is interrupted between two of its transactions. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { parseSchedule } from '../../src/core/timetable/parse-schedule.js';
import type { Backfill } from '../../src/model/backfill.js';
import { cancelBackfill, pauseBackfill } from '../../src/operations/change-backfill.js';
import { createBackfill } from '../../src/operations/create-backfill.js';
import type { OperationDeps } from '../../src/operations/operation-deps.js';
import type { Store } from '../../src/ports/store.js';
import { openPostgresStore } from '../../src/store/postgres/index.js';
import { createMemoryEventBus } from '../../src/store/memory/index.js';
import { dagSpec, taskSpec } from '../support/dag-specs.js';
import { createTestDatabase, withClient, type TestDatabase } from '../support/postgres.js';
import { ACTOR, saveSpecs } from '../vectors/state/stores.js';

const HOUR = 3_600_000;
const FROM = Date.UTC(2026, 0, 1);
const RUNS = 2_500;
const REQUEST = { dagId: 'd', from: FROM, to: FROM + (RUNS - 1) * HOUR, maxActiveRuns: 3, conf: { a: 1 } };

let database: TestDatabase;
let store: Store;
let deps: OperationDeps;
let backfill: Backfill;

const sql = (text: string) => withClient(database.url, (client) => client.query(text));

/** Its creation fails at a run of its second transaction, as it does when its process dies there. */
beforeEach(async () => {
  database = await createTestDatabase();
  store = await openPostgresStore({ url: database.url, role: 'test' });
  const clock = { now: () => FROM + 10_000 * HOUR, sleep: async () => {} };
  deps = { store, bus: createMemoryEventBus(), clock, actor: ACTOR };
  await saveSpecs(store, [dagSpec('d', { tasks: [taskSpec('a')], schedule: parseSchedule('0 * * * *', 'd') })]);
  await sql('alter table airflow_like.dag_run add constraint dies check (backfill_ordinal <> 1700)');
  await expect(createBackfill(deps, REQUEST)).rejects.toThrow(/dies/);
  await sql('alter table airflow_like.dag_run drop constraint dies');
  backfill = (await store.backfills.list())[0]!;
});

afterEach(async () => {
  await store.close();
  await database.drop();
});

it('says what it lacks, starts no run, and bars another one with a way out', async () => {
  expect(backfill).toMatchObject({ isIncomplete: true, isPaused: true, expectedRuns: RUNS, completedAt: null });
  expect(await store.backfills.progress(backfill.id)).toMatchObject({ queued: 1_000 });
  await expect(createBackfill(deps, { ...REQUEST, to: REQUEST.to + HOUR })).rejects.toMatchObject({
    code: 'BACKFILL_CONFLICT',
    message: expect.stringContaining('unpause it to go on, or cancel it') as unknown as string,
  });
});

it('has each of its runs once, in their order, when it is unpaused', async () => {
  const { backfill: whole, isChanged } = await pauseBackfill(deps, backfill.id, false);
  expect(isChanged).toBe(true);
  expect(whole).toMatchObject({ isIncomplete: false, isPaused: false, expectedRuns: RUNS, completedAt: null });
  const runs = await store.runs.listRuns({ dagId: 'd', order: 'logical_date', limit: 10_000 });
  expect(runs.map(({ logicalDate }) => logicalDate)).toEqual(Array.from({ length: RUNS }, (_, index) => FROM + index * HOUR));
  expect(runs.every((run, index) => run.backfillId === backfill.id && run.backfillOrdinal === index + 1)).toBe(true);
  expect(runs.at(-1)!.conf).toEqual({ a: 1 });
});

it('gets no more runs once it is cancelled', async () => {
  expect(await cancelBackfill(deps, backfill.id)).toMatchObject({ failedRuns: 1_000 });
  await expect(pauseBackfill(deps, backfill.id, false)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  expect(await store.backfills.progress(backfill.id)).toMatchObject({ queued: 0, failed: 1_000 });
});

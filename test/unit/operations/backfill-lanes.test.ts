import { beforeEach, describe, expect, it } from '@jest/globals';
import { planDagSchedule } from '../../../src/core/dag-run/plan-schedule.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import { cancelBackfill, pauseBackfill } from '../../../src/operations/change-backfill.js';
import { createBackfill, planBackfill, type BackfillRequest } from '../../../src/operations/create-backfill.js';
import { followBackfill } from '../../../src/operations/follow-backfill.js';
import { triggerDagRun } from '../../../src/operations/trigger-dag-run.js';
import { taskSpec } from '../core/factories.js';
import { createWorld, DAY_MS, failure, SALES, type World } from './world.js';

const FROM = Date.UTC(2026, 0, 1);
const RANGE: BackfillRequest = { dagId: 'sales', from: FROM, to: FROM + 4 * DAY_MS };

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.register(SALES);
});

/** A run of one day of the range that has ended so. */
async function given(day: number, end: 'success' | 'failed', runId = `day${day}`): Promise<number> {
  const run = await triggerDagRun(world, { dagId: 'sales', runId, logicalDate: FROM + (day - 1) * DAY_MS });
  await world.finish(run.id, { extract: end, load: end, clean: end });
  return run.id;
}

const start = () => world.store.scheduling.planDueDags(world.at, 10, (schedule) => planDagSchedule(schedule));
const ofBackfill = async (backfillId: number) =>
  (await world.store.runs.listRuns({ backfillId, order: 'logical_date' })).map((run) => [
    run.runId.slice(0, 8),
    run.backfillOrdinal,
    run.state,
  ]);

describe('a backfill', () => {
  it('counts its runs in the order in which they run, those it takes over among them', async () => {
    await given(2, 'failed');
    const { id } = await createBackfill(world, { ...RANGE, reprocessBehavior: 'failed', runBackwards: true });
    expect(await ofBackfill(id)).toEqual([
      ['backfill', 5, 'queued'],
      ['day2', 4, 'queued'],
      ['backfill', 3, 'queued'],
      ['backfill', 2, 'queued'],
      ['backfill', 1, 'queued'],
    ]);
  });

  it('lets its first run ignore the past, and only this one', async () => {
    const only = taskSpec('only', { dependsOnPast: true });
    await world.register({ ...SALES, dagId: 'chain', tasks: [only], file: 'chain.ts' });
    const before = await triggerDagRun(world, { dagId: 'chain', runId: 'before', logicalDate: FROM - DAY_MS });
    await world.finish(before.id, { only: 'failed' });
    const { id } = await createBackfill(world, { dagId: 'chain', from: FROM, to: FROM + DAY_MS });
    const runs = await world.store.runs.listRuns({ backfillId: id, order: 'logical_date' });
    const snapshots = await world.store.scheduling.loadSnapshots(runs.map((run) => run.id));
    expect(snapshots.map((snapshot) => RunView.from(snapshot).ignoresPast)).toEqual([true, false]);
  });

  it('pitfall 55: has places of its own, beside those of the DAG', async () => {
    await world.register({ ...SALES, maxActiveRuns: 2 });
    for (const day of [20, 21, 22])
      await triggerDagRun(world, { dagId: 'sales', runId: `own${day}`, logicalDate: FROM + day * DAY_MS });
    const { id } = await createBackfill(world, { ...RANGE, maxActiveRuns: 3 });
    await start();
    const states = async (backfillId?: number) =>
      (await world.store.runs.listRuns(backfillId === undefined ? { noBackfill: true } : { backfillId })).filter(
        ({ state }) => state === 'running',
      );
    expect([(await states()).length, (await states(id)).length]).toEqual([2, 3]);
  });

  it('pitfall 56: clears a failed run and takes it over; it keeps its id, and gets no other beside it', async () => {
    const old = await given(2, 'failed');
    const { id, expectedRuns } = await createBackfill(world, { ...RANGE, reprocessBehavior: 'failed' });
    expect(expectedRuns).toBe(5);
    expect(await world.store.runs.getRun(old)).toMatchObject({
      runId: 'day2',
      runType: 'backfill',
      triggeredBy: 'backfill',
      backfillId: id,
      state: 'queued',
      clearNumber: 1,
    });
    expect(await world.store.runs.listRuns({ dagId: 'sales' })).toHaveLength(5);
  });

  it('pitfall 57: fails queued runs when it is cancelled, and lets those under way go on', async () => {
    const { id } = await createBackfill(world, { ...RANGE, maxActiveRuns: 2 });
    await start();
    expect(await cancelBackfill(world, id)).toMatchObject({
      failedRuns: 3,
      backfill: { isCancelled: true, completedAt: world.at },
    });
    expect((await ofBackfill(id)).map(([, , state]) => state)).toEqual(['running', 'running', 'failed', 'failed', 'failed']);
    const [first] = await world.store.runs.listRuns({ backfillId: id, states: ['running'] });
    await world.finish(first!.id, { extract: 'success' });
    expect((await world.store.runs.getRun(first!.id))!.state).toBe('success');
    expect((await createBackfill(world, { ...RANGE, reprocessBehavior: 'completed' })).expectedRuns).toBe(4);
  });

  it('starts nothing while it is paused, and goes on in order', async () => {
    const { id } = await createBackfill(world, { ...RANGE, maxActiveRuns: 2 });
    expect((await pauseBackfill(world, id, true)).isChanged).toBe(true);
    expect((await pauseBackfill(world, id, true)).isChanged).toBe(false);
    await start();
    expect((await ofBackfill(id)).every(([, , state]) => state === 'queued')).toBe(true);
    await pauseBackfill(world, id, false);
    await start();
    expect((await ofBackfill(id)).map(([, , state]) => state)).toEqual(['running', 'running', 'queued', 'queued', 'queued']);
  });

  it('refuses to change what is not there, or has ended', async () => {
    expect((await failure(() => pauseBackfill(world, 77, true))).message).toContain(
      'NOT_FOUND: backfill: there is no backfill with this number, got 77',
    );
    const { id } = await createBackfill(world, RANGE);
    await cancelBackfill(world, id);
    expect((await failure(() => cancelBackfill(world, id))).message).toBe(
      `STATE_CONFLICT: backfill ${id}: it is cancelled already`,
    );
    expect((await failure(() => pauseBackfill(world, id, false))).code).toBe('STATE_CONFLICT');
  });

  it('runs existing runs with the newest version of the DAG, or with their own', async () => {
    const [first, second] = [await given(1, 'failed'), await given(2, 'failed')];
    const before = (await world.store.runs.getRun(first))!.versionId;
    await world.register({ ...SALES, description: 'newer' });
    const day = (offset: number) => ({
      from: FROM + offset * DAY_MS,
      to: FROM + offset * DAY_MS,
      reprocessBehavior: 'failed' as const,
    });
    const own = await createBackfill(world, { ...RANGE, ...day(0), runOnLatestVersion: false });
    expect([own.runOnLatestVersion, (await world.store.runs.getRun(first))!.versionId]).toEqual([false, before]);
    await cancelBackfill(world, own.id);
    const newest = await createBackfill(world, { ...RANGE, ...day(1) });
    expect(newest.runOnLatestVersion).toBe(true);
    expect((await world.store.runs.getRun(second))!.versionId).toBeGreaterThan(before);
  });
});

describe('the plan', () => {
  it('says how long it takes by the newest runs, and names the active backfill', async () => {
    expect(await planBackfill(world, RANGE)).toMatchObject({ estimateMs: null, active: null });
    await given(10, 'success');
    await given(11, 'success');
    const plan = await planBackfill(world, { ...RANGE, maxActiveRuns: 2 });
    expect(plan.estimateMs).toBe((60_000 * 5) / 2);
    expect(plan.first).toEqual({ start: FROM, end: FROM + DAY_MS });
    expect(plan.last).toEqual({ start: FROM + 4 * DAY_MS, end: FROM + 5 * DAY_MS });
    const { id } = await createBackfill(world, RANGE);
    expect((await planBackfill(world, RANGE)).active).toMatchObject({ id });
  });

  it('takes a hundred thousand intervals when it is allowed to', async () => {
    await world.register({
      ...SALES,
      dagId: 'hourly',
      schedule: { kind: 'cron', expression: '0 * * * *', text: '@hourly' },
      file: 'hourly.ts',
    });
    const request = { dagId: 'hourly', from: Date.UTC(2013, 0, 1), to: Date.UTC(2024, 5, 1) };
    expect((await failure(() => planBackfill(world, request))).message).toMatch(
      /holds more than 100000 intervals.*at most 10000 runs.*--max-runs/,
    );
    expect((await planBackfill(world, { ...request, maxRuns: 200_000 })).create).toHaveLength(100_057);
    expect((await failure(() => planBackfill(world, { ...request, maxRuns: 0 }))).message).toContain(
      'maxRuns: must be an integer 1-1000000, got 0',
    );
  });

  it('of the time that is left goes by runs of the DAG until the first of its own has finished', async () => {
    await given(10, 'success');
    const { id } = await createBackfill(world, { ...RANGE, maxActiveRuns: 1 });
    for await (const { etaMs } of followBackfill(world, id)) {
      expect(etaMs).toBe(5 * 60_000);
      break;
    }
  });
});

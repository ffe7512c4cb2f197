import { beforeEach, describe, expect, it } from '@jest/globals';
import type { RunCommit } from '../../../src/model/commit.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import { createBackfill, planBackfill, type BackfillRequest } from '../../../src/operations/create-backfill.js';
import { estimateEtaMs, followBackfill, type FollowedBackfill } from '../../../src/operations/follow-backfill.js';
import { triggerDagRun } from '../../../src/operations/trigger-dag-run.js';
import type { BackfillStore } from '../../../src/ports/backfill-store.js';
import { dagSpec, taskSpec } from '../core/factories.js';
import { createWorld, DAY_MS, failure, SALES, type World } from './world.js';

const FROM = Date.UTC(2026, 0, 1);
const TO = Date.UTC(2026, 0, 10);
const RANGE: BackfillRequest = { dagId: 'sales', from: FROM, to: TO };

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.register(SALES);
});

/** Runs of days 1 (success), 2 (failed) and 3 (under way). */
async function existingRuns(): Promise<readonly DagRun[]> {
  const runs: DagRun[] = [];
  for (const [day, end] of (['success', 'failed', 'running'] as const).entries()) {
    const run = await triggerDagRun(world, { dagId: 'sales', runId: `day${day + 1}`, logicalDate: FROM + day * DAY_MS });
    await world.finish(run.id, { extract: end });
    runs.push(run);
  }
  return runs;
}

const day = (instant: number | undefined): number => new Date(instant ?? Number.NaN).getUTCDate();

describe('planBackfill', () => {
  it('lists an interval per day, both bounds included, without writing anything', async () => {
    const plan = await planBackfill(world, RANGE);
    expect(plan.create.map(({ start }) => day(start))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(plan.create[0]).toEqual({ start: FROM, end: FROM + DAY_MS });
    expect(await world.store.backfills.list()).toEqual([]);
    expect(world.hints).toEqual([]);
  });

  it('turns the order round', async () => {
    expect((await planBackfill(world, { ...RANGE, runBackwards: true })).create.map(({ start }) => day(start))[0]).toBe(10);
  });

  it.each([
    ['none', [], ['day1', 'day2', 'day3']],
    ['failed', ['day2'], ['day1', 'day3']],
    ['completed', ['day1', 'day2'], ['day3']],
  ] as const)('with existing runs and reprocess behaviour %s runs %j again', async (reprocessBehavior, rerun, skip) => {
    await existingRuns();
    const plan = await planBackfill(world, { ...RANGE, reprocessBehavior });
    expect(plan.create.map(({ start }) => day(start))).toEqual([4, 5, 6, 7, 8, 9, 10]);
    expect(plan.rerun.map(({ runId }) => runId)).toEqual(rerun);
    expect(plan.skip.map(({ runId }) => runId)).toEqual(skip);
  });
});

describe('createBackfill', () => {
  it('stores it with its queued runs in order, and tells the scheduler', async () => {
    const backfill = await createBackfill(world, { ...RANGE, conf: { full: true }, maxActiveRuns: 3 });
    expect(backfill).toMatchObject({
      dagId: 'sales',
      fromDate: FROM,
      toDate: TO,
      maxActiveRuns: 3,
      conf: { full: true },
      reprocessBehavior: 'none',
      runBackwards: false,
      isPaused: false,
      completedAt: null,
      expectedRuns: 10,
    });
    const runs = await world.store.runs.listRuns({ backfillId: backfill.id, order: 'logical_date' });
    expect(runs).toHaveLength(10);
    expect(runs[0]).toMatchObject({
      runId: 'backfill__2026-01-02T00:00:00+00:00',
      runType: 'backfill',
      triggeredBy: 'backfill',
      state: 'queued',
      logicalDate: FROM,
      conf: { full: true },
    });
    expect(world.hints).toEqual(['runs']);
  });

  /** Creates the backfill and returns the commits that were handed to the store to be written with it; they are not written yet. */
  async function adoptions(request: BackfillRequest): Promise<readonly RunCommit[]> {
    const handed: RunCommit[] = [];
    const { backfills } = world.store;
    const create: BackfillStore['create'] = (backfill, runs, actor, now, adopt = []) => {
      handed.push(...adopt.map(({ commit }) => commit));
      return backfills.create(backfill, runs, actor, now);
    };
    await createBackfill({ ...world, store: { ...world.store, backfills: { ...backfills, create } } }, request);
    return handed;
  }

  it('clears the runs it takes over in commits that the store accepts', async () => {
    const [success, failed, running] = await existingRuns();
    const commits = await adoptions({ ...RANGE, reprocessBehavior: 'completed' });
    expect(commits.map(({ dagRunId }) => dagRunId)).toEqual([success!.id, failed!.id]);
    const { scheduling, runs } = world.store;
    expect((await scheduling.commit(commits, world.at)).staleRuns).toEqual([]);
    for (const { id } of [success!, failed!]) {
      expect(await runs.getRun(id)).toMatchObject({ state: 'queued', clearNumber: 1, startedAt: null, endedAt: null });
      expect(new Set((await runs.listTaskInstances([id])).map(({ state }) => state))).toEqual(new Set(['none']));
    }
    expect((await runs.getRun(running!.id))!.state).toBe('running');
  });

  it('opens a finished run again none of whose tasks had begun', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales', logicalDate: FROM });
    await world.finish(run.id, {});
    const commits = await adoptions({ ...RANGE, reprocessBehavior: 'completed' });
    expect((await world.store.scheduling.commit(commits, world.at)).staleRuns).toEqual([]);
    expect((await world.store.runs.getRun(run.id))!.state).toBe('queued');
  });

  it('plans again when a run to take over has changed, and gives up when that does not end', async () => {
    await existingRuns();
    let calls = 0;
    const create: BackfillStore['create'] = (...parameters) =>
      calls++ === 0 ? Promise.resolve('stale') : world.store.backfills.create(...parameters);
    const withStore = (backfills: Partial<BackfillStore>) => ({
      ...world,
      store: { ...world.store, backfills: { ...world.store.backfills, ...backfills } },
    });
    expect((await createBackfill(withStore({ create }), RANGE)).dagId).toBe('sales');
    expect(calls).toBe(2);
    const error = await failure(() =>
      createBackfill(withStore({ create: async () => 'stale' }), {
        ...RANGE,
        from: FROM + 3 * DAY_MS,
        reprocessBehavior: 'completed',
        to: TO + DAY_MS,
      }),
    );
    expect(error.code).toBe('STATE_CONFLICT');
  });

  const DEPENDS = dagSpec([taskSpec('only', { dependsOnPast: true })], {
    ...SALES,
    dagId: 'chain',
    tasks: [taskSpec('only', { dependsOnPast: true })],
    file: 'chain.ts',
  });
  const BY_HAND = { ...SALES, dagId: 'by_hand', schedule: { kind: 'none' } as const, file: 'by_hand.ts' };

  it.each<[what: string, request: Partial<BackfillRequest>, code: string, message: RegExp]>([
    ['an unknown DAG', { dagId: 'sale' }, 'NOT_FOUND', /did you mean sales\?/],
    ['a reversed range', { from: TO, to: FROM }, 'BACKFILL_RANGE', /2026-01-10.* is after .*2026-01-01/],
    ['a range in the future', { from: Date.UTC(2027, 0, 1), to: Date.UTC(2027, 0, 2) }, 'BACKFILL_RANGE', /future/],
    ['a range without an interval', { from: FROM + 1, to: FROM + 2 }, 'BACKFILL_RANGE', /no interval of "@daily"/],
    ['too many runs', { from: Date.UTC(1970, 0, 1), to: TO }, 'BACKFILL_TOO_LARGE', /holds 20464 intervals/],
    ['more runs than asked for', { maxRuns: 9 }, 'BACKFILL_TOO_LARGE', /holds 10 intervals/],
    ['a DAG without schedule', { dagId: 'by_hand' }, 'BACKFILL_RANGE', /schedule/],
    ['dependsOnPast backwards', { dagId: 'chain', runBackwards: true }, 'BACKFILL_RANGE', /backwards/],
    [
      'an unknown behaviour',
      { reprocessBehavior: 'fialed' as 'failed' },
      'UNKNOWN_NAME',
      /got "fialed"; allowed: none, failed, completed; did you mean failed\?/,
    ],
    ['no place for runs', { maxActiveRuns: 0 }, 'VALUE_RANGE', /maxActiveRuns: .*got 0/],
    ['a conf that is no object', { conf: 3 }, 'CONF_NOT_OBJECT', /got 3/],
  ])('B44: refuses %s, in a dry run too, and goes on', async (_what, request, code, message) => {
    await world.register(DEPENDS);
    await world.register(BY_HAND);
    for (const act of [planBackfill, createBackfill]) {
      const error = await failure(() => act(world, { ...RANGE, ...request }));
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    }
    expect(await world.store.runs.listRuns({})).toEqual([]);
    expect((await createBackfill(world, RANGE)).expectedRuns).toBe(10);
  });

  it('B44: refuses a second one of the same DAG, and names the first', async () => {
    const { id } = await createBackfill(world, RANGE);
    const next = { ...RANGE, from: TO + DAY_MS, to: TO + 2 * DAY_MS };
    expect((await failure(() => createBackfill(world, next))).message).toBe(
      `BACKFILL_CONFLICT: DAG sales: backfill ${id} of this DAG is active; wait for its end or cancel it`,
    );
  });

  it('refuses when nothing is left to do, and says which option would', async () => {
    await existingRuns();
    const error = await failure(() => createBackfill(world, { ...RANGE, to: FROM + 2 * DAY_MS }));
    expect(error.message).toMatch(/BACKFILL_RANGE: .*all 3 runs of the range exist \(1 under way\).*"completed"/);
  });
});

describe('followBackfill', () => {
  it('yields every change to the end, with an estimate', async () => {
    const backfill = await createBackfill(world, { ...RANGE, to: FROM + 2 * DAY_MS, maxActiveRuns: 1 });
    const seen: FollowedBackfill[] = [];
    for await (const progress of followBackfill(world, backfill.id)) {
      seen.push(progress);
      const [next] = await world.store.runs.listRuns({
        backfillId: backfill.id,
        states: ['queued'],
        order: 'logical_date',
        limit: 1,
      });
      if (next) await world.finish(next.id, { extract: seen.length === 2 ? 'failed' : 'success' }, 60_000);
    }
    expect(seen.map(({ queued, success, failed, etaMs }) => [queued, success, failed, etaMs])).toEqual([
      [3, 0, 0, null],
      [2, 1, 0, 120_000],
      [1, 1, 1, 60_000],
      [0, 2, 1, 0],
    ]);
    expect(seen.at(-1)!.backfill.completedAt).toBe(world.at);
  });

  it('ends when told to, and leaves the backfill alone', async () => {
    const backfill = await createBackfill(world, RANGE);
    const stop = new AbortController();
    let count = 0;
    for await (const _progress of followBackfill(world, backfill.id, stop.signal)) {
      count++;
      stop.abort();
    }
    expect([count, (await world.store.backfills.progress(backfill.id))!.queued]).toEqual([1, 10]);
  });

  it('refuses a number that no backfill has', async () => {
    expect((await failure(() => followBackfill(world, 99).next())).message).toMatch(/^NOT_FOUND: backfill: .*got 99/);
  });

  it.each([
    ['nothing has finished', 10, 0, 4, [], null],
    ['one lane', 10, 0, 1, [1_000, 3_000, 2_000], 20_000],
    ['several lanes', 8, 4, 4, [2_000], 5_000],
    ['more lanes than runs', 0, 2, 10, [2_000], 1_000],
  ] as const)('estimates the end: %s', async (_what, queued, running, maxActiveRuns, durations, expected) => {
    const { backfill } = (await world.store.backfills.progress((await createBackfill(world, RANGE)).id))!;
    const progress = {
      backfill: { ...backfill, maxActiveRuns },
      queued,
      running,
      success: 0,
      partial: 0,
      failed: 0,
      firstStartedAt: null,
      lastEndedAt: null,
    };
    expect(estimateEtaMs(progress, durations)).toBe(expected);
  });
});

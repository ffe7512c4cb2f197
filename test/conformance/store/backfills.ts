import { describe, expect, it } from '@jest/globals';
import type { DagRun } from '../../../src/model/dag-run.js';
import { dagSpec, newRun, taskSpec } from '../../support/dag-specs.js';
import { endRun } from '../commits.js';
import { T0, DAY, USER, NOTHING, type StoreSuite } from './suite.js';

export function describeBackfills({ store, other, harness, save, create, read, commit, backfill }: StoreSuite): void {
  describe('backfills', () => {
    it('creates its runs in order, and one at a time per DAG', async () => {
      await save(dagSpec('d'));
      const runs = [2, 1, 0].map((day) =>
        newRun(`b${day}`, T0 + day * DAY, { state: 'queued', runType: 'backfill', triggeredBy: 'backfill' }),
      );
      const created = await store.backfills.create(backfill('d'), runs, USER, T0);
      if (typeof created === 'string') throw new Error(created);
      expect(created).toMatchObject({ dagId: 'd', expectedRuns: 3, createdAt: T0, completedAt: null, conf: { a: 1 } });
      expect(await store.backfills.create(backfill('d'), [], USER, T0)).toBe('conflict');
      const lanes: unknown[] = [];
      await store.scheduling.planDueDags(T0 + 5 * DAY, 1, (schedule) => {
        lanes.push(
          schedule.unfinishedRuns,
          ...schedule.backfills.map((lane) => ({ ...lane, queuedRuns: lane.queuedRuns.map((run) => run.runId) })),
        );
        return NOTHING;
      });
      expect(lanes).toEqual([
        0,
        { backfillId: created.id, isPaused: false, maxActiveRuns: 2, runningRuns: 0, queuedRuns: ['b2', 'b1'] },
      ]);
      expect(await store.backfills.list('d')).toEqual([created]);
      expect(await store.backfills.list('e')).toEqual([]);
    });

    it('completes when the last of its runs ends, and counts its progress', async () => {
      await save(dagSpec('d'));
      const created = await store.backfills.create(backfill('d'), [newRun('b0', T0), newRun('b1', T0 + DAY)], USER, T0);
      if (typeof created === 'string') throw new Error(created);
      const [first, second] = [(await store.runs.findRun('d', 'b0'))!, (await store.runs.findRun('d', 'b1'))!];
      await store.scheduling.commit([endRun(first, 'failed', T0 + 1)], T0 + 1);
      expect(await store.backfills.progress(created.id)).toMatchObject({
        queued: 0,
        running: 1,
        success: 0,
        failed: 1,
        backfill: { completedAt: null },
      });
      expect(await store.backfills.completeFinished(T0)).toEqual([]);
      await store.scheduling.commit([endRun(second, 'success', T0 + 2)], T0 + 3);
      expect(await store.backfills.progress(created.id)).toMatchObject({
        running: 0,
        success: 1,
        failed: 1,
        firstStartedAt: T0,
        lastEndedAt: T0 + 2,
        backfill: { completedAt: T0 + 3 },
      });
      expect(await store.backfills.create(backfill('d'), [newRun('b3', T0 + 3 * DAY)], USER, T0)).not.toBe('conflict');
      expect(await store.backfills.progress(999_999)).toBeNull();
    });

    it('completes once when its last two runs end at the same time in two sessions', async () => {
      await save(dagSpec('d'));
      const created = await store.backfills.create(backfill('d'), [newRun('b0', T0), newRun('b1', T0 + DAY)], USER, T0);
      if (typeof created === 'string') throw new Error(created);
      const runs = await store.runs.listRuns({ backfillId: created.id });
      await Promise.all([
        store.scheduling.commit([endRun(runs[0]!, 'success', T0)], T0 + 1),
        other.scheduling.commit([endRun(runs[1]!, 'success', T0)], T0 + 1),
      ]);
      expect((await store.backfills.progress(created.id))!.backfill.completedAt).toBe(T0 + 1);
    });

    it('adopts runs that run again, all or none', async () => {
      await save(dagSpec('d'));
      const old = await create('d', newRun('old', T0));
      await commit(endRun(old, 'failed', T0 + 1));
      const failed = await read(old);
      const again = (run: DagRun) => endRun(run, 'queued', T0);
      const mine = [newRun('b', T0 + DAY, { state: 'queued' })];
      expect(
        await store.backfills.create(backfill('d'), mine, USER, T0, [
          { commit: { ...again(failed), expectedRevision: 0 }, ordinal: 1 },
        ]),
      ).toBe('stale');
      expect(await store.backfills.list()).toEqual([]);
      expect(await store.runs.listRuns({})).toEqual([failed]);
      const created = await store.backfills.create(backfill('d'), mine, USER, T0 + 2, [{ commit: again(failed), ordinal: 7 }]);
      if (typeof created === 'string') throw new Error(created);
      expect(created).toMatchObject({ expectedRuns: 2, completedAt: null });
      expect(await read(old)).toMatchObject({
        state: 'queued',
        backfillId: created.id,
        backfillOrdinal: 7,
        runType: 'backfill',
        triggeredBy: 'backfill',
      });
      expect(await store.backfills.progress(created.id)).toMatchObject({ queued: 2, failed: 0 });
    });

    it('has a lane again, after its end, for a run of it that was cleared', async () => {
      await save(dagSpec('d'));
      const created = await store.backfills.create({ ...backfill('d'), isPaused: true }, [newRun('b0', T0)], USER, T0);
      if (typeof created === 'string') throw new Error(created);
      const [run] = (await store.runs.listRuns({ backfillId: created.id })) as [DagRun];
      await commit(endRun(run, 'failed', T0));
      const lanes: unknown[] = [];
      const look = () =>
        store.scheduling.planDueDags(T0, 5, ({ backfills }) => (lanes.push(backfills), { ...NOTHING, checkAt: T0 }));
      await look();
      await commit(endRun(await read(run), 'queued', T0));
      await look();
      const lane = { backfillId: created.id, isPaused: false, maxActiveRuns: 2, runningRuns: 0 };
      expect(lanes).toEqual([[], [{ ...lane, queuedRuns: [{ id: run.id, runId: 'b0', runAfter: run.runAfter }] }]]);
    });

    it('is complete at once when none of its runs is left to it', async () => {
      await save(dagSpec('d'));
      await create('d', newRun('r', T0));
      const created = await store.backfills.create(backfill('d'), [newRun('b', T0)], USER, T0 + 1);
      expect(created).toMatchObject({ expectedRuns: 0, completedAt: T0 + 1 });
    });

    it('starts its runs in their order, those it has taken over among the others', async () => {
      await save(dagSpec('d'));
      const old = await create('d', newRun('old', T0));
      await commit(endRun(old, 'failed', T0 + 1));
      const mine = [1, 3].map((ordinal) =>
        newRun(`b${ordinal}`, T0 + ordinal * DAY, { state: 'queued', backfillOrdinal: ordinal }),
      );
      const adopted = { commit: endRun(await read(old), 'queued', T0), ordinal: 2 };
      const created = await store.backfills.create({ ...backfill('d'), maxActiveRuns: 9 }, mine, USER, T0 + 2, [adopted]);
      if (typeof created === 'string') throw new Error(created);
      expect((await store.runs.listRuns({ backfillId: created.id })).map((run) => [run.runId, run.backfillOrdinal])).toEqual([
        ['old', 2],
        ['b1', 1],
        ['b3', 3],
      ]);
      const order: string[] = [];
      await store.scheduling.planDueDags(T0 + 9 * DAY, 1, (schedule) => {
        order.push(...schedule.backfills.flatMap((lane) => lane.queuedRuns.map((run) => run.runId)));
        return NOTHING;
      });
      expect(order).toEqual(['b1', 'old', 'b3']);
    });

    it('is paused and unpaused, and ends when it is cancelled: queued runs fail, the others go on', async () => {
      await save(dagSpec('d'));
      const before = (await harness.events()).length;
      const mine = [newRun('b0', T0), newRun('b1', T0 + DAY, { state: 'queued' }), newRun('b2', T0 + 2 * DAY, { state: 'queued' })];
      const created = await store.backfills.create(backfill('d'), mine, USER, T0);
      if (typeof created === 'string') throw new Error(created);
      const { id } = created;
      expect(await store.backfills.setPaused(id, true, USER, T0 + 1)).toEqual({
        backfill: { ...created, isPaused: true },
        isChanged: true,
      });
      expect(await other.backfills.setPaused(id, true, USER, T0 + 1)).toMatchObject({ isChanged: false });
      const lanes: boolean[] = [];
      await store.scheduling.planDueDags(T0 + 9 * DAY, 1, (schedule) => {
        lanes.push(...schedule.backfills.map((lane) => lane.isPaused));
        return NOTHING;
      });
      expect(lanes).toEqual([true]);
      expect(await store.backfills.setPaused(id, false, USER, T0 + 2)).toEqual({ backfill: created, isChanged: true });
      expect(await store.backfills.cancel(id, USER, T0 + 3)).toEqual({
        backfill: { ...created, isPaused: true, isCancelled: true, completedAt: T0 + 3 },
        isChanged: true,
        failedRuns: 2,
      });
      expect(await store.backfills.cancel(id, USER, T0 + 4)).toMatchObject({ isChanged: false, failedRuns: 0 });
      expect(await store.backfills.setPaused(id, false, USER, T0 + 4)).toMatchObject({ isChanged: false });
      expect(await store.backfills.progress(id)).toMatchObject({ running: 1, failed: 2, queued: 0 });
      expect(await store.runs.findRun('d', 'b1')).toMatchObject({ state: 'failed', endedAt: T0 + 3, revision: 1 });
      // The DAG is free for another one.
      expect(await store.backfills.create(backfill('d'), [newRun('c', T0 + 9 * DAY)], USER, T0 + 5)).not.toBe('conflict');
      expect([await store.backfills.cancel(999_999, USER, T0), await store.backfills.setPaused(999_999, true, USER, T0)]).toEqual([
        null,
        null,
      ]);
      const events = (await harness.events()).slice(before).filter((event) => event.entity === 'backfill' && event.entityId === id);
      expect(events.map(({ from, to, actorKind }) => [from, to, actorKind])).toEqual([
        [null, 'active', 'user'],
        ['active', 'paused', 'user'],
        ['paused', 'active', 'user'],
        ['active', 'cancelled', 'user'],
      ]);
    });

    it('records its end in the history', async () => {
      await save(dagSpec('d'));
      const created = await store.backfills.create(backfill('d'), [newRun('b0', T0)], USER, T0);
      if (typeof created === 'string') throw new Error(created);
      await commit(endRun((await store.runs.findRun('d', 'b0'))!, 'success', T0 + 1));
      const events = (await harness.events()).filter(({ entity }) => entity === 'backfill');
      expect(events.at(-1)).toMatchObject({ entityId: created.id, from: 'active', to: 'completed', actorKind: 'scheduler' });
    });

    it('creates thousands of runs, and is as it shall be in the end', async () => {
      await save(dagSpec('d', { tasks: [taskSpec('a')] }));
      const mine = Array.from({ length: 2_500 }, (_, index) =>
        newRun(`b${index}`, T0 + index * 60_000, { state: 'queued', backfillOrdinal: index + 1 }),
      );
      const created = await store.backfills.create({ ...backfill('d'), expectedRuns: 2_500 }, mine, USER, T0);
      if (typeof created === 'string') throw new Error(created);
      expect(created).toMatchObject({ expectedRuns: 2_500, isPaused: false, completedAt: null });
      expect(await store.backfills.progress(created.id)).toMatchObject({ queued: 2_500 });
    });
  });
}

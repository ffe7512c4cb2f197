import { describe, expect, it } from '@jest/globals';
import type { DagRun } from '../../../src/model/dag-run.js';
import { dagSpec, newRun } from '../../support/dag-specs.js';
import { endRun } from '../commits.js';
import { T0, DAY, USER, NOTHING, type StoreSuite } from './suite.js';

export function describeBackfills({ store, other, save, create, read, commit, backfill }: StoreSuite): void {
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
      expect(await store.backfills.create(backfill('d'), mine, USER, T0, [{ ...again(failed), expectedRevision: 0 }])).toBe(
        'stale',
      );
      expect(await store.backfills.list()).toEqual([]);
      expect(await store.runs.listRuns({})).toEqual([failed]);
      const created = await store.backfills.create(backfill('d'), mine, USER, T0 + 2, [again(failed)]);
      if (typeof created === 'string') throw new Error(created);
      expect(created).toMatchObject({ expectedRuns: 2, completedAt: null });
      expect(await read(old)).toMatchObject({
        state: 'queued',
        backfillId: created.id,
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
  });
}

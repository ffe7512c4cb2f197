import { describe, expect, it } from '@jest/globals';
import type { Store } from '../../../src/ports/store.js';
import { dagSpec, newRun, taskSpec } from '../../support/dag-specs.js';
import { T0, DAY, USER, NOTHING, type StoreSuite } from './suite.js';

export function describeRunCreator({ store, other, save, create }: StoreSuite): void {
  describe('run creator', () => {
    const daily = (days: readonly number[], state: 'queued' | 'running' = 'running') =>
      days.map((day) => newRun(`r${day}`, T0 + day * DAY, { state }));

    it('hands out the schedule and writes what the plan answers', async () => {
      await save(dagSpec('d', { maxActiveRuns: 2 }));
      await create('d', newRun('old', T0 - DAY));
      await create('d', newRun('due2', T0 - 2 * DAY, { state: 'queued', runType: 'manual' }));
      await create('d', newRun('due1', T0 - 3 * DAY, { state: 'queued', runType: 'manual' }));
      await create('d', newRun('due3', T0 - 1.5 * DAY, { state: 'queued', runType: 'manual' }));
      const future = await create(
        'd',
        newRun('future', T0 + 9 * DAY, { state: 'queued', runType: 'manual', runAfter: T0 + 9 * DAY }),
      );
      const nextRun = {
        logicalDate: T0 + 7 * DAY,
        dataInterval: { start: T0 + 7 * DAY, end: T0 + 8 * DAY },
        runAfter: T0 + 8 * DAY,
      };
      const seen: unknown[] = [];
      const result = await store.scheduling.planDueDags(T0 + 1, 10, (schedule) => {
        seen.push({
          ...schedule,
          dag: schedule.dag.dagId,
          spec: schedule.spec.dagId,
          queuedRuns: schedule.queuedRuns.map((run) => run.runId),
        });
        return {
          createRuns: daily([0, 1], 'queued'),
          startRuns: [schedule.queuedRuns[0]!.id, future.id],
          nextRun,
          checkAt: T0 + 3,
        };
      });
      expect(seen).toEqual([
        {
          dag: 'd',
          spec: 'd',
          versionId: (await store.catalog.getDag('d'))!.dag.currentVersionId,
          lastAutomated: { logicalDate: T0 - DAY, dataInterval: { start: T0 - DAY, end: T0 } },
          unfinishedRuns: 5,
          runningRuns: 1,
          queuedRuns: ['due1', 'due2', 'future'],
          backfills: [],
          now: T0 + 1,
        },
      ]);
      expect(result).toEqual({ claimed: 1, createdRuns: 2, startedRuns: 2, errors: [] });
      expect((await store.catalog.getDag('d'))!.dag.nextRun).toEqual(nextRun);
      expect(await store.runs.findRun('d', 'due1')).toMatchObject({ state: 'running', startedAt: T0 + 1, revision: 1 });
      expect(await store.runs.findRun('d', 'r0')).toMatchObject({ state: 'queued', startedAt: null });
      expect((await store.scheduling.planDueDags(T0 + 2, 10, () => NOTHING)).claimed).toBe(0);
      expect((await store.scheduling.planDueDags(T0 + 3, 10, () => NOTHING)).claimed).toBe(1);
    });

    it('claims oldest first, up to the limit, each DAG once among concurrent passes', async () => {
      await save(...Array.from({ length: 12 }, (_, index) => dagSpec(`d${String(index).padStart(2, '0')}`)));
      const seen: string[] = [];
      const pass = (session: Store) =>
        session.scheduling.planDueDags(T0, 8, ({ dag }) => {
          seen.push(dag.dagId);
          return { ...NOTHING, createRuns: daily([0]) };
        });
      const [first, second] = await Promise.all([pass(store), pass(other)]);
      expect(first.claimed + second.claimed).toBeLessThanOrEqual(12);
      await pass(store);
      expect(seen.sort()).toEqual([...new Set(seen)]);
      expect(seen).toHaveLength(12);
      expect(await store.runs.listRuns({})).toHaveLength(12);
    });

    it('skips runs that exist', async () => {
      await save(dagSpec('d'));
      await create('d', newRun('r0', T0));
      const result = await store.scheduling.planDueDags(T0, 1, () => ({ ...NOTHING, createRuns: daily([0, 1]) }));
      expect(result.createdRuns).toBe(1);
      expect((await store.runs.listRuns({})).map((run) => run.runId)).toEqual(['r0', 'r1']);
    });

    it('leaves out the tasks whose dates a run lies outside of, in one pass with runs that have them', async () => {
      const tasks = [taskSpec('early', { endDate: T0 }), taskSpec('late', { startDate: T0 + DAY }), taskSpec('always')];
      await save(dagSpec('d', { tasks }));
      const backfill = newRun('b', T0 + 3 * DAY, { runType: 'backfill' });
      await store.scheduling.planDueDags(T0, 1, () => ({ ...NOTHING, createRuns: [...daily([0, 1, 2]), backfill] }));
      await create('d', newRun('manual', T0 - DAY, { runType: 'manual' }));
      const tasksOf = async (runId: string) => {
        const run = (await store.runs.findRun('d', runId))!;
        return (await store.runs.listTaskInstances([run.id])).map(({ taskId }) => taskId);
      };
      expect(await tasksOf('manual')).toEqual(['always', 'early']);
      expect(await tasksOf('r0')).toEqual(['always', 'early']);
      expect(await tasksOf('r1')).toEqual(['always', 'late']);
      expect(await tasksOf('r2')).toEqual(['always', 'late']);
      expect(await tasksOf('b')).toEqual(['always', 'early', 'late']);
    });

    it('goes on when the plan of one DAG throws, and comes back to it later', async () => {
      await save(dagSpec('bad'), dagSpec('good'));
      const error = new Error('no plan');
      const plan = ({ dag }: { dag: { dagId: string } }) => {
        if (dag.dagId === 'bad') throw error;
        return { ...NOTHING, createRuns: daily([0]) };
      };
      expect(await store.scheduling.planDueDags(T0, 10, plan)).toEqual({
        claimed: 2,
        createdRuns: 1,
        startedRuns: 0,
        errors: [{ dagId: 'bad', error }],
      });
      expect((await store.scheduling.planDueDags(T0 + 1_000, 10, plan)).claimed).toBe(0);
      expect((await store.scheduling.planDueDags(T0 + 60_000, 10, plan)).errors).toHaveLength(1);
    });

    it('does not plan paused or retired DAGs, and plans a resumed one', async () => {
      await save(dagSpec('d'), dagSpec('gone'));
      await store.catalog.setPaused(['d'], true, null, USER, T0);
      await create('d', newRun('manual', T0, { state: 'queued' }));
      await store.catalog.retireFiles(['gone.ts'], T0);
      const plans: string[] = [];
      const plan = ({ dag }: { dag: { dagId: string } }) => (plans.push(dag.dagId), NOTHING);
      await store.scheduling.planDueDags(T0, 10, plan);
      expect(plans).toEqual([]);
      expect((await store.scheduling.planDueDags(T0, 10, plan)).claimed).toBe(0);
      await store.catalog.setPaused(['d'], false, null, USER, T0);
      await store.scheduling.planDueDags(T0, 10, plan);
      expect(plans).toEqual(['d']);
    });
  });
}

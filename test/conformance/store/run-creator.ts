import { describe, expect, it } from '@jest/globals';
import type { FoundFile } from '../../../src/model/found-file.js';
import type { Store } from '../../../src/ports/store.js';
import { dagSpec, newRun, taskSpec } from '../../support/dag-specs.js';
import { endRun } from '../commits.js';
import { T0, DAY, USER, NOTHING, type StoreSuite } from './suite.js';

export function describeRunCreator({ store, other, harness, save, create }: StoreSuite): void {
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
          newestRuns: [],
          activeSince: null,
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

    it('makes one run for each version of a file, and remembers it, also when many want to', async () => {
      await save(dagSpec('d'), dagSpec('e'));
      const found = (path: string, modifiedAt = 5): FoundFile => ({ path, absolutePath: `/in/${path}`, size: 3, modifiedAt });
      const forFile = (runId: string, file: FoundFile) => newRun(runId, T0, { logicalDate: null, dataInterval: null, file });
      await store.scheduling.rememberFiles('d', [found('old.csv'), found('old.csv')], T0);
      const plan = () => ({
        ...NOTHING,
        checkAt: T0,
        createRuns: [forFile('f1', found('a.csv')), forFile('f2', found('old.csv'))],
      });
      const results = await Promise.all([store.scheduling.planDueDags(T0, 2, plan), other.scheduling.planDueDags(T0, 2, plan)]);
      expect(results.reduce((sum, { createdRuns }) => sum + createdRuns, 0)).toBe(3);
      const again = await store.scheduling.planDueDags(T0, 2, () => ({
        ...NOTHING,
        createRuns: [forFile('f3', found('a.csv', 6))],
      }));
      expect(again.createdRuns).toBe(2);
      const runsOf = async (dagId: string) => (await store.runs.listRuns({ dagId })).map(({ runId }) => runId);
      expect([await runsOf('d'), await runsOf('e')]).toEqual([
        ['f1', 'f3'],
        ['f1', 'f2', 'f3'],
      ]);
      expect(await store.scheduling.rememberedFiles('d')).toEqual(
        new Map([
          ['a.csv', ['5-3', '6-3']],
          ['old.csv', ['5-3']],
        ]),
      );
      for (const run of await store.runs.listRuns({ dagId: 'd' })) {
        await store.scheduling.commit([endRun(run, 'success', T0)], T0);
      }
      expect(await store.catalog.deleteDag('d', USER)).toBe('deleted');
      expect(await store.scheduling.rememberedFiles('d')).toEqual(new Map());
    });

    it('creates a run that is over already, with its reason in the history', async () => {
      await save(dagSpec('d'));
      const ended = { state: 'failed', reason: 'no file' } as const;
      await store.scheduling.planDueDags(T0 + 7, 1, () => ({
        ...NOTHING,
        createRuns: [newRun('r0', T0, { state: 'queued', ended })],
      }));
      const run = (await store.runs.findRun('d', 'r0'))!;
      expect(run).toMatchObject({ state: 'failed', startedAt: null, endedAt: T0 + 7 });
      const instances = await store.runs.listTaskInstances([run.id]);
      expect(instances.map(({ taskId, state, endedAt }) => [taskId, state, endedAt])).toEqual([
        ['a', 'skipped', T0 + 7],
        ['b', 'skipped', T0 + 7],
      ]);
      expect(await store.runs.findReason(instances[0]!)).toBe('no file');
      const steps = (await harness.events())
        .filter(({ entity }) => entity !== 'dag')
        .map(({ entity, from, to }) => `${entity} ${from} ${to}`);
      expect(steps.sort()).toEqual([
        'dag_run null queued',
        'dag_run queued failed',
        'task_instance none skipped',
        'task_instance none skipped',
      ]);
      expect(await store.scheduling.claimRunsToPlan(T0 + DAY, 10, 1_000)).toEqual([]);
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

    it('hands out how the newest runs went, pauses a DAG whose plan says so, and remembers when it was unpaused', async () => {
      await save(dagSpec('d', { maxConsecutiveFailedDagRuns: 2 }), dagSpec('free'));
      for (const [day, state] of [
        [0, 'success'],
        [2, 'failed'],
        [1, 'failed'],
      ] as const) {
        const run = await create('d', newRun(`r${day}`, T0 + day * DAY));
        await store.scheduling.commit([endRun(run, state, T0 + 5 * DAY + day)], T0 + 5 * DAY);
      }
      const seen = new Map<string, unknown>();
      const plan = (pause?: string) =>
        store.scheduling.planDueDags(T0 + 6 * DAY, 10, ({ dag, newestRuns, activeSince }) => {
          seen.set(dag.dagId, { newestRuns, activeSince });
          return dag.dagId === 'd' && pause !== undefined ? { ...NOTHING, pause } : NOTHING;
        });
      await plan('too many failures');
      const newestRuns = [2, 1].map((day) => ({ state: 'failed', endedAt: T0 + 5 * DAY + day }));
      expect(seen.get('d')).toEqual({ newestRuns, activeSince: null });
      expect(seen.get('free')).toEqual({ newestRuns: [], activeSince: null });
      expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ isPaused: true, pausedReason: 'too many failures' });
      expect(await harness.events()).toContainEqual(
        expect.objectContaining({ entity: 'dag', entityId: 'd', from: 'active', to: 'paused', actorKind: 'scheduler' }),
      );
      await plan();
      expect((await store.catalog.getDag('free'))!.dag.isPaused).toBe(false);

      await store.catalog.setPaused(['d'], false, null, USER, T0 + 6 * DAY);
      await plan();
      expect(seen.get('d')).toEqual({ newestRuns, activeSince: T0 + 6 * DAY });
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

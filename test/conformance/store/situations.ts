import { describe, expect, it } from '@jest/globals';
import { explainTask } from '../../../src/core/explain/explain-task.js';
import { dagSpec, newRun, taskSpec } from '../../support/dag-specs.js';
import { change, dispatch, runCommit } from '../commits.js';
import { T0, type StoreSuite } from './suite.js';

export function describeSituations({ harness, store, other, save, create, oneRun, instance, commit, read }: StoreSuite): void {
  describe('situations', () => {
    it('are null where there is nothing', async () => {
      expect(await store.situations.ofDag('nothing', T0)).toBeNull();
      expect(await store.situations.ofRun(1_234_567, T0)).toBeNull();
    });

    it('of a DAG say what its schedule knows, which of its runs are running and which parts of the system are there', async () => {
      await save(dagSpec('d', { maxActiveRuns: 1 }));
      await create('d', newRun('r1', T0));
      await create('d', newRun('r2', T0 + 1, { state: 'queued' }));
      await store.components.register(
        { id: 's1', kind: 'scheduler', hostname: 'h', pid: 1, version: '1', startedAt: T0, details: { parallelism: 8 } },
        60_000,
      );
      const situation = await other.situations.ofDag('d', T0 + 5);
      expect(situation).toMatchObject({
        now: T0 + 5,
        schedule: { dag: { dagId: 'd' }, unfinishedRuns: 2, runningRuns: 1, queuedRuns: [{ runId: 'r2' }] },
        lane: [{ runId: 'r1', startedAt: T0 }],
        components: [{ id: 's1', details: { parallelism: 8 } }],
      });
      expect([...situation!.assets.present]).toEqual([]);
    });

    it('of a run say who holds slots and who waits for them, as an explanation needs it', async () => {
      await harness.setPool('small', 1);
      const spec = dagSpec('d', { tasks: [taskSpec('a', { pool: 'small' }), taskSpec('b', { pool: 'small' }), taskSpec('c')] });
      const run = await oneRun(spec);
      const [a, b] = [await instance(run, 'a'), await instance(run, 'b')];
      await commit(runCommit(run, { changes: [dispatch(a, T0 + 1)] }));
      const waits = change(b, ['scheduled'], { tryNumber: 1, scheduledAt: T0 + 2 });
      await commit(runCommit(await read(run), { planAt: T0 + 9_000, changes: [waits] }));
      const situation = (await other.situations.ofRun(run.id, T0 + 5))!;
      expect(situation).toMatchObject({
        planAt: T0 + 9_000,
        occupancy: { total: 1, pools: { small: { slots: 1, occupied: 1 } }, pausedDags: [] },
        holders: [{ key: { dagId: 'd', runId: 'r1', taskId: 'a', mapIndex: -1 }, state: 'queued', pool: 'small', since: T0 + 1 }],
        contenders: [{ key: { taskId: 'b' }, taskInstanceId: b.id, pool: 'small', isBackfill: false }],
      });
      const { blockers } = explainTask(situation, 'b', -1, { parallelism: 32 });
      expect(blockers.map(({ code }) => code)).toEqual(['no_scheduler', 'pool_full']);
      expect(situation.planAt).toBe(T0 + 9_000);
      const onWorker = change(await instance(run, 'a'), ['running'], { workerId: 'w1', startedAt: T0 + 7 });
      await commit(runCommit(await read(run), { changes: [onWorker] }));
      expect((await store.situations.ofRun(run.id, T0 + 8))!.holders).toMatchObject([
        { state: 'running', workerId: 'w1', since: T0 + 7 },
      ]);
    });
  });
}

import { describe, expect, it } from '@jest/globals';
import type { DagRun } from '../../../src/model/dag-run.js';
import { taskLimitKey } from '../../../src/model/snapshot.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import type { Store } from '../../../src/ports/store.js';
import { dagSpec, newRun, taskSpec } from '../../support/dag-specs.js';
import { change, dispatch, runCommit, start } from '../commits.js';
import { T0, DAY, USER, type StoreSuite } from './suite.js';

export function describePools({ store, other, harness, save, create, read, instance, commit, oneRun }: StoreSuite): void {
  describe('pools', () => {
    it('counts slots under the lock and hands them to admit', async () => {
      await harness.setPool('small', 3);
      const spec = dagSpec('d', { tasks: [taskSpec('a', { pool: 'small', poolSlots: 2 }), taskSpec('b'), taskSpec('c')] });
      const run = await oneRun(spec);
      await commit(
        runCommit(run, {
          changes: [
            dispatch(await instance(run, 'a'), T0),
            start(await instance(run, 'b'), 'w', T0),
            change(await instance(run, 'c'), ['scheduled']),
          ],
        }),
      );
      const seen: unknown[] = [];
      const result = await store.scheduling.commitUnderPools({ pools: ['small', 'default_pool', 'unknown'] }, T0, (occupancy) => {
        seen.push(occupancy);
        return [];
      });
      expect(result).toEqual({ staleRuns: [], staleTaskInstances: [], revisions: new Map(), inserted: [] });
      expect(seen).toEqual([
        {
          total: 2,
          pools: { small: { slots: 3, occupied: 2 }, default_pool: { slots: 128, occupied: 1 } },
          tasks: {},
          pausedDags: [],
        },
      ]);
    });

    it('counts the instances of a task over all runs, also those that wait without a slot, and names paused DAGs', async () => {
      const tasks = ['a', 'b', 'c', 'd'].map((id) => taskSpec(id, { maxActiveTisPerDag: 9 }));
      const run = await oneRun(dagSpec('d', { tasks }));
      const second = await create('d', newRun('r2', T0 + DAY));
      await save(dagSpec('e', { tasks: [taskSpec('a')] }));
      const other = await create('e', newRun('r1', T0));
      await commit(
        runCommit(run, {
          changes: [
            dispatch(await instance(run, 'a'), T0),
            change(await instance(run, 'b'), ['scheduled']),
            change(await instance(run, 'c'), ['deferred'], { deferral: { wait: 1 } }),
            change(await instance(run, 'd'), ['awaiting_input'], { deferral: { ask: 1 } }),
          ],
        }),
        runCommit(second, {
          changes: [start(await instance(second, 'a'), 'w', T0), change(await instance(second, 'b'), ['up_for_reschedule'])],
        }),
        runCommit(other, { changes: [dispatch(await instance(other, 'a'), T0)] }),
      );
      await store.catalog.setPaused(['e'], true, null, USER, T0);
      const taskLimits = ['a', 'b', 'c', 'd'].map((id) => taskLimitKey('d', id));
      const seen: unknown[] = [];
      await store.scheduling.commitUnderPools({ pools: [], taskLimits, dagIds: ['e', 'd', 'nowhere'] }, T0, (occupancy) => {
        seen.push(occupancy);
        return [];
      });
      expect(seen).toEqual([{ total: 3, pools: {}, tasks: { 'd a': 2, 'd b': 0, 'd c': 1, 'd d': 1 }, pausedDags: ['e'] }]);
    });

    it('pitfall 63: never lets more instances of a task pass than it may have, when two schedulers admit through different pools', async () => {
      await harness.setPool('left', 50);
      await harness.setPool('right', 50);
      await save(dagSpec('d', { tasks: [taskSpec('a', { maxActiveTisPerDag: 3 })] }));
      const runs: DagRun[] = [];
      for (let day = 0; day < 12; day++) runs.push(await create('d', newRun(`r${day}`, T0 + day * DAY)));
      const ready = new Map<number, TaskInstance>();
      for (const run of runs) ready.set(run.id, await instance(run, 'a'));
      const key = taskLimitKey('d', 'a');
      const admit = (session: Store, pool: string, mine: readonly DagRun[]) =>
        session.scheduling.commitUnderPools({ pools: [pool], taskLimits: [key] }, T0, ({ tasks }) =>
          mine
            .slice(0, Math.max(0, 3 - tasks[key]!))
            .map((run) => runCommit(run, { changes: [dispatch(ready.get(run.id)!, T0, { pool })] })),
        );
      await Promise.all([
        admit(store, 'left', runs.slice(0, 3)),
        admit(other, 'right', runs.slice(3, 6)),
        admit(store, 'right', runs.slice(6, 9)),
        admit(other, 'left', runs.slice(9)),
      ]);
      const states = (await store.runs.listTaskInstances(runs.map((run) => run.id))).filter((row) => row.state === 'queued');
      expect(states).toHaveLength(3);
    });

    it('pitfall 63: never overfills a pool when two schedulers admit at once', async () => {
      await harness.setPool('small', 3);
      await save(dagSpec('d', { tasks: [taskSpec('a', { pool: 'small' })] }));
      const runs: DagRun[] = [];
      for (let day = 0; day < 12; day++) runs.push(await create('d', newRun(`r${day}`, T0 + day * DAY)));
      const ready = new Map<number, TaskInstance>();
      for (const run of runs) ready.set(run.id, await instance(run, 'a'));
      const admit = (session: Store, mine: readonly DagRun[]) =>
        session.scheduling.commitUnderPools({ pools: ['small'] }, T0, ({ pools }) => {
          const { slots, occupied } = pools['small']!;
          return mine
            .slice(0, Math.max(0, slots - occupied))
            .map((run) => runCommit(run, { changes: [dispatch(ready.get(run.id)!, T0)] }));
        });
      await Promise.all([
        admit(store, runs.slice(0, 3)),
        admit(other, runs.slice(3, 6)),
        admit(store, runs.slice(6, 9)),
        admit(other, runs.slice(9)),
      ]);
      const states = (await store.runs.listTaskInstances(runs.map((run) => run.id))).filter((row) => row.state === 'queued');
      expect(states).toHaveLength(3);
    });

    it('writes nothing when admit throws', async () => {
      const run = await oneRun();
      await expect(
        store.scheduling.commitUnderPools({ pools: ['default_pool'] }, T0, () => {
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      expect((await read(run)).revision).toBe(0);
      expect((await commit(runCommit(run))).staleRuns).toEqual([]);
    });
  });
}

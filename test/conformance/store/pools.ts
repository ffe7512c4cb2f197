import { describe, expect, it } from '@jest/globals';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import type { Store } from '../../../src/ports/store.js';
import { dagSpec, newRun, taskSpec } from '../../support/dag-specs.js';
import { change, dispatch, runCommit, start } from '../commits.js';
import { T0, DAY, type StoreSuite } from './suite.js';

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
      const result = await store.scheduling.commitUnderPools(['small', 'default_pool', 'unknown'], T0, (occupancy) => {
        seen.push(occupancy);
        return [];
      });
      expect(result).toEqual({ staleRuns: [], staleTaskInstances: [], revisions: new Map(), inserted: [] });
      expect(seen).toEqual([
        { total: 2, pools: { small: { slots: 3, occupied: 2 }, default_pool: { slots: 128, occupied: 1 } }, tasks: {} },
      ]);
    });

    it('never overfills a pool when two schedulers admit at once', async () => {
      await harness.setPool('small', 3);
      await save(dagSpec('d', { tasks: [taskSpec('a', { pool: 'small' })] }));
      const runs: DagRun[] = [];
      for (let day = 0; day < 12; day++) runs.push(await create('d', newRun(`r${day}`, T0 + day * DAY)));
      const ready = new Map<number, TaskInstance>();
      for (const run of runs) ready.set(run.id, await instance(run, 'a'));
      const admit = (session: Store, mine: readonly DagRun[]) =>
        session.scheduling.commitUnderPools(['small'], T0, ({ pools }) => {
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
        store.scheduling.commitUnderPools(['default_pool'], T0, () => {
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      expect((await read(run)).revision).toBe(0);
      expect((await commit(runCommit(run))).staleRuns).toEqual([]);
    });
  });
}

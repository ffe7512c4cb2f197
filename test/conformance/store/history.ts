import { describe, expect, it } from '@jest/globals';
import type { DagRun } from '../../../src/model/dag-run.js';
import { dagSpec, newRun } from '../../support/dag-specs.js';
import { change, dispatch, endRun, failForRetry, runCommit, start, succeed } from '../commits.js';
import { NOTHING, T0, DAY, type StoreSuite } from './suite.js';

export function describeHistory({ store, harness, save, create, read, instance, commit }: StoreSuite): void {
  describe('history', () => {
    it('writes a history that folds to the current states', async () => {
      await save(dagSpec('d'));
      const runs = [await create('d', newRun('r0', T0)), await create('d', newRun('r1', T0 + DAY, { state: 'queued' }))];
      const [run, queued] = runs as [DagRun, DagRun];
      await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
      await commit(runCommit(await read(run), { changes: [failForRetry(await instance(run, 'a'), T0)] }));
      await commit(
        runCommit(await read(run), {
          changes: [dispatch(await instance(run, 'a'), T0), change(await instance(run, 'b'), ['upstream_failed'])],
        }),
      );
      await store.attempts.claimQueued('w', ['default'], 5, T0);
      await commit(
        runCommit(await read(run), {
          changes: [succeed(await instance(run, 'a'), T0)],
          insertions: [{ row: { ...(await instance(run, 'b')), mapIndex: 3, state: 'skipped' }, path: ['skipped'] }],
        }),
      );
      await store.scheduling.planDueDags(T0 + 2 * DAY, 5, () => ({ ...NOTHING, startRuns: [queued.id] }));
      await commit(endRun(await read(run), 'failed', T0));
      const folded = new Map<string, string>();
      for (const event of await harness.events()) {
        const key = `${event.entity} ${event.entityId}`;
        const before = folded.get(key) ?? (event.entity === 'task_instance' ? 'none' : null);
        expect(event.from).toBe(before);
        folded.set(key, event.to);
      }
      const current = new Map<string, string>();
      for (const row of await store.runs.listTaskInstances(runs.map(({ id }) => id)))
        if (row.state !== 'none') current.set(`task_instance ${row.id}`, row.state);
      for (const row of await store.runs.listRuns({})) current.set(`dag_run ${row.id}`, row.state);
      expect(new Map([...folded].sort())).toEqual(new Map([...current].sort()));
      expect([...current.values()].sort()).toEqual(['failed', 'running', 'skipped', 'success', 'upstream_failed']);
    });
  });
}

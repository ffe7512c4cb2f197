import { describe, expect, it } from '@jest/globals';
import { dagSpec, newRun, taskSpec } from '../../support/dag-specs.js';
import { change, runCommit } from '../commits.js';
import { T0, DAY, USER, type StoreSuite } from './suite.js';

export function describePlanner({ store, other, save, create, read, instance, commit, oneRun, backfill }: StoreSuite): void {
  describe('planner', () => {
    it('claims due runs oldest first, backfills last, and hides them for a while', async () => {
      await save(dagSpec('d'), dagSpec('e'));
      const [r1, r2] = [await create('d', newRun('r1', T0)), await create('d', newRun('r2', T0 + DAY))];
      await store.backfills.create(backfill('e'), [newRun('b', T0)], USER, T0 - 5);
      await commit(runCommit(r1, { planAt: T0 + 5 }), runCommit(r2, { planAt: T0 + 3 }));
      const b = (await store.runs.findRun('e', 'b'))!;
      expect(await store.scheduling.claimRunsToPlan(T0 - 10, 10, 1_000)).toEqual([]);
      expect(await store.scheduling.claimRunsToPlan(T0 + 10, 10, 1_000)).toEqual([
        { dagRunId: r2.id, revision: 1 },
        { dagRunId: r1.id, revision: 1 },
        { dagRunId: b.id, revision: 0 },
      ]);
      expect(await store.scheduling.claimRunsToPlan(T0 + 1_009, 10, 1_000)).toEqual([]);
      expect(await store.scheduling.claimRunsToPlan(T0 + 1_010, 1, 1_000)).toHaveLength(1);
      expect(await store.scheduling.claimRunsToPlan(T0 + 1_010, 10, 1_000)).toHaveLength(2);
    });

    it('never gives one run to two planners', async () => {
      await save(dagSpec('d'));
      for (let day = 0; day < 20; day++) await create('d', newRun(`r${day}`, T0 + day * DAY));
      const claims = await Promise.all(
        [store, other, store, other].map((session) => session.scheduling.claimRunsToPlan(T0, 8, 1_000)),
      );
      const ids = claims.flat().map((claim) => claim.dagRunId);
      expect(new Set(ids).size).toBe(ids.length);
      const rest = await store.scheduling.claimRunsToPlan(T0, 20, 1_000);
      expect(ids.length + rest.length).toBe(20);
    });

    it('loads a snapshot at one revision, and leaves out what is gone', async () => {
      const run = await oneRun();
      await commit(runCommit(run, { changes: [change(await instance(run, 'a'), ['skipped'])] }));
      const [snapshot, ...more] = await store.scheduling.loadSnapshots([999_999, run.id]);
      expect(more).toEqual([]);
      expect(snapshot).toMatchObject({ run: await read(run), spec: { dagId: 'd' }, previous: null });
      expect(snapshot!.run.revision).toBe(1);
      expect(snapshot!.taskInstances.map((row) => [row.taskId, row.state])).toEqual([
        ['a', 'skipped'],
        ['b', 'none'],
      ]);
    });

    it('pitfall 18: loads the run before by logical date, with catchup not a manual one, when a task depends on its past', async () => {
      const spec = (catchup: boolean) =>
        dagSpec('d', { catchup, tasks: [taskSpec('a', { dependsOnPast: true }), taskSpec('new')] });
      await save(dagSpec('d', { tasks: [taskSpec('a'), taskSpec('gone')] }));
      const first = await create('d', newRun('r0', T0));
      const manual = await create('d', newRun('m', T0 + DAY, { runType: 'manual' }));
      await commit(runCommit(first, { changes: [change(await instance(first, 'a'), ['skipped'])] }));
      await save(spec(true));
      const run = await create('d', newRun('r2', T0 + 2 * DAY));
      const expected = {
        dagRunId: first.id,
        logicalDate: T0,
        states: { a: ['skipped'], gone: ['none'] },
        everRan: ['a', 'gone'],
      };
      expect((await store.scheduling.loadSnapshots([run.id]))[0]!.previous).toEqual(expected);
      await save(spec(false));
      const later = await create('d', newRun('r3', T0 + 1.5 * DAY));
      expect((await store.scheduling.loadSnapshots([later.id]))[0]!.previous).toMatchObject({ dagRunId: manual.id });
      expect((await store.scheduling.loadSnapshots([first.id]))[0]!.previous).toBeNull();
      const undated = await create('d', newRun('undated', null));
      expect((await store.scheduling.loadSnapshots([undated.id]))[0]!.previous).toBeNull();
    });

    it('loads it as well for a task that only waits for the tasks below it there', async () => {
      await save(dagSpec('d', { tasks: [taskSpec('a', { waitForDownstream: true })] }));
      const first = await create('d', newRun('r0', T0));
      const run = await create('d', newRun('r1', T0 + DAY));
      expect((await store.scheduling.loadSnapshots([run.id]))[0]!.previous).toMatchObject({ dagRunId: first.id });
    });

    it('finds that a task ran in any earlier run, not only in the last', async () => {
      await save(dagSpec('d', { tasks: [taskSpec('a'), taskSpec('old')] }));
      await create('d', newRun('r0', T0));
      await save(dagSpec('d', { tasks: [taskSpec('a', { dependsOnPast: true })] }));
      await create('d', newRun('r1', T0 + DAY));
      await save(dagSpec('d', { tasks: [taskSpec('a', { dependsOnPast: true }), taskSpec('never'), taskSpec('old')] }));
      const run = await create('d', newRun('r2', T0 + 2 * DAY));
      expect((await store.scheduling.loadSnapshots([run.id]))[0]!.previous!.everRan).toEqual(['a', 'old']);
    });
  });
}

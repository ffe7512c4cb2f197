import { describe, expect, it } from '@jest/globals';
import type { Store } from '../../../src/ports/store.js';
import { dagSpec, newRun, taskSpec } from '../../support/dag-specs.js';
import { change, endRun, runCommit, start, succeed } from '../commits.js';
import { T0, DAY, USER, type StoreSuite } from './suite.js';

export function describeRuns({ store, other, harness, save, create, instancesOf, instance, commit, oneRun }: StoreSuite): void {
  describe('runs', () => {
    it('gives task instances the weight that follows from the tasks around them', async () => {
      const tasks = [
        taskSpec('a', { priorityWeight: 2 }),
        taskSpec('b', { priorityWeight: 3, upstream: ['a'] }),
        taskSpec('c', { priorityWeight: 5, upstream: ['a', 'b'], weightRule: 'upstream' }),
        taskSpec('d', { priorityWeight: 7, upstream: ['c'], weightRule: 'absolute' }),
      ];
      const run = await oneRun(dagSpec('d', { tasks }));
      expect((await instancesOf(run)).map((row) => row.priorityWeight)).toEqual([17, 15, 10, 7]);
    });

    it('creates a run with its task instances and reads it back', async () => {
      await save(
        dagSpec('d', {
          tasks: [taskSpec('b', { retries: 2, pool: 'p', poolSlots: 3, priorityWeight: 9, queue: 'q' }), taskSpec('a')],
        }),
      );
      const wanted = newRun('r1', T0, {
        conf: { deep: [1, { x: 'ä"\\' }] },
        note: 'n',
        state: 'queued',
        triggeredBy: 'cli',
        runType: 'manual',
      });
      const run = await create('d', wanted);
      expect(run).toMatchObject({
        ...wanted,
        dagId: 'd',
        startedAt: null,
        endedAt: null,
        queuedAt: T0,
        revision: 0,
        clearNumber: 0,
      });
      expect(await store.runs.findRun('d', 'r1')).toEqual(run);
      expect(await store.runs.findRun('d', '2024-01-01T00:00:00Z')).toEqual(run);
      expect(await store.runs.findRun('d', 'r2')).toBeNull();
      expect((await instancesOf(run)).map(({ id, ...row }) => ({ ...row, hasId: id > 0 }))).toEqual(
        [['a', 1, 'default_pool', 1, 1, 'default'] as const, ['b', 3, 'p', 3, 9, 'q'] as const].map(
          ([taskId, maxTries, pool, poolSlots, priorityWeight, queue]) => ({
            hasId: true,
            dagRunId: run.id,
            taskId,
            mapIndex: -1,
            state: 'none',
            tryNumber: 0,
            maxTries,
            lostDispatches: 0,
            token: null,
            workerId: null,
            pool,
            poolSlots,
            priorityWeight,
            queue,
            scheduledAt: null,
            queuedAt: null,
            startedAt: null,
            endedAt: null,
            wakeAt: null,
            waitingSince: null,
            pokeNumber: 0,
            outputLength: null,
            decision: null,
            mapLabel: null,
            deferral: null,
          }),
        ),
      );
    });

    it.each([
      ['run_id', newRun('r1', T0 + DAY)],
      ['logical_date', newRun('other', T0)],
    ])('names the run that has the same %s', async (by, run) => {
      const first = await oneRun();
      expect(await store.runs.createRun('d', run, USER, T0)).toEqual({ exists: first, by });
      expect(await store.runs.listRuns({ dagId: 'd' })).toHaveLength(1);
    });

    it('creates one run when two sessions want the same', async () => {
      await save(dagSpec('d'));
      const answers = await Promise.all([store, other].map((session) => session.runs.createRun('d', newRun('r', T0), USER, T0)));
      expect(answers.filter((answer) => 'run' in answer)).toHaveLength(1);
      expect(await store.runs.listRuns({})).toHaveLength(1);
    });

    it('finds the run with the same idempotency key first, within its DAG', async () => {
      await save(dagSpec('d'), dagSpec('e'));
      const first = await create('d', newRun('r1', T0, { idempotencyKey: 'k', triggeringUser: 'ada' }));
      expect(first.triggeringUser).toBe('ada');
      await create('d', newRun('r2', T0 + DAY));
      const again = newRun('r2', T0 + 2 * DAY, { idempotencyKey: 'k' });
      expect(await store.runs.createRun('d', again, USER, T0)).toEqual({ exists: first, by: 'idempotency_key' });
      expect(await store.runs.createRun('e', again, USER, T0)).toMatchObject({ run: { runId: 'r2' } });
      expect(await store.runs.listRuns({ dagId: 'd' })).toHaveLength(2);
    });

    it('lets any number of runs be without a logical date', async () => {
      await save(dagSpec('d'));
      for (const runId of ['m1', 'm2', 'm3']) await create('d', newRun(runId, null));
      expect(await store.runs.listRuns({ dagId: 'd' })).toHaveLength(3);
    });

    it('deletes a run with its history, and keeps that it was there', async () => {
      await save(dagSpec('d'));
      const [run, other] = [await create('d', newRun('r1', T0)), await create('d', newRun('r2', T0 + DAY))];
      await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
      expect(await store.runs.deleteRun(run.id, USER)).toBe('running');
      await commit(runCommit((await store.runs.getRun(run.id))!, { changes: [succeed(await instance(run, 'a'), T0, 1)] }));
      expect(await store.runs.deleteRun(run.id, USER)).toBe('running');
      await commit(endRun((await store.runs.getRun(run.id))!, 'failed', T0));
      expect(await store.runs.deleteRun(run.id, USER)).toBe('deleted');
      expect(await store.runs.deleteRun(run.id, USER)).toBe('missing');
      expect((await store.runs.listRuns({})).map(({ runId }) => runId)).toEqual(['r2']);
      expect(await instancesOf(run)).toEqual([]);
      const left = await harness.events();
      expect(left.filter(({ entity }) => entity !== 'dag').map(({ entity, entityId }) => [entity, entityId])).toEqual([
        ['dag_run', other.id],
        ['dag_run', other.id],
      ]);
      expect(left.at(-1)).toMatchObject({ entity: 'dag', entityId: 'd', to: 'run_deleted', actorKind: 'user' });
      expect(await create('d', newRun('r1', T0))).toMatchObject({ runId: 'r1' });
    });

    it('keeps a note and who wrote it, beside what a planner does', async () => {
      const run = await oneRun();
      expect(await store.runs.setNote(run.id, 'look here', USER)).toBe(true);
      expect(await store.runs.getRun(run.id)).toEqual({ ...run, note: 'look here' });
      expect((await harness.events()).at(-1)).toMatchObject({
        entity: 'dag_run',
        from: 'running',
        to: 'running',
        actorKind: 'user',
      });
      expect((await commit(endRun(run, 'success', T0))).staleRuns).toEqual([]);
      expect(await store.runs.getRun(run.id)).toMatchObject({ state: 'success', note: 'look here' });
      expect(await store.runs.setNote(run.id, null, USER)).toBe(true);
      expect((await store.runs.getRun(run.id))!.note).toBeNull();
      expect(await store.runs.setNote(999_999, 'x', USER)).toBe(false);
    });

    it('refuses a run of an unknown DAG', async () => {
      await expect(store.runs.createRun('nope', newRun('r', T0), USER, T0)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('lists by filter, in order', async () => {
      await save(dagSpec('d'), dagSpec('e'));
      for (const day of [2, 0, 1])
        await create('d', newRun(`r${day}`, T0 + day * DAY, { state: day === 0 ? 'running' : 'queued' }));
      const manual = await create('e', newRun('m', null, { runAfter: T0 + 5 * DAY }));
      const ids = async (filter: Parameters<Store['runs']['listRuns']>[0]) =>
        (await store.runs.listRuns(filter)).map((run) => run.runId);
      expect(await ids({})).toEqual(['r0', 'r1', 'r2', 'm']);
      expect(await ids({ order: '-logical_date', limit: 2 })).toEqual(['m', 'r2']);
      expect(await ids({ dagId: 'd', from: T0 + DAY, to: T0 + 2 * DAY })).toEqual(['r1', 'r2']);
      expect(await ids({ states: ['running'] })).toEqual(['r0', 'm']);
      expect(await ids({ states: [] })).toEqual([]);
      expect(await ids({ taskStates: ['success'] })).toEqual([]);
      await commit(runCommit(manual, { changes: [change(await instance(manual, 'a'), ['skipped'])] }));
      expect(await ids({ taskStates: ['skipped', 'success'] })).toEqual(['m']);
    });

    it('says why a task instance came to its state', async () => {
      await save(dagSpec('d'));
      const run = await create('d', newRun('r', T0));
      const a = await instance(run, 'a');
      expect(await store.runs.findReason(a)).toBeNull();
      await commit(runCommit(run, { changes: [{ ...change(a, ['failed']), reason: 'EXPAND_TYPE: got null' }] }));
      expect(await store.runs.findReason(a)).toBe('EXPAND_TYPE: got null');
      expect(await store.runs.findReason(await instance(run, 'b'))).toBeNull();
    });

    it('lists ended runs, newest first', async () => {
      await save(dagSpec('d'));
      const runs = [
        await create('d', newRun('r0', T0)),
        await create('d', newRun('r1', T0 + DAY)),
        await create('d', newRun('r2', T0 + 2 * DAY)),
      ];
      await commit(endRun(runs[0]!, 'success', T0 + 10), endRun(runs[1]!, 'failed', T0 + 20));
      expect((await store.runs.listEndedRuns(T0, 5)).map((run) => run.runId)).toEqual(['r1', 'r0']);
      expect((await store.runs.listEndedRuns(T0 + 10, 5)).map((run) => run.runId)).toEqual(['r1']);
    });
  });
}

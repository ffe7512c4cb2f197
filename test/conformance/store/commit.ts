import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { RunCommit } from '../../../src/model/commit.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import type { Store } from '../../../src/ports/store.js';
import { dagSpec, newRun, taskSpec } from '../../support/dag-specs.js';
import { change, dispatch, endRun, failForRetry, runCommit, start, succeed } from '../commits.js';
import { T0, DAY, NOTHING, type StoreSuite } from './suite.js';

export function describeCommit({
  store,
  other,
  harness,
  save,
  create,
  read,
  instancesOf,
  instance,
  commit,
  oneRun,
}: StoreSuite): void {
  describe('commit', () => {
    it('writes many runs that wake each other as one wish', async () => {
      await save(dagSpec('d'));
      const runs: DagRun[] = [];
      for (let day = 0; day < 30; day++) runs.push(await create('d', newRun(`r${day}`, T0 + day * DAY)));
      const copies = await Promise.all(
        runs.map(async (run) => {
          const { id: _id, ...row } = await instance(run, 'a');
          const insertions = Array.from({ length: 400 }, (_, index) => ({ row: { ...row, mapIndex: index }, path: [] }));
          return runCommit(run, { changes: [change(await instance(run, 'b'), ['skipped'])], insertions, wakeNextRun: true });
        }),
      );
      expect(await store.scheduling.commitAll(copies, T0)).toBe(true);
      for (const run of [runs[0]!, runs[29]!]) {
        const rows = await instancesOf(run);
        expect([rows.length, rows.filter(({ state }) => state === 'skipped').length]).toEqual([402, 1]);
      }
      expect((await read(runs[29]!)).revision).toBe(runs[29]!.revision + 2);
    });

    it('writes all commits of a wish, or none when one is stale', async () => {
      await save(dagSpec('d'));
      const runs = [await create('d', newRun('r1', T0)), await create('d', newRun('r2', T0 + DAY))];
      const skipA = async (run: DagRun, revision = run.revision) =>
        runCommit(run, { expectedRevision: revision, changes: [change(await instance(run, 'a'), ['skipped'])] });
      const states = async () => Promise.all(runs.map(async (run) => (await instance(run, 'a')).state));
      const [one, two] = runs as [DagRun, DagRun];
      expect(await store.scheduling.commitAll([await skipA(one), await skipA(two, two.revision + 1)], T0)).toBe(false);
      expect(await states()).toEqual(['none', 'none']);
      const foreign = {
        ...(await skipA(two)),
        changes: [{ ...change(await instance(two, 'a'), ['skipped']), from: 'failed' as const }],
      };
      expect(await store.scheduling.commitAll([await skipA(one), foreign], T0)).toBe(false);
      expect(await states()).toEqual(['none', 'none']);
      expect((await read(one)).revision).toBe(one.revision);
      expect(await store.scheduling.commitAll([await skipA(two), await skipA(one)], T0)).toBe(true);
      expect(await states()).toEqual(['skipped', 'skipped']);
      expect(await store.scheduling.commitAll([], T0)).toBe(true);
    });

    it('writes a whole life and its history', async () => {
      const run = await oneRun();
      const worker = randomUUID();
      const starting = start(await instance(run, 'a'), worker, T0 + 1, { pokeNumber: 2, waitingSince: T0 });
      const started = await commit(runCommit(run, { changes: [starting], planAt: null }));
      expect(started).toEqual({ staleRuns: [], staleTaskInstances: [], revisions: new Map([[run.id, 1]]), inserted: [] });
      const running = await instance(run, 'a');
      expect(running).toEqual(starting.next);
      await commit(runCommit(await read(run), { changes: [succeed(running, T0 + 2, { rows: [1, 'zwei', null] })] }));
      expect(await instance(run, 'a')).toMatchObject({
        state: 'success',
        endedAt: T0 + 2,
        token: running.token,
        outputLength: -1,
      });
      expect(await store.runs.listAttempts([running.id])).toEqual([
        {
          token: running.token,
          taskInstanceId: running.id,
          tryNumber: 1,
          dispatchNumber: 1,
          state: 'success',
          workerId: worker,
          createdAt: T0 + 1,
          startedAt: T0 + 1,
          endedAt: T0 + 2,
          endReason: null,
          error: null,
          logPath: null,
          rendered: null,
        },
      ]);
      expect(await store.attempts.readXComs([{ dagRunId: run.id, taskId: 'a', key: 'return_value' }])).toEqual([
        [{ mapIndex: -1, value: { rows: [1, 'zwei', null] } }],
      ]);
      const events = (await harness.events()).filter((event) => event.entityId === running.id && event.entity === 'task_instance');
      expect(events.map(({ from, to, token, actorKind }) => [from, to, token, actorKind])).toEqual([
        ['none', 'scheduled', null, 'scheduler'],
        ['scheduled', 'queued', running.token, 'scheduler'],
        ['queued', 'running', running.token, 'scheduler'],
        ['running', 'success', running.token, 'scheduler'],
      ]);
    });

    it('pitfall 71: settles one task and starts the next in one commit', async () => {
      const run = await oneRun();
      const worker = randomUUID();
      await commit(runCommit(run, { changes: [start(await instance(run, 'a'), worker, T0)] }));
      const [a, b] = [await instance(run, 'a'), await instance(run, 'b')];
      await commit(runCommit(await read(run), { changes: [succeed(a, T0 + 1), start(b, worker, T0 + 1)] }));
      expect((await instancesOf(run)).map((row) => row.state)).toEqual(['success', 'running']);
    });

    it('refuses a stale revision completely', async () => {
      const run = await oneRun();
      const a = await instance(run, 'a');
      await commit(runCommit(run));
      const result = await commit(runCommit(run, { changes: [start(a, 'w', T0)], planAt: T0 + 99 }));
      expect(result).toEqual({ staleRuns: [run.id], staleTaskInstances: [], revisions: new Map(), inserted: [] });
      expect(await instance(run, 'a')).toEqual(a);
      expect(await store.runs.listAttempts([a.id])).toEqual([]);
    });

    it('finds an exact repeat stale', async () => {
      const run = await oneRun();
      const once = runCommit(run, {
        changes: [start(await instance(run, 'a'), 'w', T0)],
        insertions: [{ row: { ...(await instance(run, 'b')), mapIndex: 0 }, path: [] }],
      });
      await commit(once);
      const before = await harness.events();
      expect((await commit(once)).staleRuns).toEqual([run.id]);
      expect(await harness.events()).toEqual(before);
    });

    it('leaves out a change whose token or state is stale and writes the rest', async () => {
      const run = await oneRun();
      const a = await instance(run, 'a');
      const b = await instance(run, 'b');
      await commit(runCommit(run, { changes: [start(a, 'w', T0)] }));
      const running = await instance(run, 'a');
      const wrongToken = succeed({ ...running, token: randomUUID() }, T0);
      const result = await commit(runCommit(run, { expectedRevision: null, changes: [wrongToken, change(b, ['skipped'])] }));
      expect(result.staleTaskInstances).toEqual([a.id]);
      expect(result.revisions).toEqual(new Map([[run.id, 2]]));
      expect((await instancesOf(run)).map((row) => row.state)).toEqual(['running', 'skipped']);
      expect(await store.attempts.readXComs([{ dagRunId: run.id, taskId: 'a', key: 'return_value' }])).toEqual([[]]);
      expect((await store.runs.listAttempts([a.id]))[0]!.endedAt).toBeNull();
      const wrongState = await commit(runCommit(run, { expectedRevision: null, changes: [change(b, ['failed'])] }));
      expect(wrongState.staleTaskInstances).toEqual([b.id]);
    });

    it('knows no run that does not exist', async () => {
      const run = await oneRun();
      expect((await commit({ ...runCommit(run), dagRunId: 999_999 })).staleRuns).toEqual([999_999]);
    });

    it('lets one of two planners win', async () => {
      const run = await oneRun();
      const a = await instance(run, 'a');
      const results = await Promise.all(
        [store, other].map((session) => session.scheduling.commit([runCommit(run, { changes: [start(a, 'w', T0)] })], T0)),
      );
      expect(results.map((result) => result.staleRuns.length).sort()).toEqual([0, 1]);
      expect(await store.runs.listAttempts([a.id])).toHaveLength(1);
      expect((await read(run)).revision).toBe(1);
    });

    it('lets one of two settlements of one attempt win, without a revision', async () => {
      const run = await oneRun();
      await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
      const running = await instance(run, 'a');
      const settle = (session: Store, value: string) =>
        session.scheduling.commit([runCommit(run, { expectedRevision: null, changes: [succeed(running, T0, value)] })], T0);
      const results = await Promise.all([settle(store, 'one'), settle(other, 'two'), settle(store, 'three')]);
      expect(results.flatMap((result) => result.staleTaskInstances)).toEqual([running.id, running.id]);
      const events = (await harness.events()).filter((event) => event.to === 'success');
      expect(events).toHaveLength(1);
    });

    it('takes several commits of one run in order', async () => {
      const run = await oneRun();
      const [a, b] = [await instance(run, 'a'), await instance(run, 'b')];
      const unguarded = (id: TaskInstance) => runCommit(run, { expectedRevision: null, changes: [change(id, ['skipped'])] });
      const result = await commit(unguarded(a), unguarded(b));
      expect(result.revisions).toEqual(new Map([[run.id, 2]]));
      expect((await instancesOf(run)).map((row) => row.state)).toEqual(['skipped', 'skipped']);
    });

    it('writes many runs at once, each with its own guard', async () => {
      await save(dagSpec('d'));
      const runs: DagRun[] = [];
      for (let day = 0; day < 40; day++) runs.push(await create('d', newRun(`r${day}`, T0 + day * DAY)));
      const commits: RunCommit[] = [];
      for (const [index, run] of runs.entries()) {
        const stale = index % 4 === 0;
        commits.push(runCommit(run, { expectedRevision: stale ? 7 : 0, changes: [start(await instance(run, 'a'), 'w', T0)] }));
      }
      const result = await store.scheduling.commit(commits.reverse(), T0);
      expect([...result.staleRuns].sort((x, y) => x - y)).toEqual(runs.filter((_, index) => index % 4 === 0).map((run) => run.id));
      expect(result.revisions.size).toBe(30);
      const states = (await store.runs.listTaskInstances(runs.map((run) => run.id)))
        .filter((row) => row.taskId === 'a')
        .map((row) => row.state);
      expect(states).toEqual(runs.map((_, index) => (index % 4 === 0 ? 'none' : 'running')));
    });

    it('inserts mapped copies once and returns their ids in order', async () => {
      const run = await oneRun(dagSpec('d', { tasks: [taskSpec('m')] }));
      const template = await instance(run, 'm');
      const rows = [2, 0, 1].map((mapIndex) => ({
        row: { ...template, mapIndex, state: 'scheduled' as const },
        path: ['scheduled' as const],
      }));
      const result = await commit(runCommit(run, { insertions: rows, changes: [change(template, ['removed'])] }));
      expect(result.inserted.map((row) => [row.dagRunId, row.taskId, row.mapIndex])).toEqual(
        [2, 0, 1].map((index) => [run.id, 'm', index]),
      );
      const stored = await instancesOf(run);
      expect(stored.map((row) => [row.mapIndex, row.state])).toEqual([
        [-1, 'removed'],
        [0, 'scheduled'],
        [1, 'scheduled'],
        [2, 'scheduled'],
      ]);
      expect(result.inserted.map((row) => row.id)).toEqual(
        [2, 0, 1].map((index) => stored.find((row) => row.mapIndex === index)!.id),
      );
      const again = await commit(
        runCommit(await read(run), { insertions: [...rows, { row: { ...template, mapIndex: 3 }, path: [] }] }),
      );
      expect(again.inserted.map((row) => row.mapIndex)).toEqual([3]);
      const events = (await harness.events()).filter((event) => event.to === 'scheduled');
      expect(events.map((event) => event.entityId).sort()).toEqual(result.inserted.map((row) => row.id).sort());
    });

    it('moves an unexpanded instance to a map index', async () => {
      const run = await oneRun(dagSpec('d', { tasks: [taskSpec('m')] }));
      await commit(runCommit(run, { changes: [change(await instance(run, 'm'), [], { mapIndex: 0 })] }));
      expect((await instancesOf(run)).map((row) => row.mapIndex)).toEqual([0]);
    });

    it('ends an attempt and opens the next one in one commit', async () => {
      const run = await oneRun();
      await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
      const running = await instance(run, 'a');
      const requeue = {
        ...dispatch(running, T0 + 1, { tryNumber: 1, lostDispatches: 1 }),
        endAttempt: { state: 'lost', endedAt: T0 + 1, reason: 'worker gone', error: null } as const,
        openAttempt: { dispatchNumber: 2, createdAt: T0 + 1, startedAt: null, workerId: null },
      };
      expect((await commit(runCommit(await read(run), { changes: [requeue] }))).staleTaskInstances).toEqual([]);
      const attempts = await store.runs.listAttempts([running.id]);
      expect(attempts.map((attempt) => [attempt.dispatchNumber, attempt.state, attempt.endReason])).toEqual([
        [1, 'lost', 'worker gone'],
        [2, 'queued', null],
      ]);
      const tokens = (await harness.events())
        .filter((event) => event.entityId === running.id && event.entity === 'task_instance')
        .slice(3);
      expect(tokens.map((event) => event.token)).toEqual([running.token, requeue.next.token]);
    });

    it('never has two live attempts of one task instance', async () => {
      const run = await oneRun();
      await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
      const running = await instance(run, 'a');
      const second = { ...dispatch(running, T0), endAttempt: null };
      await expect(commit(runCommit(await read(run), { changes: [second] }))).rejects.toThrow();
      expect(await instance(run, 'a')).toEqual(running);
    });

    it('keeps the error of a failed attempt and clears XComs at the first dispatch of the next try', async () => {
      const run = await oneRun();
      const query = { taskIds: ['a'], key: 'k', mapIndexes: null, runId: null, includePriorDates: false };
      const pull = () => store.attempts.pullXComs(run.id, query);
      await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
      const running = await instance(run, 'a');
      expect(await store.attempts.pushXCom(running.token!, 'k', [1])).toBe(true);
      await commit(runCommit(await read(run), { changes: [failForRetry(running, T0)] }));
      expect(await pull()).toEqual([{ taskId: 'a', mapIndex: -1, value: [1] }]);
      expect((await store.runs.listAttempts([running.id]))[0]).toMatchObject({
        state: 'failed',
        endReason: 'threw',
        error: { code: 'TASK_ERROR', message: 'a "bad"\\ thing\nhappened', stack: null },
      });
      await commit(runCommit(await read(run), { changes: [dispatch(await instance(run, 'a'), T0)] }));
      expect(await pull()).toEqual([]);
    });

    it('clears other XComs and keeps those that the same change writes', async () => {
      const run = await oneRun();
      await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
      const running = await instance(run, 'a');
      await store.attempts.pushXCom(running.token!, 'old', 1);
      await store.attempts.pushXCom(running.token!, 'return_value', 1);
      await commit(runCommit(await read(run), { changes: [{ ...succeed(running, T0, 2), clearXComs: true }] }));
      const requests = ['old', 'return_value'].map((key) => ({ dagRunId: run.id, taskId: 'a', key }));
      expect(await store.attempts.readXComs(requests)).toEqual([[], [{ mapIndex: -1, value: 2 }]]);
    });

    it('ends a run: its DAG is looked at, its plan is off', async () => {
      const run = await oneRun();
      await store.scheduling.planDueDags(T0, 10, () => NOTHING);
      expect((await store.scheduling.planDueDags(T0 + DAY, 10, () => NOTHING)).claimed).toBe(0);
      await store.scheduling.commit([endRun(run, 'success', T0 + 4)], T0 + 5);
      expect(await read(run)).toMatchObject({ state: 'success', endedAt: T0 + 4, revision: 1 });
      expect(await store.scheduling.claimRunsToPlan(T0 + DAY, 10, 1)).toEqual([]);
      expect((await store.scheduling.planDueDags(T0 + 5, 10, () => NOTHING)).claimed).toBe(1);
      expect((await commit(endRun(run, 'failed', T0 + 9))).staleRuns).toEqual([run.id]);
    });

    it('has the DAG looked at when a run waits for a place again', async () => {
      const run = await oneRun();
      await store.scheduling.planDueDags(T0, 10, () => NOTHING);
      await store.scheduling.commit([endRun(run, 'queued', T0)], T0 + 5);
      expect((await store.scheduling.planDueDags(T0 + 5, 10, () => NOTHING)).claimed).toBe(1);
    });

    it('guards the state of the run', async () => {
      const run = await oneRun();
      const wrong = endRun({ ...run, state: 'queued' }, 'failed', T0);
      expect((await commit({ ...wrong, expectedRevision: null })).staleRuns).toEqual([run.id]);
      expect((await read(run)).state).toBe('running');
    });

    it('wakes the next unfinished run by logical date', async () => {
      await save(dagSpec('d'));
      const runs: DagRun[] = [];
      for (const day of [0, 1, 2, 3])
        runs.push(await create('d', newRun(`r${day}`, T0 + day * DAY, { state: day === 2 ? 'queued' : 'running' })));
      await commit(endRun(runs[1]!, 'success', T0), ...[0, 3].map((index) => runCommit(runs[index]!, { planAt: null })));
      await commit(runCommit(await read(runs[0]!), { wakeNextRun: true }));
      expect((await Promise.all(runs.map(read))).map((run) => run.revision)).toEqual([2, 1, 1, 1]);
      await commit(runCommit(await read(runs[2]!), { wakeNextRun: true }));
      expect((await read(runs[3]!)).revision).toBe(2);
      expect(await store.scheduling.claimRunsToPlan(T0, 10, 1_000)).toEqual([{ dagRunId: runs[3]!.id, revision: 2 }]);
    });

    it('makes a plan of the woken run in the same batch stale', async () => {
      await save(dagSpec('d'));
      const [first, second] = [await create('d', newRun('r0', T0)), await create('d', newRun('r1', T0 + DAY))];
      const result = await commit(runCommit(first, { wakeNextRun: true }), runCommit(second, { planAt: null }));
      expect(result.staleRuns).toEqual([]);
      expect((await commit(runCommit(second, { expectedRevision: result.revisions.get(second.id)! }))).staleRuns).toEqual([
        second.id,
      ]);
      expect((await store.scheduling.claimRunsToPlan(T0, 10, 1_000)).map((claim) => claim.dagRunId)).toContain(second.id);
    });
  });
}

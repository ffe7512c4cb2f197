import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Store } from '../../../src/ports/store.js';
import { dagSpec, newRun, taskSpec } from '../../support/dag-specs.js';
import { change, dispatch, runCommit, start, succeed } from '../commits.js';
import { T0, DAY, type StoreSuite } from './suite.js';

export function describeAttempts({
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
  describe('attempts', () => {
    it('claims queued instances of its queues by priority, each once', async () => {
      const tasks = ['low', 'high', 'elsewhere'].map((taskId, index) =>
        taskSpec(taskId, { priorityWeight: index + 1, queue: taskId === 'elsewhere' ? 'gpu' : 'default' }),
      );
      const spec = dagSpec('d', { tasks, params: { jsonSchema: {}, defaults: { x: 1, y: 2 } } });
      await save(spec);
      const run = await create('d', newRun('r1', T0, { conf: { y: 3 } }));
      const rows = await instancesOf(run);
      await commit(runCommit(run, { changes: rows.map((row) => dispatch(row, T0)) }));
      const revision = (await read(run)).revision;
      const [first] = await store.attempts.claimQueued('w1', ['default'], 1, T0 + 7);
      expect(first).toMatchObject({
        key: { dagId: 'd', runId: 'r1', taskId: 'high', mapIndex: -1 },
        tryNumber: 1,
        startedAt: T0 + 7,
        task: { taskId: 'high' },
        versionId: run.versionId,
        run: { conf: { y: 3 }, params: { x: 1, y: 3 }, timezone: 'UTC', logicalDate: T0 },
      });
      expect(await instance(run, 'high')).toMatchObject({
        state: 'running',
        workerId: 'w1',
        token: first!.token,
        startedAt: T0 + 7,
      });
      expect((await read(run)).revision).toBe(revision + 1);
      expect((await store.runs.listAttempts([first!.taskInstanceId]))[0]).toMatchObject({
        state: 'running',
        workerId: 'w1',
        startedAt: T0 + 7,
      });
      const rest = await other.attempts.claimQueued('w2', ['default', 'gpu'], 9, T0 + 8);
      expect(rest.map((assignment) => assignment.key.taskId)).toEqual(['elsewhere', 'low']);
      expect(await store.attempts.claimQueued('w1', ['default', 'gpu'], 9, T0 + 9)).toEqual([]);
      expect((await harness.events()).filter((event) => event.to === 'running' && event.actorKind === 'worker')).toHaveLength(3);
    });

    it('never gives one instance to two workers', async () => {
      await save(dagSpec('d', { tasks: Array.from({ length: 10 }, (_, index) => taskSpec(`t${index}`)) }));
      for (let day = 0; day < 4; day++) {
        const run = await create('d', newRun(`r${day}`, T0 + day * DAY));
        await commit(runCommit(run, { changes: (await instancesOf(run)).map((row) => dispatch(row, T0)) }));
      }
      const claim = (session: Store, worker: string) => session.attempts.claimQueued(worker, ['default'], 15, T0);
      const claims = await Promise.all([claim(store, 'w1'), claim(other, 'w2'), claim(store, 'w3'), claim(other, 'w4')]);
      const tokens = claims.flat().map((assignment) => assignment.token);
      expect(new Set(tokens).size).toBe(tokens.length);
      expect(tokens.length + (await claim(store, 'w5')).length).toBeGreaterThanOrEqual(15);
      for (const [index, assignments] of claims.entries()) {
        const ids = new Set(assignments.map((assignment) => assignment.taskInstanceId));
        const rows = (
          await store.runs.listTaskInstances([...new Set(assignments.map((assignment) => assignment.dagRunId))])
        ).filter((row) => ids.has(row.id));
        expect(rows.every((row) => row.workerId === `w${index + 1}` && row.state === 'running')).toBe(true);
      }
    });

    it('finds what runs under a worker that does not know of it', async () => {
      await save(dagSpec('d', { tasks: ['a', 'b', 'c', 'd', 'e'].map((taskId) => taskSpec(taskId)) }));
      const run = await create('d', newRun('r1', T0));
      await commit(runCommit(run, { changes: (await instancesOf(run)).map((row) => dispatch(row, T0)) }));
      const [a, b, c] = await store.attempts.claimQueued('w1', ['default'], 3, T0 + 1);
      await other.attempts.claimQueued('w2', ['default'], 1, T0 + 1);
      const tasks = async (worker: string, known: readonly string[]) =>
        (await store.attempts.findForgotten(worker, known)).map((assignment) => assignment.key.taskId);
      expect(await tasks('w1', [a!.token, b!.token, c!.token])).toEqual([]);
      expect(await tasks('w1', [b!.token])).toEqual(['a', 'c']);
      expect(await tasks('w2', [])).toEqual(['d']);
      expect(await tasks('w3', [])).toEqual([]);
      expect((await store.attempts.findForgotten('w1', [b!.token, c!.token]))[0]).toEqual(a);
      await commit(runCommit(await read(run), { changes: [succeed(await instance(run, 'a'), T0 + 2)] }));
      expect(await tasks('w1', [])).toEqual(['b', 'c']);
    });

    it('pitfall 13: stores an XCom only under the current token', async () => {
      const run = await oneRun();
      await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
      const running = await instance(run, 'a');
      const key = { dagRunId: run.id, taskId: 'a', key: 'k' };
      expect(await store.attempts.pushXCom(running.token!, 'k', { a: 1 })).toBe(true);
      expect(await store.attempts.pushXCom(running.token!, 'k', { a: 2 })).toBe(true);
      expect(await store.attempts.pushXCom(randomUUID(), 'k', 'stranger')).toBe(false);
      await commit(runCommit(await read(run), { changes: [succeed(running, T0)] }));
      expect(await store.attempts.pushXCom(running.token!, 'k', 'too late')).toBe(false);
      expect(await store.attempts.readXComs([key])).toEqual([[{ mapIndex: -1, value: { a: 2 } }]]);
    });

    it('reads many XComs at once, map indexes in order', async () => {
      const run = await oneRun(dagSpec('d', { tasks: [taskSpec('m')] }));
      const template = await instance(run, 'm');
      await commit(runCommit(run, { insertions: [11, 0, 2].map((mapIndex) => ({ row: { ...template, mapIndex }, path: [] })) }));
      const copies = (await instancesOf(run)).filter((row) => row.mapIndex >= 0);
      await commit(runCommit(await read(run), { changes: copies.map((row) => start(row, 'w', T0)) }));
      const running = (await instancesOf(run)).filter((row) => row.mapIndex >= 0);
      await commit(runCommit(await read(run), { changes: running.map((row) => succeed(row, T0, row.mapIndex)) }));
      const request = { dagRunId: run.id, taskId: 'm', key: 'return_value' };
      expect(await store.attempts.readXComs([{ ...request, key: 'none' }, request, request])).toEqual([
        [],
        [0, 2, 11].map((mapIndex) => ({ mapIndex, value: mapIndex })),
        [0, 2, 11].map((mapIndex) => ({ mapIndex, value: mapIndex })),
      ]);
      const some = (from: number, to: number) => ({ ...request, copies: { from, to } });
      expect(await store.attempts.readXComs([some(2, 12), some(1, 2), some(0, 1)])).toEqual([
        [2, 11].map((mapIndex) => ({ mapIndex, value: mapIndex })),
        [],
        [{ mapIndex: 0, value: 0 }],
      ]);
      const at = (from: number, to: number) => ({ ...request, positions: { from, to } });
      expect(
        await store.attempts.readXComs([at(1, 3), request, at(0, 1), at(3, 9), { ...at(0, 1), copies: { from: 1, to: 12 } }]),
      ).toEqual([[2, 11], [0, 2, 11], [0], [], [2]].map((indexes) => indexes.map((mapIndex) => ({ mapIndex, value: mapIndex }))));
      expect(await store.attempts.readXComs([])).toEqual([]);
      expect(await store.attempts.countXComs([{ ...request, key: 'none' }, request, some(1, 11)])).toEqual([
        { values: 0, elements: 0, end: 0 },
        { values: 3, elements: 0, end: 12 },
        { values: 1, elements: 0, end: 3 },
      ]);
      expect(await store.attempts.countXComs([])).toEqual([]);
      const last = (await instancesOf(run)).find((row) => row.mapIndex === 11)!;
      await commit(runCommit(await read(run), { changes: [{ ...change(last, ['none']), clearXComs: false }] }));
      expect((await store.attempts.readXComs([request]))[0]).toHaveLength(2);
      expect((await store.attempts.countXComs([request]))[0]).toMatchObject({ values: 2, end: 3 });
    });

    it('knows which tokens are revoked, and where logs are', async () => {
      const run = await oneRun();
      await commit(
        runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0), start(await instance(run, 'b'), 'w', T0)] }),
      );
      const [a, b] = [await instance(run, 'a'), await instance(run, 'b')];
      await store.attempts.setLogPaths([{ token: a.token!, logPath: 'd/r1/a/1.log' }]);
      await commit(runCommit(await read(run), { changes: [succeed(a, T0)] }));
      const unknown = randomUUID();
      expect([...(await store.attempts.findRevoked([a.token!, b.token!, unknown]))].sort()).toEqual([a.token!, unknown].sort());
      expect((await store.runs.listAttempts([a.id]))[0]!.logPath).toBe('d/r1/a/1.log');
    });

    it('finds attempts whose worker is gone and those that are stuck in the queue', async () => {
      const spec = dagSpec('d', {
        tasks: ['alive', 'expired', 'stopped', 'unknown', 'waiting'].map((taskId) => taskSpec(taskId)),
      });
      const run = await oneRun(spec);
      const now = await store.now();
      const component = (id: string) =>
        ({ id, kind: 'worker', hostname: 'h', pid: 1, version: '0', startedAt: now, details: {} }) as const;
      await store.components.register(component('w-alive'), 600_000);
      await store.components.register(component('w-expired'), 1_000);
      await store.components.register(component('w-stopped'), 600_000);
      await store.components.stopped('w-stopped');
      const rows = await instancesOf(run);
      const changes = rows.map((row) => (row.taskId === 'waiting' ? dispatch(row, T0) : start(row, `w-${row.taskId}`, T0)));
      await commit(runCommit(run, { changes }));
      const lost = await store.scheduling.findLostAttempts(now + 60_000, T0 + 1, 10);
      const byId = new Map((await instancesOf(run)).map((row) => [row.id, row]));
      expect(lost.map((attempt) => [byId.get(attempt.taskInstanceId)!.taskId, attempt.cause])).toEqual([
        ['expired', 'lease_expired'],
        ['stopped', 'lease_expired'],
        ['unknown', 'lease_expired'],
        ['waiting', 'stuck_in_queue'],
      ]);
      expect(
        lost.every((attempt) => attempt.token === byId.get(attempt.taskInstanceId)!.token && attempt.dagRunId === run.id),
      ).toBe(true);
      expect(await store.scheduling.findLostAttempts(now + 60_000, T0, 1)).toHaveLength(1);
      expect(
        (await store.scheduling.findLostAttempts(now, T0, 10)).map((attempt) => byId.get(attempt.taskInstanceId)!.taskId),
      ).toEqual(['stopped', 'unknown']);
    });
  });
}

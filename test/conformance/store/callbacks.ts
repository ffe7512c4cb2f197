/** Callbacks: stored with the state they tell of or not at all, given to one worker at a time, and kept until somebody says that they are done. */
import { describe, expect, it } from '@jest/globals';
import type { CallbackRequest } from '../../../src/model/callback.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { TaskError } from '../../../src/model/task-instance.js';
import { dagSpec, newRun, parsedFile, taskSpec } from '../../support/dag-specs.js';
import { endRun, runCommit, start, succeed } from '../commits.js';
import { DAY, T0, USER, type StoreSuite } from './suite.js';

const LEASE_MS = 30_000;
const FAILURE: TaskError = { code: 'TASK_ERROR', name: 'Error', message: 'no "answer"\\ from\nthere', stack: null };

export function describeCallbacks(suite: StoreSuite): void {
  const { store, other, save, create, read, instance, commit, oneRun } = suite;

  const request = (key: string, patch: Partial<CallbackRequest> = {}): CallbackRequest => ({
    key,
    event: 'success',
    task: { taskId: 'a', mapIndex: -1, tryNumber: 1, maxTries: 1 },
    state: 'success',
    error: null,
    reason: null,
    ...patch,
  });

  /** Starts task `a` and lets it succeed with this callback. */
  async function succeedWith(run: DagRun, callback: CallbackRequest): Promise<void> {
    await commit(runCommit(await read(run), { changes: [start(await instance(run, 'a'), 'w', T0)] }));
    const changes = [{ ...succeed(await instance(run, 'a'), T0), callback }];
    await commit(runCommit(await read(run), { changes }));
  }

  /** Ends the run with this callback, whatever its tasks are in. */
  const endWith = async (run: DagRun, callback: CallbackRequest) => {
    const ending = endRun(await read(run), 'success', T0);
    return commit({ ...ending, run: { ...ending.run!, callback } });
  };

  const keysOf = async (run: DagRun) => (await store.callbacks.list([run.id])).map((callback) => callback.request.key);

  describe('callbacks', () => {
    it('pitfall 52: are stored by the commit that stores the state they tell of, and not by one whose guard does not hold', async () => {
      const run = await oneRun();
      const before = await instance(run, 'a');
      await succeedWith(run, request('k1'));
      expect((await instance(run, 'a')).state).toBe('success');
      expect(await keysOf(run)).toEqual(['k1']);
      const current = await read(run);
      // Another attempt than the one that runs, another revision, another state of the run.
      const late = { ...succeed({ ...before, state: 'running' }, T0), callback: request('k2') };
      expect(await commit(runCommit(current, { changes: [late] }))).toMatchObject({ staleTaskInstances: [before.id] });
      const ending = endRun(current, 'success', T0).run!;
      const stale = runCommit(run, { run: { ...ending, callback: request('k3', { task: null }) } });
      expect((await commit(stale)).staleRuns).toEqual([run.id]);
      expect(await store.scheduling.commitAll([stale], T0)).toBe(false);
      expect(await keysOf(run)).toEqual(['k1']);
    });

    it('of several changes, of copies and of the run itself come with one commit, each once', async () => {
      const run = await oneRun();
      const template = await instance(run, 'a');
      await commit(runCommit(await read(run), { changes: [start(template, 'w', T0), start(await instance(run, 'b'), 'w', T0)] }));
      const { id: _id, ...row } = { ...template, mapIndex: 3, state: 'success' as const };
      const ending = endRun(await read(run), 'success', T0).run!;
      await commit(
        runCommit(await read(run), {
          changes: [succeed(await instance(run, 'a'), T0), { ...succeed(await instance(run, 'b'), T0), callback: request('of b') }],
          insertions: [{ row, path: ['success'], callback: request('of the copy') }],
          run: { ...ending, callback: request('of the run', { task: null }) },
        }),
      );
      expect((await keysOf(run)).sort()).toEqual(['of b', 'of the copy', 'of the run']);
      const again = await create('d', newRun('r2', T0 + DAY));
      await endWith(again, request('of the run', { task: null }));
      expect(await keysOf(again)).toEqual([]);
    });

    it('are given to one worker at a time, the one due longest first, with the run and its version', async () => {
      const spec = dagSpec('d', { params: { jsonSchema: {}, defaults: { limit: 5, day: 'x' } } });
      await save(spec);
      const runs: DagRun[] = [];
      for (const n of [0, 1, 2]) runs.push(await create('d', newRun(`r${n}`, T0 + n * DAY, { conf: { limit: n } })));
      for (const run of runs) await endWith(run, request(`of ${run.runId}`, { task: null }));
      expect(await store.callbacks.claimDue(T0 - 1, 10, LEASE_MS)).toEqual([]);
      expect(await store.callbacks.claimDue(T0, 0, LEASE_MS)).toEqual([]);
      const [mine, theirs] = await Promise.all([
        store.callbacks.claimDue(T0, 2, LEASE_MS),
        other.callbacks.claimDue(T0, 2, LEASE_MS),
      ]);
      const claimed = [...mine, ...theirs, ...(await store.callbacks.claimDue(T0, 2, LEASE_MS))];
      expect(claimed.map((one) => one.request.key).sort()).toEqual(['of r0', 'of r1', 'of r2']);
      expect(new Set(claimed.map(({ lease }) => lease)).size).toBe(3);
      const second = claimed.find((one) => one.run.runId === 'r1');
      expect(second).toMatchObject({
        callNumber: 1,
        versionId: runs[1]!.versionId,
        run: { dagId: 'd', runId: 'r1', logicalDate: T0 + DAY, conf: { limit: 1 }, params: { limit: 1, day: 'x' } },
        request: request('of r1', { task: null }),
      });
    });

    it('keep the version that their run had, also when it moves on to another', async () => {
      const run = await oneRun();
      await endWith(run, request('k', { task: null }));
      await store.catalog.saveFiles([parsedFile('d.ts', [dagSpec('d', { tasks: [taskSpec('a')] })])], T0);
      const version = (await store.catalog.getDag('d'))!.dag.currentVersionId;
      expect(version).not.toBe(run.versionId);
      const ended = await read(run);
      const queueing = endRun(ended, 'queued', T0);
      await commit({ ...queueing, run: { ...queueing.run!, clearNumber: 1, versionId: version } });
      expect((await read(run)).versionId).toBe(version);
      expect(await store.callbacks.claimDue(T0, 1, LEASE_MS)).toMatchObject([{ versionId: run.versionId }]);
    });

    it('are due again when the lease ends in which nobody said what came of them, and the late word counts no more', async () => {
      const run = await oneRun();
      await endWith(run, request('k', { task: null }));
      const [first] = await store.callbacks.claimDue(T0, 5, LEASE_MS);
      expect(await other.callbacks.claimDue(T0 + LEASE_MS - 1, 5, LEASE_MS)).toEqual([]);
      const [second] = await other.callbacks.claimDue(T0 + LEASE_MS, 5, LEASE_MS);
      expect(second).toMatchObject({ callNumber: 2, request: { key: 'k' } });
      expect(await store.callbacks.finish(first!.lease)).toBe(false);
      expect(await store.callbacks.fail(first!.lease, FAILURE, T0)).toBe(false);
      expect(await other.callbacks.finish(second!.lease)).toBe(true);
      expect(await other.callbacks.finish(second!.lease)).toBe(false);
      expect(await keysOf(run)).toEqual([]);
    });

    it('that failed are due at their time, or are kept with their error when they are given up', async () => {
      const run = await oneRun();
      await succeedWith(run, request('k', { event: 'failure', state: 'failed', error: FAILURE, reason: 'TASK_ERROR' }));
      const [first] = await store.callbacks.claimDue(T0, 5, LEASE_MS);
      expect(first?.request.error).toEqual(FAILURE);
      expect(await store.callbacks.fail(first!.lease, FAILURE, T0 + 10)).toBe(true);
      expect(await store.callbacks.claimDue(T0 + 9, 5, LEASE_MS)).toEqual([]);
      const [second] = await store.callbacks.claimDue(T0 + 10, 5, LEASE_MS);
      expect(second?.callNumber).toBe(2);
      expect(await store.callbacks.fail(second!.lease, FAILURE, null)).toBe(true);
      expect(await store.callbacks.claimDue(T0 + 365 * DAY, 5, LEASE_MS)).toEqual([]);
      expect(await store.callbacks.list([run.id])).toMatchObject([{ dagRunId: run.id, calls: 2, dueAt: null, failure: FAILURE }]);
    });

    it('go with their run, and with their DAG', async () => {
      const run = await oneRun();
      const second = await create('d', newRun('r2', T0 + DAY));
      for (const one of [run, second]) await endWith(one, request(`of ${one.runId}`, { task: null }));
      expect(await store.runs.deleteRun(run.id, USER)).toBe('deleted');
      expect(await store.callbacks.list([run.id, second.id])).toHaveLength(1);
      expect(await store.catalog.deleteDag('d', USER)).toBe('deleted');
      expect(await store.callbacks.list([run.id, second.id])).toEqual([]);
      expect(await store.callbacks.claimDue(T0 + DAY, 5, LEASE_MS)).toEqual([]);
    });
  });
}

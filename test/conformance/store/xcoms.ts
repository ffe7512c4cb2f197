/** XComs that tasks pull, rendered fields, and what templates ask of the past: put to the stores, with Airflow's recorded answers. */
import { describe, expect, it } from '@jest/globals';
import { choosePulled, planPull } from '../../../src/core/xcom/pull.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { TaggedJson } from '../../../src/model/tagged-json.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import type { XComQuery } from '../../../src/model/xcom.js';
import { dagSpec, newRun, taskSpec } from '../../support/dag-specs.js';
import { readVectors } from '../../vectors/vector-file.js';
import { CALLER, dateOf, judgeXComs, pullOf, XCOM_VECTORS, type PullCase, type VectorRow } from '../../vectors/xcom-answers.js';
import { endRun, runCommit, start, succeed } from '../commits.js';
import { DAY, T0, type StoreSuite } from './suite.js';

export function describeXComs(name: string, suite: StoreSuite): void {
  const { store, save, create, read, instance, instancesOf, commit, oneRun } = suite;

  /** Starts one copy of a task, which is made if there is none, and gives its token. */
  async function startCopy(run: DagRun, taskId: string, mapIndex: number): Promise<string> {
    let copy = await instance(run, taskId, mapIndex);
    if (!copy) {
      const template = (await instancesOf(run)).find((row) => row.taskId === taskId) as TaskInstance;
      await commit(
        runCommit(await read(run), { insertions: [{ row: { ...template, mapIndex, state: 'none', token: null }, path: [] }] }),
      );
      copy = await instance(run, taskId, mapIndex);
    }
    await commit(runCommit(await read(run), { changes: [start(copy, 'w', T0)] }));
    return (await instance(run, taskId, mapIndex)).token as string;
  }

  describe('XComs of other tasks and runs', () => {
    it('are pulled as in Airflow 3.3.2', async () => {
      const file = readVectors<PullCase>(XCOM_VECTORS);
      if (!file) return;
      const rows = file['rows'] as readonly VectorRow[];
      const runs = file['runs'] as Readonly<Record<string, number | null>>;
      const taskIds = [...new Set(rows.map((row) => row[1]))];
      await save(dagSpec('d', { tasks: taskIds.map((taskId) => taskSpec(taskId)) }));
      const created = new Map<string, DagRun>();
      for (const [runId, day] of Object.entries(runs)) {
        const logicalDate = day === null ? null : dateOf(day);
        created.set(runId, await create('d', newRun(runId, T0, { runId, logicalDate, runAfter: dateOf(day) })));
      }
      const tokens = new Map<string, string>();
      for (const [runId, taskId, mapIndex, key, value] of rows) {
        const name = `${runId} ${taskId} ${mapIndex}`;
        const token = tokens.get(name) ?? (await startCopy(created.get(runId) as DagRun, taskId, mapIndex));
        tokens.set(name, token);
        expect(await store.attempts.pushXCom(token, key, value)).toBe(true);
      }
      const pulled = new Map<string, TaggedJson | undefined>();
      for (const testCase of file.cases.filter(({ kind }) => kind === 'pull')) {
        const pull = pullOf(testCase);
        const own = created.get(testCase.caller.run) as DagRun;
        const found = await store.attempts.pullXComs(own.id, planPull(pull, CALLER));
        pulled.set(testCase.id, choosePulled(pull, CALLER, found));
      }
      expect(judgeXComs(name, pulled)).toEqual([]);
    });

    it('come from the newest run that has a value, for each task and each copy that is asked for', async () => {
      await save(dagSpec('d', { tasks: [taskSpec('a'), taskSpec('m')] }), dagSpec('other', { tasks: [taskSpec('a')] }));
      const days = await Promise.all([0, 1, 2, 3].map((n) => create('d', newRun(`r${n}`, T0 + n * DAY))));
      const [first, second, third, last] = days as [DagRun, DagRun, DagRun, DagRun];
      const stranger = await create('other', newRun('r2', T0 + 2 * DAY));
      const push = async (run: DagRun, taskId: string, mapIndex: number, value: TaggedJson): Promise<void> => {
        expect(await store.attempts.pushXCom(await startCopy(run, taskId, mapIndex), 'k', value)).toBe(true);
      };
      await push(first, 'a', -1, 'first');
      await push(second, 'a', -1, null);
      await push(first, 'm', 0, 'm0');
      await push(second, 'm', 1, 'm1');
      await push(last, 'a', -1, 'future');
      await push(stranger, 'a', -1, 'stranger');
      const pull = async (query: Partial<XComQuery>): Promise<unknown> => {
        const rows = await store.attempts.pullXComs(third.id, {
          taskIds: ['a'],
          key: 'k',
          mapIndexes: null,
          runId: null,
          includePriorDates: true,
          ...query,
        });
        return rows.map(({ taskId, mapIndex, value }) => `${taskId}[${mapIndex}]=${JSON.stringify(value)}`).sort();
      };
      expect(await pull({})).toEqual(['a[-1]="first"']);
      expect(await pull({ taskIds: ['m'] })).toEqual(['m[1]="m1"']);
      expect(await pull({ taskIds: ['m', 'a'], mapIndexes: [0, 1, -1] })).toEqual(['a[-1]="first"', 'm[0]="m0"', 'm[1]="m1"']);
      expect(await pull({ includePriorDates: false })).toEqual([]);
      expect(await pull({ runId: 'r3' })).toEqual(['a[-1]="future"']);
      expect(await pull({ runId: 'r3', includePriorDates: false })).toEqual(['a[-1]="future"']);
      expect(await pull({ runId: 'r1' })).toEqual(['a[-1]="first"']);
      expect(await pull({ runId: 'r1', includePriorDates: false })).toEqual(['a[-1]=null']);
      expect(await pull({ runId: 'r9' })).toEqual([]);
      expect(await pull({ key: 'none' })).toEqual([]);
      expect(await pull({ taskIds: [] })).toEqual([]);
    });
  });

  describe('what templates need', () => {
    it('pitfall 13: keeps rendered fields of the attempt under way, and of no other', async () => {
      const run = await oneRun();
      await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
      const running = await instance(run, 'a');
      const rendered = { command: 'echo "ä\\"', env: { A: '1' } };
      expect(await store.attempts.setRendered(running.token as string, rendered)).toBe(true);
      expect((await store.runs.listAttempts([running.id])).map((attempt) => attempt.rendered)).toEqual([rendered]);
      await commit(runCommit(await read(run), { changes: [succeed(running, T0)] }));
      expect(await store.attempts.setRendered(running.token as string, { command: 'late' })).toBe(false);
      expect((await store.runs.listAttempts([running.id])).map((attempt) => attempt.rendered)).toEqual([rendered]);
    });

    it('finds the run before that ended well, and counts copies', async () => {
      await save(dagSpec('d', { tasks: [taskSpec('m')] }), dagSpec('other', { tasks: [taskSpec('m')] }));
      const ended = async (dagId: string, day: number, state: 'success' | 'partial' | 'failed'): Promise<DagRun> => {
        const run = await create(dagId, newRun(`${dagId}${day}`, T0 + day * DAY));
        await commit(endRun(run, state, T0 + day * DAY + 5));
        return read(run);
      };
      const success = await ended('d', 0, 'success');
      const partial = await ended('d', 1, 'partial');
      await ended('d', 2, 'failed');
      await ended('other', 2, 'success');
      const own = await create('d', newRun('own', T0 + 3 * DAY));
      await ended('d', 4, 'success');
      const undated = await create('d', newRun('undated', T0, { runId: 'undated', logicalDate: null }));
      expect(await store.attempts.previousSuccess(own.id)).toEqual(partial);
      expect((await store.attempts.previousSuccess(partial.id))?.id).toBe(success.id);
      expect(await store.attempts.previousSuccess(success.id)).toBeNull();
      expect(await store.attempts.previousSuccess(undated.id)).toBeNull();
      expect(await store.attempts.countCopies(own.id, 'm')).toBe(0);
      await startCopy(own, 'm', 0);
      await startCopy(own, 'm', 4);
      expect(await store.attempts.countCopies(own.id, 'm')).toBe(2);
    });
  });
}

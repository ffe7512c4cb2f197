import { describe, expect, it } from '@jest/globals';
import type { ExternalQuery } from '../../../src/model/external-states.js';
import type { TaskInstanceState } from '../../../src/model/states.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import { dagSpec, newRun, taskSpec } from '../../support/dag-specs.js';
import { change, endRun, runCommit } from '../commits.js';
import { DAY, T0, USER, type StoreSuite } from './suite.js';

const TASKS = [taskSpec('a'), taskSpec('g.b', { groupId: 'g' }), taskSpec('g.h.c', { groupId: 'g.h' }), taskSpec('ga')];
const GROUPS = [
  { groupId: 'g', parentId: null, map: null },
  { groupId: 'g.h', parentId: 'g', map: null },
];
const SPEC = dagSpec('d', { tasks: TASKS, groups: GROUPS });

export function describeExternalStates({ store, save, create, read, instancesOf, instance, commit }: StoreSuite): void {
  const ask = (query: Partial<ExternalQuery>) =>
    store.attempts.readExternalStates({ dagId: 'd', target: { kind: 'run' }, logicalDates: [T0], ...query });
  const tasks = (...taskIds: readonly string[]) => ({ kind: 'tasks', taskIds }) as const;
  const group = (groupId: string) => ({ kind: 'group', groupId }) as const;
  const countsAt = async (query: Partial<ExternalQuery>) => (await ask(query)).dates[0]!.counts;
  const put = async (run: DagRun, states: Readonly<Record<string, TaskInstanceState>>) => {
    const changes = Object.entries(states).map(async ([taskId, state]) => change(await instance(run, taskId), [state]));
    expect((await commit(runCommit(await read(run), { changes: await Promise.all(changes) }))).staleRuns).toEqual([]);
  };

  describe('external states', () => {
    it('finds runs by their very logical dates, in the order asked for, and the nearest ones elsewhere', async () => {
      await save(SPEC, dagSpec('e'));
      for (const day of [4, 1, 2])
        await create('d', newRun(`r${day}`, T0 + day * DAY, { state: day === 4 ? 'queued' : 'running' }));
      await create('d', newRun('undated', null));
      await create('e', newRun('other', T0 + 3 * DAY));
      await commit(endRun((await store.runs.findRun('d', 'r1'))!, 'partial', T0));
      const at = (days: number) => T0 + days * DAY;
      const found = (days: number, runId: string, state: string) => {
        return { logicalDate: at(days), run: { runId, state }, counts: [], before: null, after: null };
      };
      const missing = (date: number, before: number | null, after: number | null) => {
        return { logicalDate: date, run: null, counts: [], before, after };
      };
      expect(await ask({ logicalDates: [at(2), at(3), at(1), at(0), at(4), at(5), at(2) + 1] })).toEqual({
        dag: 'active',
        unknown: [],
        dates: [
          found(2, 'r2', 'running'),
          missing(at(3), at(2), at(4)),
          found(1, 'r1', 'partial'),
          missing(at(0), null, at(1)),
          found(4, 'r4', 'queued'),
          missing(at(5), at(4), null),
          missing(at(2) + 1, at(2), at(4)),
        ],
      });
    });

    it('says how the DAG stands', async () => {
      const nothing = { unknown: [], dates: [{ logicalDate: T0, run: null, counts: [], before: null, after: null }] };
      expect(await ask({ target: tasks('a') })).toEqual({ dag: 'missing', ...nothing });
      await save(SPEC);
      expect(await ask({})).toEqual({ dag: 'active', ...nothing });
      await store.catalog.setPaused(['d'], true, null, USER, T0);
      expect(await ask({})).toEqual({ dag: 'paused', ...nothing });
      await store.catalog.retireFiles([SPEC.file], T0);
      expect(await ask({})).toEqual({ dag: 'retired', ...nothing });
      expect(await store.catalog.deleteDag('d', USER)).toBe('deleted');
      expect(await ask({})).toEqual({ dag: 'missing', ...nothing });
    });

    it('counts instances by state, of tasks by name, each once, and of groups with those in them', async () => {
      await save(SPEC);
      const run = await create('d', newRun('r', T0));
      await put(run, { a: 'success', 'g.b': 'failed', 'g.h.c': 'success', ga: 'skipped' });
      const one = (state: TaskInstanceState, taskId: string) => ({ state, instances: 1, tasks: 1, taskId });
      expect(await countsAt({})).toEqual([]);
      expect(await countsAt({ target: tasks('a') })).toEqual([one('success', 'a')]);
      expect(await countsAt({ target: tasks('ga', 'a', 'g.h.c', 'a') })).toEqual([
        one('skipped', 'ga'),
        { state: 'success', instances: 2, tasks: 2, taskId: 'a' },
      ]);
      expect(await countsAt({ target: group('g') })).toEqual([one('failed', 'g.b'), one('success', 'g.h.c')]);
      expect(await countsAt({ target: group('g.h') })).toEqual([one('success', 'g.h.c')]);
      expect(await countsAt({ target: group('h') })).toEqual([]);
    });

    it('counts all copies of a mapped task, and those that were removed only where they are asked for', async () => {
      await save(SPEC);
      const run = await create('d', newRun('r', T0));
      const template = await instance(run, 'a');
      const copies = [0, 1, 2, 3].map((mapIndex) => ({ row: { ...template, mapIndex }, path: [] }));
      await commit(runCommit(await read(run), { insertions: copies }));
      const rows = (await instancesOf(run)).filter(({ taskId }) => taskId === 'a');
      const ends = new Map<number, TaskInstanceState>([
        [-1, 'removed'],
        [0, 'success'],
        [1, 'success'],
        [2, 'running'],
        [3, 'removed'],
      ]);
      await commit(runCommit(await read(run), { changes: rows.map((row) => change(row, [ends.get(row.mapIndex)!])) }));
      await put(run, { ga: 'removed' });
      const target = tasks('ga', 'a');
      const counts = [
        { state: 'running', instances: 1, tasks: 1, taskId: 'a' },
        { state: 'success', instances: 2, tasks: 1, taskId: 'a' },
      ];
      expect(await countsAt({ target })).toEqual([{ state: null, instances: 0, tasks: 1, taskId: 'ga' }, ...counts]);
      const removed = { state: 'removed', instances: 3, tasks: 2, taskId: 'a' };
      expect(await countsAt({ target, countsRemoved: true })).toEqual([removed, ...counts]);
    });

    it('takes the tasks of a group from the version of each run, and knows what the newest or a run found has', async () => {
      await save(SPEC);
      const old = await create('d', newRun('old', T0));
      await put(old, { 'g.b': 'success', 'g.h.c': 'success' });
      const renamed = dagSpec('d', {
        tasks: [taskSpec('a'), taskSpec('g.new', { groupId: 'g' })],
        groups: [{ groupId: 'g', parentId: null, map: null }],
      });
      await save(renamed);
      await create('d', newRun('new', T0 + DAY));
      const both = await ask({ target: group('g'), logicalDates: [T0, T0 + DAY] });
      expect(both.dates.map(({ counts }) => counts)).toEqual([
        [{ state: 'success', instances: 2, tasks: 2, taskId: 'g.b' }],
        [{ state: 'none', instances: 1, tasks: 1, taskId: 'g.new' }],
      ]);
      const wanted = tasks('g.b', 'g.new', 'g.nwe');
      const unknownAt = async (date: number, target: ExternalQuery['target']) =>
        (await ask({ target, logicalDates: [date] })).unknown;
      expect(await unknownAt(T0, wanted)).toEqual([{ id: 'g.nwe', suggestion: 'g.new' }]);
      expect(await unknownAt(T0 + DAY, wanted)).toEqual([
        { id: 'g.b', suggestion: null },
        { id: 'g.nwe', suggestion: 'g.new' },
      ]);
      expect(await unknownAt(T0, group('g.h'))).toEqual([]);
      expect(await unknownAt(T0 + DAY, group('gg'))).toEqual([{ id: 'gg', suggestion: 'g' }]);
      expect(await countsAt({ target: wanted })).toEqual([
        { state: null, instances: 0, tasks: 2, taskId: 'g.new' },
        { state: 'success', instances: 1, tasks: 1, taskId: 'g.b' },
      ]);
    });

    it('answers as many dates and tasks as one question may hold', async () => {
      const many = Array.from({ length: 1_000 }, (_, index) => `t${index}`);
      await save(dagSpec('d', { tasks: many.map((taskId) => taskSpec(taskId)) }));
      await create('d', newRun('r', T0 + DAY));
      const logicalDates = Array.from({ length: 1_000 }, (_, index) => T0 + index * DAY);
      const { dates } = await ask({ target: tasks(...many), logicalDates });
      expect(dates).toHaveLength(1_000);
      expect(dates.flatMap(({ counts }) => counts)).toEqual([{ state: 'none', instances: 1_000, tasks: 1_000, taskId: 't0' }]);
    });
  });
}

import { describe, expect, it } from '@jest/globals';
import { adoptVersion } from '../../../src/core/dag-run/adopt-version.js';
import { planRerun, type RerunOptions } from '../../../src/core/dag-run/plan-rerun.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import type { DagRunSnapshot } from '../../../src/model/snapshot.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { dagRun, dagSpec, taskInstance, taskSpec, USER } from './factories.js';

const NOW = 50;
const MAP = { kind: 'each', sources: [{ kind: 'value', value: [1, 2] }] } as const;

function snapshotOf(
  spec: DagSpec,
  rows: readonly (Partial<TaskInstance> & { taskId: string })[],
  run: Partial<DagRun> = {},
): DagRunSnapshot {
  return {
    run: dagRun({ state: 'success', endedAt: 9, versionId: 1, ...run }),
    spec,
    taskInstances: rows.map((row, index) => taskInstance(index + 1, row.taskId, row)),
    previous: null,
  };
}

function plan(snapshot: DagRunSnapshot, options: Partial<RerunOptions> = {}) {
  const { commit, effects } = planRerun(snapshot, { selection: null, version: null, resetRun: true, ...options }, USER, NOW);
  return { commit, effects: effects.map(({ effect, taskId, mapIndex, state }) => `${effect} ${taskId} ${mapIndex} ${state}`) };
}

const nothing = { commit: null, effects: [] };
const all = { tasks: null } as const;
const only = (taskId: string, rest: { onlyFailed?: boolean } = {}) => ({ tasks: [{ taskId, mapIndexes: null }], ...rest });

describe('a clear of one run', () => {
  const spec = dagSpec([taskSpec('a'), taskSpec('b', { upstream: ['a'] })]);
  const done = () =>
    snapshotOf(spec, [
      { taskId: 'a', state: 'success' },
      { taskId: 'b', state: 'failed' },
    ]);

  it('of some tasks takes them back and queues the run again', () => {
    const { commit, effects } = plan(done(), { selection: only('b') });
    expect(effects).toEqual(['clear b -1 failed']);
    expect(commit).toMatchObject({
      changes: [{ taskInstanceId: 2, path: ['none'] }],
      insertions: [],
      run: { from: 'success', path: ['queued'], queuedAt: NOW, endedAt: null, clearNumber: 1, versionId: 1 },
    });
  });

  it('of nothing changes nothing', () => {
    expect(plan(done())).toEqual(nothing);
    expect(plan(done(), { selection: only('elsewhere') })).toEqual(nothing);
    expect(plan(done(), { selection: only('a', { onlyFailed: true }) })).toEqual(nothing);
    expect(plan(done(), { selection: { tasks: null, onlyRunning: true } })).toEqual(nothing);
  });

  it('as a whole queues a run without task instances, too; of single tasks or states it does not', () => {
    const empty = snapshotOf(dagSpec([]), []);
    expect(plan(empty, { selection: all }).commit).toMatchObject({ changes: [], run: { path: ['queued'], clearNumber: 1 } });
    expect(plan(empty, { selection: only('a') })).toEqual(nothing);
    expect(plan(empty, { selection: { tasks: null, onlyFailed: true } })).toEqual(nothing);
  });

  it('writes nothing of what waits for its first try', () => {
    const waiting = snapshotOf(spec, [{ taskId: 'a', state: 'failed' }, { taskId: 'b' }], { state: 'running', endedAt: null });
    const { commit } = plan(waiting, { selection: only('a') });
    expect(commit?.changes.map(({ taskInstanceId }) => taskInstanceId)).toEqual([1]);
  });

  it('leaves the run alone when told so', () => {
    const { commit } = plan(done(), { selection: only('b'), resetRun: false });
    expect(commit).toMatchObject({ run: null, changes: [{ path: ['none'] }] });
  });

  it('to the version that the run has is an ordinary clear', () => {
    const same = { id: 1, spec: dagSpec([taskSpec('a'), taskSpec('new')]) };
    expect(plan(done(), { version: same })).toEqual(nothing);
    expect(plan(done(), { selection: only('b'), version: same }).effects).toEqual(['clear b -1 failed']);
    expect(plan(done(), { selection: only('b'), version: same, resetRun: false }).commit?.run).toBeNull();
  });
});

describe('a clear to another version', () => {
  const version = (...tasks: readonly ReturnType<typeof taskSpec>[]) => ({ id: 2, spec: dagSpec(tasks) });
  const before = (run: Partial<DagRun> = {}) =>
    snapshotOf(
      dagSpec([taskSpec('a'), taskSpec('gone')]),
      [
        { taskId: 'a', state: 'failed', tryNumber: 1 },
        { taskId: 'gone', state: 'success' },
        { taskId: 'back', state: 'removed', endedAt: 4 },
      ],
      run,
    );

  it('restores what is back, adds what is new and removes what is gone, in one commit', () => {
    const { commit, effects } = plan(before(), {
      selection: only('a'),
      version: version(taskSpec('a'), taskSpec('back'), taskSpec('new')),
    });
    expect(effects).toEqual(['clear a -1 failed', 'remove gone -1 success', 'restore back -1 removed', 'add new -1 none']);
    const changes = commit?.changes.map(({ next, path, reason }) => [next.taskId, reason, ...path]);
    expect(changes?.sort()).toEqual([
      ['a', 'cleared', 'none'],
      ['back', 'task_restored', 'none'],
      ['gone', 'task_removed', 'removed'],
    ]);
    expect(commit?.changes.find(({ next }) => next.taskId === 'back')?.next.endedAt).toBeNull();
    expect(commit?.insertions).toMatchObject([{ row: { taskId: 'new', mapIndex: -1, state: 'none' }, path: [] }]);
    expect(commit?.run).toMatchObject({ versionId: 2, path: ['queued'] });
  });

  it('clears what is back when it is chosen, instead of restoring it', () => {
    const { effects } = plan(before(), { selection: all, version: version(taskSpec('a'), taskSpec('back')) });
    expect(effects).toEqual(['clear a -1 failed', 'clear back -1 removed', 'remove gone -1 success']);
  });

  it('without a selection takes up what is new or back, and leaves the run alone where there is none of it', () => {
    expect(plan(before(), { version: version(taskSpec('a'), taskSpec('back')) }).effects).toEqual([
      'remove gone -1 success',
      'restore back -1 removed',
    ]);
    expect(plan(before(), { version: version(taskSpec('a'), taskSpec('new')) }).effects).toEqual([
      'remove gone -1 success',
      'add new -1 none',
    ]);
    expect(plan(before(), { version: version(taskSpec('a')) })).toEqual(nothing);
  });

  it('adds tasks as the other version says, to a run that goes on, too', () => {
    const { commit } = plan(before({ state: 'running', endedAt: null }), {
      selection: all,
      version: version(taskSpec('a'), taskSpec('n1'), taskSpec('n2', { retries: 3, pool: 'wide' })),
    });
    expect(commit?.insertions.map(({ row }) => [row.taskId, row.maxTries, row.pool])).toEqual([
      ['n1', 1, 'default_pool'],
      ['n2', 4, 'wide'],
    ]);
    expect(commit?.run).toMatchObject({ from: 'running', path: [], versionId: 2, clearNumber: 1 });
  });

  it('has what waits for its first try wait as the other version says, and nothing else', () => {
    const snapshot = snapshotOf(
      dagSpec(['fresh', 'tried', 'queued', 'failed'].map((taskId) => taskSpec(taskId))),
      [
        { taskId: 'fresh' },
        { taskId: 'tried', tryNumber: 1 },
        { taskId: 'queued', state: 'scheduled', tryNumber: 0 },
        { taskId: 'failed', state: 'failed', tryNumber: 1 },
      ],
      { state: 'running', endedAt: null },
    );
    const changed = { pool: 'wide', poolSlots: 2, queue: 'big', priorityWeight: 7, retries: 4 };
    const other = version(...['fresh', 'tried', 'queued', 'failed'].map((taskId) => taskSpec(taskId, changed)));
    const { commit } = plan(snapshot, { selection: only('failed'), version: other });
    const values = { pool: 'wide', poolSlots: 2, queue: 'big', priorityWeight: 7 };
    expect(commit?.changes.map(({ next }) => next.taskId).sort()).toEqual(['failed', 'fresh']);
    expect(commit?.changes.find(({ next }) => next.taskId === 'fresh')).toMatchObject({
      path: [],
      next: { ...values, maxTries: 5 },
    });
    expect(commit?.changes.find(({ next }) => next.taskId === 'failed')).toMatchObject({ next: { ...values, maxTries: 6 } });
  });

  it('weighs new tasks by what follows them', () => {
    const other = version(
      taskSpec('a'),
      taskSpec('new', { priorityWeight: 2 }),
      taskSpec('after', { upstream: ['new'], priorityWeight: 5 }),
    );
    const { commit } = plan(before(), { version: other });
    expect(commit?.insertions.map(({ row }) => [row.taskId, row.priorityWeight])).toEqual([
      ['new', 7],
      ['after', 5],
    ]);
  });
});

describe('another version and mapped tasks', () => {
  const adopted = (from: DagSpec, rows: readonly (Partial<TaskInstance> & { taskId: string })[], to: DagSpec) => {
    const { snapshot, removed, restored, outgrown } = adoptVersion(snapshotOf(from, rows), to, NOW);
    const ids = (instances: readonly TaskInstance[]) => instances.map(({ id }) => id);
    return {
      kept: ids(snapshot.taskInstances),
      removed: ids(removed.map(({ instance }) => instance)),
      restored: ids(restored),
      outgrown: ids(outgrown),
    };
  };
  const plain = dagSpec([taskSpec('m')]);
  const mapped = dagSpec([taskSpec('m', { map: MAP })]);
  const copies = [
    { taskId: 'm', mapIndex: 0, state: 'success' },
    { taskId: 'm', mapIndex: 1, state: 'success' },
  ] as const;

  it.each<[string, DagSpec, readonly (Partial<TaskInstance> & { taskId: string })[], DagSpec, object]>([
    ['copies stay where the task is still mapped', mapped, copies, mapped, { kept: [1, 2] }],
    ['copies go where it no longer is', mapped, copies, plain, { removed: [1, 2] }],
    ['one that is not mapped stays', plain, [{ taskId: 'm', state: 'success' }], plain, { kept: [1] }],
    ['one that becomes mapped begins anew', plain, [{ taskId: 'm', state: 'success' }], mapped, { kept: [1], outgrown: [1] }],
    ['one that is not expanded yet goes on', mapped, [{ taskId: 'm', state: 'none' }], mapped, { kept: [1] }],
    [
      'a removed row of a task that is mapped now is restored',
      dagSpec([]),
      [{ taskId: 'm', state: 'removed' }],
      mapped,
      { kept: [1], restored: [1] },
    ],
    [
      'copies of a task that was not there before stay',
      dagSpec([]),
      [{ taskId: 'm', mapIndex: 0, state: 'success' }],
      mapped,
      { kept: [1] },
    ],
    [
      'removed copies stay removed where it no longer is mapped',
      mapped,
      [{ taskId: 'm', mapIndex: 0, state: 'removed' }],
      plain,
      {},
    ],
  ])('%s', (_case, from, rows, to, expected) => {
    expect(adopted(from, rows, to)).toEqual({ kept: [], removed: [], restored: [], outgrown: [], ...expected });
  });
});

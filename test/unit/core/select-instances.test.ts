import { describe, expect, it } from '@jest/globals';
import {
  selectForClear,
  selectForMark,
  selectToResume,
  statesOf,
  type ClearSelection,
  type TaskChoice,
} from '../../../src/core/task-instance/select-instances.js';
import type { TaskSpec } from '../../../src/model/dag-spec.js';
import type { TaskInstanceState } from '../../../src/model/states.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { dagSpec, taskInstance, taskSpec } from './factories.js';

const all = (...taskIds: readonly string[]): readonly TaskChoice[] => taskIds.map((taskId) => ({ taskId, mapIndexes: null }));

function instances(tasks: readonly TaskSpec[], states: Readonly<Record<string, TaskInstanceState>> = {}): readonly TaskInstance[] {
  return tasks.map(({ taskId }, index) => taskInstance(index + 1, taskId, { state: states[taskId] ?? 'success' }));
}

const named = (chosen: readonly TaskInstance[]): string =>
  chosen.map(({ taskId, mapIndex }) => (mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`)).join(' ');

describe('a selection for a clear', () => {
  const tasks = [taskSpec('load'), taskSpec('load_more', { upstream: ['load'] }), taskSpec('report', { upstream: ['load_more'] })];
  const rows = instances(tasks, { load: 'running', load_more: 'failed', report: 'upstream_failed' });

  it.each<[Omit<ClearSelection, 'tasks'> & { tasks?: readonly TaskChoice[] | null }, string]>([
    [{}, 'load load_more report'],
    [{ tasks: all('load') }, 'load'],
    [{ tasks: all('load'), downstream: true }, 'load load_more report'],
    [{ tasks: all('load_more'), upstream: true }, 'load load_more'],
    [{ tasks: all('load_more'), upstream: true, downstream: true }, 'load load_more report'],
    [{ onlyFailed: true }, 'load_more report'],
    [{ onlyRunning: true }, 'load'],
    [{ onlyRunning: true, onlyFailed: true, tasks: all('load', 'load_more') }, 'load load_more'],
    [{ tasks: all('load'), downstream: true, onlyFailed: true }, 'load_more report'],
    [{ tasks: [] }, ''],
    [{ tasks: all('nobody'), downstream: true }, ''],
  ])('%j means %s', (selection, expected) => {
    expect(named(selectForClear(dagSpec(tasks), rows, { tasks: null, ...selection }))).toBe(expected);
  });

  it('holds removed instances of tasks that are there, and none of tasks that are not', () => {
    const more = [taskInstance(8, 'report', { state: 'removed' }), taskInstance(9, 'gone', { state: 'success' })];
    expect(named(selectForClear(dagSpec(tasks), more, { tasks: null }))).toBe('report');
    expect(named(selectForClear(dagSpec(tasks), more, { tasks: all('gone', 'report') }))).toBe('report');
    expect(named(selectForMark(dagSpec(tasks), more, all('gone', 'report'), {}))).toBe('report');
    expect(named(selectForMark(dagSpec(tasks), more, all('gone'), { upstream: true, downstream: true }))).toBe('');
  });

  it('pitfall 44: of a skipped child of a branch is the child alone: the branch has to be named for it to run', () => {
    const branch = taskSpec('choose', { decides: { kind: 'branch' } });
    const spec = [branch, taskSpec('left', { upstream: ['choose'] }), taskSpec('right', { upstream: ['choose'] })];
    const skipped = instances(spec, { left: 'skipped' });
    expect(named(selectForClear(dagSpec(spec), skipped, { tasks: all('left') }))).toBe('left');
    expect(named(selectForClear(dagSpec(spec), skipped, { tasks: all('left'), upstream: true }))).toBe('choose left');
  });
});

it('goes downstream from the chosen tasks, or also from what is upstream of them', () => {
  const tasks = [
    taskSpec('a'),
    taskSpec('b', { upstream: ['a'] }),
    taskSpec('c', { upstream: ['a'] }),
    taskSpec('d', { upstream: ['b', 'c'] }),
    taskSpec('x'),
  ];
  const selected = (taskId: string, change: Omit<ClearSelection, 'tasks'>): string =>
    named(selectForClear(dagSpec(tasks), instances(tasks), { tasks: all(taskId), upstream: true, downstream: true, ...change }));
  expect(selected('b', {})).toBe('a b d');
  expect(selected('b', { downstreamOf: 'chosen' })).toBe('a b d');
  expect(selected('b', { downstreamOf: 'upstream' })).toBe('a b c d');
  expect(selected('b', { downstreamOf: 'upstream', upstream: false })).toBe('b d');
  expect(selected('b', { downstreamOf: 'upstream', downstream: false })).toBe('a b');
});

describe('states that a selection is narrowed to', () => {
  it.each([
    [{}, null],
    [{ onlyFailed: true }, ['failed', 'upstream_failed']],
    [{ onlyRunning: true }, ['running']],
    [{ onlyFailed: true, onlyRunning: true }, ['failed', 'upstream_failed', 'running']],
    [{ onlyFailed: false, onlyRunning: false }, null],
  ])('%j: %j', (selection, expected) => expect(statesOf(selection)).toEqual(expected));
});

describe('setups and teardowns', () => {
  // before -> s -> w1 -> w2 -> td, after z; a second setup that is never cleaned up, and one that is over before.
  const tasks = [
    taskSpec('early', { role: 'setup' }),
    taskSpec('early_td', { role: 'teardown', upstream: ['early'] }),
    taskSpec('forever', { role: 'setup', upstream: ['early'] }),
    taskSpec('s', { role: 'setup', upstream: ['forever'] }),
    taskSpec('w1', { upstream: ['s'] }),
    taskSpec('w2', { upstream: ['w1'] }),
    taskSpec('td', { role: 'teardown', upstream: ['s', 'w2'] }),
    taskSpec('z', { upstream: ['w2'] }),
  ];
  const rows = instances(tasks);

  it.each<[string, readonly TaskChoice[], Pick<ClearSelection, 'upstream' | 'downstream'>, string]>([
    ['work brings those around it', all('w1'), {}, 'forever s w1 td'],
    ['work after it brings what it needs', all('z'), {}, 'forever z'],
    ['a setup brings its teardowns', all('s'), {}, 's td'],
    ['a teardown comes alone', all('td'), {}, 'td'],
    ['upstream brings teardowns of setups', all('z'), { upstream: true }, 'early early_td forever s w1 w2 td z'],
    ['downstream brings those of what is below', all('s'), { downstream: true }, 'forever s w1 w2 td z'],
  ])('%s', (_what, chosen, relatives, expected) => {
    expect(named(selectForClear(dagSpec(tasks), rows, { tasks: chosen, ...relatives }))).toBe(expected);
  });

  it('that belong to no setup stay as they are, whichever work lies before them', () => {
    const spec = [
      taskSpec('w1'),
      taskSpec('w2', { upstream: ['w1'] }),
      taskSpec('lonely_td', { role: 'teardown', upstream: ['w1', 'w2'] }),
    ];
    const alone = (taskId: string, relatives: Pick<ClearSelection, 'upstream' | 'downstream'>) =>
      named(selectForClear(dagSpec(spec), instances(spec), { tasks: all(taskId), ...relatives }));
    expect(alone('w1', {})).toBe('w1');
    expect(alone('w2', { upstream: true })).toBe('w1 w2');
    expect(alone('w2', { downstream: true })).toBe('w2 lonely_td');
  });

  it('are left alone by a mark that goes downstream, and taken by one that goes upstream', () => {
    expect(named(selectForMark(dagSpec(tasks), rows, all('w1'), { downstream: true }))).toBe('w1 w2 z');
    expect(named(selectForMark(dagSpec(tasks), rows, all('w1'), { upstream: true }))).toBe('early forever s w1');
    expect(named(selectForMark(dagSpec(tasks), rows, all('td'), {}))).toBe('td');
  });
});

describe('copies', () => {
  const map = { kind: 'each', sources: [{ kind: 'value', value: [1, 2] }] } as const;
  const tasks = [
    taskSpec('a'),
    taskSpec('g.p', { groupId: 'g', upstream: ['a'] }),
    taskSpec('g.q', { groupId: 'g.inner', upstream: ['g.p'] }),
    taskSpec('z', { upstream: ['g.q'] }),
  ];
  const groups = [
    { groupId: 'g', parentId: null, map },
    { groupId: 'g.inner', parentId: 'g', map: null },
  ];
  const spec = dagSpec(tasks, { groups });
  const rows = [
    taskInstance(1, 'a'),
    ...[0, 1].map((mapIndex) => taskInstance(2 + mapIndex, 'g.p', { mapIndex })),
    ...[0, 1].map((mapIndex) => taskInstance(4 + mapIndex, 'g.q', { mapIndex })),
    taskInstance(6, 'z'),
  ];
  const copy = (taskId: string, ...mapIndexes: readonly number[]): readonly TaskChoice[] => [{ taskId, mapIndexes }];

  it.each<[readonly TaskChoice[], Pick<ClearSelection, 'upstream' | 'downstream'>, string]>([
    [copy('g.p', 1), {}, 'g.p[1]'],
    [copy('g.p', 1), { downstream: true }, 'g.p[1] g.q[1] z'],
    [copy('g.q', 0), { upstream: true }, 'a g.p[0] g.q[0]'],
    [[...copy('g.p', 0), ...copy('g.q', 1)], { downstream: true }, 'g.p[0] g.q[0] g.q[1] z'],
    [all('g.p'), { downstream: true }, 'g.p[0] g.p[1] g.q[0] g.q[1] z'],
    [[...copy('g.p', 1), ...all('g.p')], {}, 'g.p[0] g.p[1]'],
    [[...all('g.p'), ...copy('g.p', 1)], {}, 'g.p[0] g.p[1]'],
    [[...all('g.p'), ...copy('g.p', 1)], { downstream: true }, 'g.p[0] g.p[1] g.q[0] g.q[1] z'],
    [[...copy('g.p', 0), ...copy('g.p', 1)], { downstream: true }, 'g.p[0] g.p[1] g.q[0] g.q[1] z'],
    [all('z'), { upstream: true }, 'a g.p[0] g.p[1] g.q[0] g.q[1] z'],
    [copy('g.p', 7), {}, ''],
  ])('%j with %j are %s', (chosen, relatives, expected) => {
    expect(named(selectForClear(spec, rows, { tasks: chosen, ...relatives }))).toBe(expected);
  });
});

describe('relatives of relatives', () => {
  const map = { kind: 'each', sources: [{ kind: 'value', value: [1, 2] }] } as const;
  const member = (taskId: string, ...upstream: readonly string[]) => taskSpec(taskId, { groupId: 'g', upstream });
  const groups = [{ groupId: 'g', parentId: null, map }];

  it('of each copy are found, also where another copy has been there before', () => {
    const tasks = [member('p'), member('q', 'p'), member('r', 'q')];
    const rows = tasks.flatMap(({ taskId }, index) =>
      [0, 1, 2].map((mapIndex) => taskInstance(1 + 3 * index + mapIndex, taskId, { mapIndex })),
    );
    const chosen = [0, 1].map((mapIndex) => ({ taskId: 'p', mapIndexes: [mapIndex] }));
    const found = selectForClear(dagSpec(tasks, { groups }), rows, { tasks: chosen, downstream: true });
    expect(named(found)).toBe('p[0] p[1] q[0] q[1] r[0] r[1]');
  });

  it('are found once, however many ways lead to them', () => {
    const levels = Array.from({ length: 60 }, (_, level) =>
      ['a', 'b'].map((side) => member(`${side}${level}`, ...(level === 0 ? [] : [`a${level - 1}`, `b${level - 1}`]))),
    );
    const tasks = levels.flat();
    const rows = tasks.map(({ taskId }, index) => taskInstance(index + 1, taskId, { mapIndex: 1 }));
    for (const mapIndexes of [[1], null]) {
      const below = { tasks: [{ taskId: 'a0', mapIndexes }], downstream: true };
      expect(selectForClear(dagSpec(tasks, { groups }), rows, below)).toHaveLength(119);
      const above = { tasks: [{ taskId: 'a59', mapIndexes }], upstream: true };
      expect(selectForClear(dagSpec(tasks, { groups }), rows, above)).toHaveLength(119);
    }
  });
});

describe('what goes on below a marked task', () => {
  const tasks = [taskSpec('a'), taskSpec('b', { upstream: ['a'] }), taskSpec('c', { upstream: ['b'] }), taskSpec('x')];
  const rows = instances(tasks, { a: 'failed', b: 'failed', c: 'upstream_failed', x: 'failed' });

  it('is what failed below it, without itself', () => {
    expect(named(selectToResume(dagSpec(tasks), rows, 'a'))).toBe('b c');
    expect(named(selectToResume(dagSpec(tasks), rows, 'c'))).toBe('');
    expect(named(selectToResume(dagSpec(tasks), rows, 'nobody'))).toBe('');
  });
});

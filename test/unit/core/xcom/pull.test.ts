import { describe, expect, it } from '@jest/globals';
import { choosePulled, planPull } from '../../../../src/core/xcom/pull.js';
import type { TaggedJson } from '../../../../src/model/tagged-json.js';
import type { XComPull, XComRow } from '../../../../src/model/xcom.js';

const PULL: XComPull = { taskIds: 'm', key: 'return_value', mapIndexes: 'all', runId: null, includePriorDates: false };
const row = (taskId: string, mapIndex: number, value: TaggedJson): XComRow => ({ taskId, mapIndex, value });

const OWN = { runId: null, includePriorDates: false };

describe('what a pull reads', () => {
  it.each([
    [{}, { taskIds: ['m'], mapIndexes: null, ...OWN }],
    [{ taskIds: null }, { taskIds: ['self'], mapIndexes: null, ...OWN }],
    [
      { taskIds: ['b', 'a'], mapIndexes: 3 },
      { taskIds: ['b', 'a'], mapIndexes: [3], ...OWN },
    ],
    [
      { mapIndexes: [2, 0], includePriorDates: true },
      { taskIds: ['m'], mapIndexes: [2, 0], runId: null, includePriorDates: true },
    ],
    [
      { taskIds: ['b', 'a', 'b'], mapIndexes: [0, 0] },
      { taskIds: ['b', 'a'], mapIndexes: [0], ...OWN },
    ],
    [
      { runId: 'r', includePriorDates: true },
      { taskIds: ['m'], mapIndexes: null, runId: 'r', includePriorDates: true },
    ],
  ] as const)('%j', (change, query) => {
    expect(planPull({ ...PULL, ...change }, 'self')).toEqual({ key: 'return_value', ...query });
  });
});

describe('what a pull gives', () => {
  const rows = [row('m', 10, 'm10'), row('m', 2, 'm2'), row('m', 3, null), row('a', -1, 'a')];
  it.each([
    ['values in the order of their map indexes, without null', {}, ['m2', 'm10']],
    ['the one value of a task', { taskIds: 'a' }, 'a'],
    ['nothing', { taskIds: 'none' }, undefined],
    ['the fallback for nothing', { taskIds: 'none', fallback: 0 }, 0],
    ['the fallback for null', { mapIndexes: 3, fallback: 'x' }, 'x'],
    ['one flat list of several tasks, with null for nothing', { taskIds: ['a', 'none', 'm'] }, ['a', null, 'm2', 'm10']],
    ['map indexes in the order asked for', { mapIndexes: [10, 3, 2] }, ['m10', null, 'm2']],
    ['twice what is asked for twice', { taskIds: ['a', 'a'] }, ['a', 'a']],
    ['a list for a list of one', { taskIds: ['a'] }, ['a']],
    ['a list for one map index in a list', { mapIndexes: [2] }, ['m2']],
    ['an empty list for no tasks', { taskIds: [] }, []],
  ] as const)('%s', (_, change, expected) => {
    expect(choosePulled({ ...PULL, ...change }, 'self', rows)).toEqual(expected);
  });
});

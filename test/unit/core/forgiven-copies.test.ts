import { describe, expect, it } from '@jest/globals';
import { forgivenCopies } from '../../../src/core/dag-run/task-node.js';
import type { MapSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import { afterPass, member, viewOfRows, type Rows } from './dependency/copies.js';
import { taskSpec } from './factories.js';

const four: MapSpec = { kind: 'each', sources: [{ kind: 'value', value: [0, 1, 2, 3] }] };
const TWO: MapSpec = { ...four, allowFailures: { count: 2 } };
const HALF: MapSpec = { ...four, allowFailures: { percent: 50 } };

/** Rows of the copies of a task, in order. */
const copies = (taskId: string, ...states: readonly ('success' | 'failed' | 'upstream_failed' | 'removed')[]): Rows =>
  Object.fromEntries(states.map((state, index) => [`${taskId}[${index}]`, state]));

describe('copies of a group that may fail', () => {
  /** `load` comes after `fetch` and `check` in the group, and after `ready` outside of it, which `fetch` needs as well; then `index`, and `join` behind the group. */
  const tasks: readonly TaskSpec[] = [
    taskSpec('ready'),
    member('fetch', { upstream: ['ready'] }),
    member('check'),
    member('load', { upstream: ['fetch', 'check', 'ready'] }),
    member('index', { upstream: ['load'] }),
    taskSpec('join', { upstream: ['index'] }),
  ];
  const fine = copies('check', 'success', 'success', 'success', 'success');
  const forgiven = (taskId: string, rows: Rows, map = TWO) =>
    forgivenCopies(viewOfRows(tasks, { ready: 'success', ...fine, ...rows }, map).node(taskId));

  it('are those that failed, and those behind them', () => {
    const rows = {
      ...copies('fetch', 'failed', 'success', 'success', 'success'),
      ...copies('load', 'upstream_failed', 'failed', 'success', 'success'),
    };
    expect([forgiven('fetch', rows), forgiven('load', rows), forgiven('check', rows)]).toEqual([1, 2, 0]);
    const behindAlone = copies('load', 'upstream_failed', 'success', 'success', 'success');
    expect(forgiven('load', { ...rows, ...behindAlone })).toBe(1);
  });

  it('are also those further behind, and let what is behind the group go on', () => {
    const behind = ['upstream_failed', 'success', 'success', 'success'] as const;
    const rows = {
      ...copies('fetch', 'failed', 'success', 'success', 'success'),
      ...copies('load', ...behind),
      ...copies('index', ...behind),
    };
    expect(forgiven('index', rows)).toBe(1);
    expect(afterPass(tasks, { ready: 'success', ...fine, ...rows, join: 'none' }, TWO)['join']).toBe('scheduled');
  });

  it('are none where more failed than may', () => {
    const rows = {
      ...copies('fetch', 'failed', 'success', 'success', 'success'),
      ...copies('load', 'upstream_failed', 'failed', 'failed', 'success'),
    };
    expect(forgiven('load', rows)).toBe(0);
  });

  it('are none where something outside of the group failed them', () => {
    const rows = copies('load', 'upstream_failed', 'upstream_failed', 'success', 'success');
    expect(forgiven('load', { ...rows, ...copies('fetch', 'failed', 'success', 'success', 'success') })).toBe(0);
    // Also where it stands before a task of the group that comes before.
    const before = copies('fetch', 'upstream_failed', 'upstream_failed', 'success', 'success');
    expect(forgiven('load', { ...rows, ...before })).toBe(0);
  });

  it('are counted among those that exist', () => {
    const rows = (...states: Parameters<typeof copies>[1][]) => copies('fetch', ...states);
    expect(forgiven('fetch', rows('failed', 'success', 'removed', 'removed'), HALF)).toBe(1);
    expect(forgiven('fetch', rows('failed', 'failed', 'removed', 'removed'), HALF)).toBe(0);
  });
});

it('of a mapped task outside of groups those count that it failed itself', () => {
  const tasks = [taskSpec('a'), taskSpec('m', { upstream: ['a'], map: TWO })];
  const forgiven = (rows: Rows) => forgivenCopies(viewOfRows(tasks, rows).node('m'));
  expect(forgiven({ a: 'success', ...copies('m', 'failed', 'failed', 'success', 'success') })).toBe(2);
  expect(forgiven({ a: 'failed', m: 'upstream_failed' })).toBe(0);
});

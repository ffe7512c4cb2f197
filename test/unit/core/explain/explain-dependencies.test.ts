import { describe, expect, it } from '@jest/globals';
import { explainTask } from '../../../../src/core/explain/explain-task.js';
import type { TaskSpec } from '../../../../src/model/dag-spec.js';
import type { PreviousRun } from '../../../../src/model/snapshot.js';
import { member, viewOfRows, type Rows } from '../dependency/copies.js';
import { taskSpec, viewOf } from '../factories.js';
import { situationOf } from './situations.js';

const NOW = 1_000;

function blockersOf(tasks: readonly TaskSpec[], rows: Rows, taskId: string, mapIndex = -1) {
  return explainTask(situationOf(viewOfRows(tasks, rows), NOW), taskId, mapIndex, { parallelism: 32 }).blockers;
}

const over = (...taskIds: readonly string[]): Partial<TaskSpec> => ({
  upstream: taskIds,
  map: { kind: 'zip', sources: taskIds.map((taskId) => ({ kind: 'ref', taskId }) as const) },
});

describe('what a task says of its parents', () => {
  const tasks = [taskSpec('a'), taskSpec('b'), taskSpec('z', { upstream: ['a', 'b'], triggerRule: 'one_failed' })];

  it('names those that have not succeeded', () => {
    const all = [...tasks.slice(0, 2), taskSpec('z', { upstream: ['a', 'b'] })];
    expect(blockersOf(all, { a: 'success', b: 'running', z: 'none' }, 'z')).toMatchObject([
      { text: 'its trigger rule all_success is not met: b is running', until: null, becomes: null, holders: [] },
    ]);
  });

  it('names only those that it waits for, while it waits', () => {
    const all = [...tasks.slice(0, 2), taskSpec('z', { upstream: ['a', 'b'], triggerRule: 'all_done' })];
    expect(blockersOf(all, { a: 'upstream_failed', b: 'running', z: 'none' }, 'z')[0]?.text).toBe(
      'its trigger rule all_done is not met: b is running',
    );
  });

  it('names all that have not succeeded where it waits for none of them', () => {
    const all = [...tasks.slice(0, 2), taskSpec('z', { upstream: ['a', 'b'] })];
    expect(blockersOf(all, { a: 'failed', b: 'running', z: 'none' }, 'z')[0]?.text).toBe(
      'its trigger rule all_success is not met: a is failed, b is running, so it becomes upstream_failed',
    );
  });

  it('says so where it is their success that is in the way', () => {
    expect(blockersOf(tasks, { a: 'success', b: 'success', z: 'none' }, 'z')).toMatchObject([
      { text: 'its trigger rule one_failed is not met: all parents succeeded, so it becomes skipped', becomes: 'skipped' },
    ]);
  });

  it('names five at most', () => {
    const parents = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7'];
    const textOf = (upstream: readonly string[]) =>
      blockersOf(
        [...upstream.map((id) => taskSpec(id)), taskSpec('z', { upstream })],
        { ...Object.fromEntries(upstream.map((id) => [id, 'running' as const])), z: 'none' },
        'z',
      )[0]?.text;
    const five = 'p1 is running, p2 is running, p3 is running, p4 is running, p5 is running';
    expect(textOf(parents.slice(0, 5))).toBe(`its trigger rule all_success is not met: ${five}`);
    expect(textOf(parents)).toBe(`its trigger rule all_success is not met: ${five} and 2 more`);
  });

  it('looks at the parents of a retry that were cleared, and does not wait for a time because of them', () => {
    const rows: Rows = { a: 'success', b: 'none', z: { state: 'up_for_retry', tryNumber: 1, maxTries: 2, wakeAt: 5_000 } };
    expect(blockersOf(tasks, rows, 'z').map(({ code, until }) => [code, until])).toEqual([
      ['trigger_rule', null],
      ['retry_delay', 5_000],
    ]);
  });
});

describe('what a copy in a mapped group says', () => {
  it('of its parents names the copies with its index', () => {
    const tasks = [member('p'), member('c', { upstream: ['p'] })];
    const rows: Rows = { 'p[0]': 'running', 'p[1]': 'queued', 'c[0]': 'none', 'c[1]': 'none' };
    expect(blockersOf(tasks, rows, 'c', 0)[0]?.text).toBe('its trigger rule all_success is not met: p[0] is running');
    expect(blockersOf(tasks, rows, 'c', 1)[0]?.text).toBe('its trigger rule all_success is not met: p[1] is queued');
  });

  it('of its setups names the copies with its index', () => {
    const tasks = [member('s', { role: 'setup' }), member('p', { upstream: ['s'] }), member('w', { upstream: ['p'] })];
    const rows: Rows = {
      's[0]': 'failed',
      's[1]': 'running',
      'p[0]': 'success',
      'p[1]': 'success',
      'w[0]': 'none',
      'w[1]': 'none',
    };
    expect(blockersOf(tasks, rows, 'w', 0)).toMatchObject([
      {
        code: 'setup_ended',
        text: 'its setups are not all done well: s[0] is failed, so it becomes upstream_failed',
        becomes: 'upstream_failed',
      },
    ]);
    expect(blockersOf(tasks, rows, 'w', 1)[0]?.text).toBe('its setups are not all done well: s[1] is running');
  });
});

describe('what a mapped task says of its sources', () => {
  it.each(['failed', 'skipped'] as const)('names one that ended without a value: %s', (state) => {
    const tasks = [taskSpec('a'), taskSpec('m', { ...over('a'), triggerRule: 'all_done' })];
    const becomes = state === 'failed' ? 'upstream_failed' : 'skipped';
    expect(blockersOf(tasks, { a: state, m: 'none' }, 'm')).toMatchObject([
      { code: 'map_source', text: `it is mapped over a, which is ${state}, so it becomes ${becomes}`, becomes },
    ]);
  });

  it('names all whose length is needed, as they are written', () => {
    const tasks = [taskSpec('o'), taskSpec('b'), taskSpec('a'), taskSpec('m', { ...over('b', 'a'), triggerRule: 'always' })];
    expect(blockersOf(tasks, { o: 'success', a: 'running', b: 'running', m: 'none' }, 'm')).toMatchObject([
      { code: 'map_length', text: 'the number of its copies is not known before b, a are done' },
    ]);
  });
});

it('a teardown names what still uses what it takes down', () => {
  const tasks = [
    taskSpec('s', { role: 'setup' }),
    taskSpec('w', { upstream: ['s'] }),
    taskSpec('v', { upstream: ['w'] }),
    taskSpec('td', { upstream: ['s', 'v'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
  ];
  expect(blockersOf(tasks, { s: 'success', w: 'running', v: 'success', td: 'none' }, 'td')).toMatchObject([
    { code: 'scope_not_done', text: 'w may still use what it takes down' },
  ]);
});

describe('what a task says of the run before', () => {
  const THERE = 'in the run before (1970-01-01T00:00:00Z)';
  const tasks = [taskSpec('b', { dependsOnPast: true }), taskSpec('c', { upstream: ['b'] })];
  const textOf = (states: PreviousRun['states'], [first, ...others]: readonly TaskSpec[] = tasks) => {
    const previous = { dagRunId: 9, logicalDate: 0, states, everRan: ['b'] };
    const view = viewOf([first as TaskSpec, ...others], {}, { snapshot: { previous } });
    return explainTask(situationOf(view, NOW), 'b', -1, { parallelism: 32 }).blockers.map(({ text }) => text);
  };

  it.each<[string, PreviousRun['states']]>([
    [
      `b is failed and upstream_failed ${THERE}; clear it or mark it there`,
      { b: ['success', 'failed', 'failed', 'skipped', 'upstream_failed'] },
    ],
    [`b is failed and running ${THERE}`, { b: ['failed', 'running'] }],
    [`b is removed ${THERE}; clear it or mark it there`, { b: ['removed'] }],
    ['the run before (1970-01-01T00:00:00Z) has no b, and a task with dependsOnPast waits for it', { c: ['success'] }],
  ])('%s', (text, states) => {
    expect(textOf(states)).toEqual([text]);
  });

  it('says so where it waits for its children there', () => {
    const waiting = [taskSpec('b', { waitForDownstream: true }), ...tasks.slice(1)];
    expect(textOf({ b: ['success'], c: ['failed'] }, waiting)).toEqual([
      `not all tasks below b are done well ${THERE}, as waitForDownstream wants`,
    ]);
    expect(textOf({ b: ['failed'], c: ['failed'] }, waiting)).toEqual([`b is failed ${THERE}; clear it or mark it there`]);
  });
});

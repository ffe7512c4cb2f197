import { describe, expect, it } from '@jest/globals';
import { forgetsPastOfMapped, isBeforeStart, sparesTeardowns } from './state-differences.js';

describe('rules about the past', () => {
  const ours = { met: false, reason: 'previous_ti_not_successful' };

  it.each([
    ['a run before the start date', {}, true],
    ['a run at the start date', { run: { type: 'scheduled', day: 5 } }, false],
    ['a run without a date', { run: { type: 'asset', day: null } }, false],
    ['no catchup', { catchup: false }, false],
    ['no start date', { task: { depends_on_past: true } }, false],
    ['another answer there', { expect: { met: false, reason: 'previous_ti_missing' } }, false],
  ])('before the start of a task: %s', (_what, change, expected) => {
    const testCase = {
      id: 'x',
      catchup: true,
      task: { depends_on_past: true, start_day: 5 },
      run: { type: 'scheduled', day: 4.5 },
      runs: [],
      expect: { met: true, reason: 'no_previous_run' },
      ...change,
    };
    expect(isBeforeStart(testCase, ours)).toBe(expected);
  });

  it.each([
    ['only waits for children', {}, true],
    ['also depends on its past', { task: { wait_for_downstream: true, depends_on_past: true } }, false],
    ['is not mapped', { mapped: undefined }, false],
    ['has another answer there', { expect: { met: true, reason: 'no_previous_run' } }, false],
  ])('of a mapped task that %s', (_what, change, expected) => {
    const recorded = { met: true, reason: 'depends_on_past_not_set' };
    const testCase = { id: 'x', mapped: 3, task: { wait_for_downstream: true }, run: {}, expect: recorded, ...change };
    expect(forgetsPastOfMapped(testCase, ours)).toBe(expected);
  });

  it('do not apply to answers of another kind', () => {
    const testCase = { id: 'x', catchup: true, mapped: 1, task: {}, run: {}, expect: {} };
    expect([isBeforeStart(testCase, { state: 'failed' }), forgetsPastOfMapped(testCase, null)]).toEqual([false, false]);
  });
});

it.each([
  ['a branch', 'branch', 'teardown', 'success', true],
  ['a latest-only', 'latest', 'teardown', 'success', true],
  ['a short circuit', 'short', 'teardown', 'success', false],
  ['a branch, of a task that is no teardown', 'branch', 'task', 'success', false],
  ['a branch, where it is skipped here too', 'branch', 'teardown', 'skipped', false],
])('the rule about teardowns, below %s', (_what, kind, role, ownState, expected) => {
  const run = (state: string) => ({ trace: [], run: 'success', reason: 'success', end: 1, states: { td: state }, tries: {} });
  const tasks = [
    { id: 'a', kind },
    { id: 'td', up: ['a'], kind: role },
  ];
  expect(sparesTeardowns({ id: 'x', tasks, expect: run('skipped') }, run(ownState))).toBe(expected);
});

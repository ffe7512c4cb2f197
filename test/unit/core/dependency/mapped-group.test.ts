import { describe, expect, it } from '@jest/globals';
import type { MapSpec, TriggerRule } from '../../../../src/model/dag-spec.js';
import { taskSpec } from '../factories.js';
import { answerOf, member, type Rows } from './copies.js';

const OVER_SRC: MapSpec = { kind: 'each', sources: [{ kind: 'ref', taskId: 'src' }] };

describe('the parents of a copy in a mapped group', () => {
  const tasks = [taskSpec('src'), member('p'), member('c', { upstream: ['p'] })];
  const child = (triggerRule: TriggerRule) => [taskSpec('src'), member('p'), member('c', { upstream: ['p'], triggerRule })];

  it.each<[string, Rows, string]>([
    ['c[0]', { 'p[0]': 'success', 'p[1]': 'failed', 'c[0]': 'none', 'c[1]': 'none' }, 'met'],
    ['c[1]', { 'p[0]': 'success', 'p[1]': 'failed', 'c[0]': 'none', 'c[1]': 'none' }, 'upstream_failed'],
    ['c[0]', { 'p[0]': 'running', 'p[1]': 'success', 'c[0]': 'none', 'c[1]': 'none' }, 'wait'],
    ['c[1]', { 'p[0]': 'running', 'p[1]': 'success', 'c[0]': 'none', 'c[1]': 'none' }, 'met'],
  ])('are the copies with its index: %s', (name, rows, verdict) => {
    expect(answerOf(tasks, rows, name).verdict).toBe(verdict);
  });

  it.each([
    ['failed', 'upstream_failed'],
    ['skipped', 'skipped'],
    ['none', 'wait'],
  ] as const)('are the row of a parent that is not expanded: %s', (state, verdict) => {
    const rows = { src: 'success', p: state, 'c[0]': 'none', 'c[1]': 'none' } as const;
    expect(answerOf(tasks, rows, 'c[0]', OVER_SRC).verdict).toBe(verdict);
    expect(answerOf(tasks, rows, 'c[1]', OVER_SRC).verdict).toBe(verdict);
  });

  it('hold nobody up where there is none with its index', () => {
    const rows = { src: { state: 'success', outputLength: 2 }, 'p[0]': 'failed', 'c[0]': 'none', 'c[1]': 'none' } as const;
    expect(answerOf(tasks, rows, 'c[1]', OVER_SRC).verdict).toBe('met');
  });

  it.each<[TriggerRule, string]>([
    ['one_failed', 'met'],
    ['one_success', 'met'],
    ['one_done', 'met'],
    ['none_failed_min_one_success', 'upstream_failed'],
  ])('are all copies for one that is not expanded, by rules that need not wait for all: %s', (rule, verdict) => {
    const rows = { src: { state: 'success', outputLength: 2 }, 'p[0]': 'success', 'p[1]': 'failed', c: 'none' } as const;
    expect(answerOf(child(rule), rows, 'c', OVER_SRC).verdict).toBe(verdict);
  });

  it.each<TriggerRule>(['all_success', 'all_done', 'none_failed'])(
    'are not looked at for one that is not expanded, by other rules, so that each copy can ask its own: %s',
    (rule) => {
      const rows = { src: { state: 'success', outputLength: 2 }, 'p[0]': 'running', 'p[1]': 'failed', c: 'none' } as const;
      expect(answerOf(child(rule), rows, 'c', OVER_SRC).verdict).toBe('met');
    },
  );
});

describe('a teardown in a mapped group', () => {
  const tasks = [
    taskSpec('src'),
    member('s', { role: 'setup' }),
    member('fast', { upstream: ['s'] }),
    member('slow', { upstream: ['s'] }),
    member('end', { upstream: ['fast', 'slow'], triggerRule: 'one_success' }),
    member('td', { upstream: ['end', 's'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
  ];
  const done = (index: number): Rows => ({
    [`s[${index}]`]: 'success',
    [`fast[${index}]`]: 'success',
    [`slow[${index}]`]: 'success',
    [`end[${index}]`]: 'success',
    [`td[${index}]`]: 'none',
  });
  const both: Rows = { src: { state: 'success', outputLength: 2 }, ...done(0), ...done(1) };
  const verdict = (rows: Rows, name: string) => answerOf(tasks, rows, name, OVER_SRC).verdict;

  it('asks the setup of its own copy', () => {
    const rows: Rows = { ...both, 's[1]': 'failed' };
    expect([verdict(rows, 'td[0]'), verdict(rows, 'td[1]')]).toEqual(['met', 'upstream_failed']);
  });

  it('does not take work for a setup', () => {
    const rows: Rows = { ...both, 'end[0]': 'failed', 's[1]': 'skipped' };
    expect([verdict(rows, 'td[0]'), verdict(rows, 'td[1]')]).toEqual(['met', 'skipped']);
  });

  it.each([0, 1])('waits for the work of its own copy: %i', (index) => {
    const rows: Rows = { ...both, [`slow[${index}]`]: 'running' };
    expect(answerOf(tasks, rows, `td[${index}]`)).toEqual({ verdict: 'wait', code: 'scope_not_done', data: { task: 'slow' } });
    expect(verdict(rows, `td[${1 - index}]`)).toBe('met');
  });

  it('waits for work that is not expanded, and not for work that its copy does not have', () => {
    const { 'slow[0]': _first, 'slow[1]': _second, ...others } = both;
    expect(verdict({ ...others, slow: 'none' }, 'td[0]')).toBe('wait');
    expect(verdict({ ...others, slow: 'none' }, 'td[1]')).toBe('wait');
    expect(verdict({ ...others, 'slow[0]': 'running' }, 'td[1]')).toBe('met');
  });

  it('gets its copies before the work is done, so that each waits for its own', () => {
    const { 'td[0]': _first, 'td[1]': _second, ...others } = both;
    expect(verdict({ ...others, 's[1]': 'success', 'slow[1]': 'running', td: 'none' }, 'td')).toBe('met');
    const { 'slow[0]': _third, 'slow[1]': _fourth, ...unexpanded } = others;
    expect(verdict({ ...unexpanded, slow: 'none', td: 'none' }, 'td')).toBe('wait');
  });
});

describe('a setup further up in a mapped group', () => {
  const tasks = [
    taskSpec('src'),
    member('s', { role: 'setup' }),
    member('p', { upstream: ['s'] }),
    member('w', { upstream: ['p'], triggerRule: 'all_done' }),
  ];
  const parents = { src: { state: 'success', outputLength: 2 }, 'p[0]': 'success', 'p[1]': 'success' } as const;
  const work = { 'w[0]': 'none', 'w[1]': 'none' } as const;
  const answer = (setups: Rows, name: string, rows: Rows = work) => {
    const { verdict, code } = answerOf(tasks, { ...parents, ...setups, ...rows }, name, OVER_SRC);
    return [verdict, code];
  };

  it.each([0, 1])('matters to its own copy alone: %i', (index) => {
    const setups = (state: 'failed' | 'skipped' | 'running'): Rows => ({
      's[0]': 'success',
      's[1]': 'success',
      [`s[${index}]`]: state,
    });
    expect(answer(setups('failed'), `w[${index}]`)).toEqual(['upstream_failed', 'setup_ended']);
    expect(answer(setups('skipped'), `w[${index}]`)).toEqual(['skipped', 'setup_ended']);
    expect(answer(setups('running'), `w[${index}]`)).toEqual(['wait', 'setup_not_done']);
    expect(answer(setups('failed'), `w[${1 - index}]`)).toEqual(['met', null]);
    expect(answer(setups('running'), `w[${1 - index}]`)).toEqual(['met', null]);
  });

  it('matters to all copies while it is not expanded', () => {
    for (const name of ['w[0]', 'w[1]']) {
      expect(answer({ s: 'failed' }, name)).toEqual(['upstream_failed', 'setup_ended']);
      expect(answer({ s: 'none' }, name)).toEqual(['wait', 'setup_not_done']);
    }
  });

  it('holds no copy up that has none', () => {
    expect(answer({ 's[0]': 'failed' }, 'w[1]')).toEqual(['met', null]);
  });

  it.each(['failed', 'running', 'removed'] as const)('does not keep work from getting its copies by one that is %s', (state) => {
    expect(answer({ 's[0]': 'success', 's[1]': state }, 'w', { w: 'none' })).toEqual(['met', null]);
    expect(answer({ s: 'none' }, 'w', { w: 'none' })).toEqual(['wait', 'setup_not_done']);
  });
});

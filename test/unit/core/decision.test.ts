/** What branches and short circuits decide, from what they return. */
import { describe, expect, it } from '@jest/globals';
import { decideBranch, decideShortCircuit, skipsAnything } from '../../../src/core/task-instance/decision.js';
import { dagSpec, taskSpec } from '../../support/dag-specs.js';

/** choose -> load, skip, report.plot; load -> join; choose -> join; choose -> clean (teardown); elsewhere stands apart. */
const spec = dagSpec('d', {
  groups: [
    { groupId: 'report', parentId: null, map: null },
    { groupId: 'report.inner', parentId: 'report', map: null },
    { groupId: 'empty', parentId: null, map: null },
  ],
  tasks: [
    taskSpec('choose', { decides: { kind: 'branch' } }),
    taskSpec('load', { upstream: ['choose'] }),
    taskSpec('skip', { upstream: ['choose'] }),
    taskSpec('join', { upstream: ['choose', 'load'] }),
    taskSpec('clean', { upstream: ['choose'], role: 'teardown' }),
    taskSpec('report.plot', { upstream: ['choose'], groupId: 'report' }),
    taskSpec('report.inner.send', { upstream: ['report.plot'], groupId: 'report.inner' }),
    taskSpec('elsewhere'),
  ],
});
const branch = (returned: unknown) => (decideBranch(spec, 'choose', returned) as { followed: readonly string[] }).followed;

describe('decideBranch', () => {
  it('pitfall 43: goes on with a join below the chosen task too, names only direct children, and never skips a teardown', () => {
    expect(branch('load')).toEqual(['load', 'join', 'clean']);
    expect(branch('skip')).toEqual(['skip', 'clean']);
    expect(branch(['load', 'skip'])).toEqual(['load', 'skip', 'join', 'clean']);
    expect(branch('join')).toEqual(['join', 'clean']);
  });

  it('reads a group as its first tasks, and lets the way to a deeper task be skipped', () => {
    expect(branch('report')).toEqual(['clean', 'report.plot']);
    expect(branch('report.inner')).toEqual(['clean']);
    expect(branch(['report.inner.send'])).toEqual(['clean']);
  });

  it.each([[null], [undefined], [[]]])('skips all children after %j', (returned) => {
    expect(branch(returned)).toEqual(['clean']);
    expect(skipsAnything(spec, 'choose', { followed: ['clean'] })).toBe(true);
  });

  it('skips nothing when every child was chosen', () => {
    const all = decideBranch(spec, 'choose', ['load', 'skip', 'report']);
    expect(skipsAnything(spec, 'choose', all)).toBe(false);
  });

  it('refuses what does not follow it, with the nearest right name', () => {
    expect(() => branch('lod')).toThrow(
      'BRANCH_INVALID: "lod" is not downstream of "choose"; valid: load, skip, join, clean, report.plot, report; did you mean load?',
    );
    expect(() => branch('elsewhere')).toThrow('BRANCH_INVALID: "elsewhere" is not downstream of "choose"');
    expect(() => branch('choose')).toThrow('BRANCH_INVALID: "choose" is not downstream of "choose"');
    expect(() => branch('empty')).toThrow('BRANCH_INVALID: "empty" is not downstream of "choose"');
    expect(() => branch(['load', 'nothing'])).toThrow('BRANCH_INVALID: "nothing" is not downstream of "choose"');
    expect(() => branch(['lod', 'load', 'elsewhere', 'skp'])).toThrow(
      'BRANCH_INVALID: "lod", "elsewhere", "skp" are not downstream of "choose"; valid: load, skip, join, clean, report.plot, report; did you mean load, skip?',
    );
    expect(() => branch(`${'x'.repeat(500)}\u202e`)).toThrow(`BRANCH_INVALID: "${'x'.repeat(96)}... is not downstream`);
    const wrong = (length: number) => () => branch(Array.from({ length }, (_, index) => `no${index}`));
    expect(wrong(12)).toThrow('"no9", and 2 more, are not downstream');
    expect(wrong(10)).toThrow('"no9" are not downstream');
    expect(() => branch('qqqqqqqq')).toThrow(expect.objectContaining({ details: expect.objectContaining({ suggestion: null }) }));
    expect(() => decideBranch(spec, 'elsewhere', 'load')).toThrow('valid: nothing: no task follows it');
  });

  it('takes a group only as a whole: all of its first tasks have to follow the branch', () => {
    const groups = [
      { groupId: 'outer', parentId: null, map: null },
      { groupId: 'outer.inner', parentId: 'outer', map: null },
      { groupId: 'mixed', parentId: null, map: null },
      { groupId: 'far', parentId: null, map: null },
    ];
    const tasks = [
      taskSpec('choose', { decides: { kind: 'branch' } }),
      taskSpec('outer.inner.first', { upstream: ['choose'], groupId: 'outer.inner' }),
      taskSpec('outer.second', { upstream: ['choose', 'outer.inner.first'], groupId: 'outer' }),
      taskSpec('outer.also', { upstream: ['choose'], groupId: 'outer' }),
      taskSpec('mixed.below', { upstream: ['choose'], groupId: 'mixed' }),
      taskSpec('mixed.elsewhere', { groupId: 'mixed' }),
      taskSpec('far.one', { upstream: ['choose'], groupId: 'far' }),
      taskSpec('far.two', { upstream: ['outer.also'], groupId: 'far' }),
    ];
    const nested = dagSpec('d', { groups, tasks });
    const followed = (returned: unknown) => decideBranch(nested, 'choose', returned);
    // What follows a chosen task goes on too.
    expect(followed('outer')).toEqual({ followed: ['outer.inner.first', 'outer.second', 'outer.also'] });
    expect(followed('outer.inner')).toEqual({ followed: ['outer.inner.first', 'outer.second'] });
    expect(followed('far')).toEqual({ followed: ['far.one'] });
    expect(() => followed('mixed')).toThrow(
      'valid: outer.inner.first, outer.second, outer.also, mixed.below, far.one, outer, outer.inner',
    );
    expect(() => followed('mixed')).toThrow('BRANCH_INVALID: "mixed" is not downstream of "choose"');
    // One of the first tasks of `far` follows another task first, so it is a valid choice, but not one to propose.
    expect(() => followed('mixed')).not.toThrow(/, far\b(?!\.)/);
  });

  it.each([[3], [true], [{ load: 1 }], [['load', 3]]])('refuses %j', (returned) => {
    expect(() => branch(returned)).toThrow(
      /^BRANCH_INVALID: what "choose" returned is no choice, got .*; allowed: the id of a task/,
    );
  });
});

describe('decideShortCircuit', () => {
  const circuit = (ignores: boolean, returned: unknown) =>
    (decideShortCircuit(spec, 'choose', ignores, returned) as { skipped: readonly string[] }).skipped;

  it('pitfall 45: skips everything below whatever their trigger rules are, except teardowns', () => {
    expect(circuit(true, false)).toEqual(['load', 'skip', 'join', 'report.plot', 'report.inner.send']);
  });

  it('skips only the direct children if the rules of the others are to be asked', () => {
    expect(circuit(false, false)).toEqual(['load', 'skip', 'join', 'report.plot']);
  });

  it.each([[false], [0], [''], [null], [undefined], [Number.NaN], [[]], [{}], [new Map()], [new Set()]])(
    'stops at %p',
    (returned) => {
      expect(circuit(true, returned)).not.toEqual([]);
    },
  );

  it.each([
    [true],
    [1],
    ['no'],
    [[0]],
    [{ rows: 0 }],
    [new Map([[1, 1]])],
    [new Date(0)],
    [new Uint8Array(0)],
    [() => false],
    [Symbol('s')],
    [1n],
  ])('goes on after %p', (returned) => {
    const decision = decideShortCircuit(spec, 'choose', true, returned);
    expect(decision).toEqual({ skipped: [] });
    expect(skipsAnything(spec, 'choose', decision)).toBe(false);
  });
});

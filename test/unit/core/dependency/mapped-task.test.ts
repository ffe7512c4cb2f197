import { describe, expect, it } from '@jest/globals';
import { hasSharedParents } from '../../../../src/core/dependency/trigger-rule-check.js';
import type { MapSpec, TaskSpec, TriggerRule } from '../../../../src/model/dag-spec.js';
import { taskSpec } from '../factories.js';
import { afterPass, answerOf, member, TWICE, viewOfRows, type Rows } from './copies.js';

const COPIES = { 'm[0]': 'none', 'm[1]': 'none' } as const;

describe('copies that do not look at the same', () => {
  const branch = { decides: { kind: 'branch' } } as const;
  /** A pass answers for all copies at once where it can; here the answers differ, whichever copy is asked first. */
  const cases: readonly (readonly [string, readonly TaskSpec[], Rows, Rows])[] = [
    [
      'one of two parents decided for each copy',
      [
        taskSpec('br1', branch),
        taskSpec('br2', { ...branch, map: TWICE }),
        taskSpec('m', { upstream: ['br1', 'br2'], map: TWICE }),
      ],
      {
        br1: { state: 'success', decision: { skipped: [] } },
        'br2[0]': { state: 'success', decision: { skipped: ['m'] } },
        'br2[1]': { state: 'success', decision: { skipped: [] } },
      },
      { 'm[0]': 'skipped', 'm[1]': 'scheduled' },
    ],
    [
      'copies of a parent that decided are gone, and their decisions are not',
      [taskSpec('br', { ...branch, map: TWICE }), taskSpec('m', { upstream: ['br'], triggerRule: 'all_done', map: TWICE })],
      { 'br[0]': { state: 'removed', decision: { skipped: ['m'] } }, 'br[1]': { state: 'removed', decision: { skipped: [] } } },
      { 'm[0]': 'skipped', 'm[1]': 'scheduled' },
    ],
    [
      'a copy of a parent is gone',
      [taskSpec('p', { map: TWICE }), taskSpec('m', { upstream: ['p'], map: TWICE })],
      { 'p[0]': 'success', 'p[1]': 'removed' },
      { 'm[0]': 'scheduled', 'm[1]': 'removed' },
    ],
    [
      'a copy of one of two setups further up is gone',
      [
        taskSpec('s1', { role: 'setup' }),
        taskSpec('s2', { role: 'setup', map: TWICE }),
        taskSpec('x', { upstream: ['s1', 's2'] }),
        taskSpec('m', { upstream: ['x'], map: TWICE }),
      ],
      // The first setup succeeded once, so three copies could go on.
      { s1: 'success', 's2[0]': 'removed', 's2[1]': 'removed', x: 'success' },
      { 'm[0]': 'scheduled', 'm[1]': 'removed' },
    ],
    [
      'a setup further up is in the same mapped group',
      [member('s', { role: 'setup' }), taskSpec('x', { upstream: ['s'] }), member('m', { upstream: ['x'] })],
      { 's[0]': 'failed', 's[1]': 'success', x: 'success' },
      { 'm[0]': 'upstream_failed', 'm[1]': 'scheduled' },
    ],
    [
      'a setup further up is in the same mapped group, and one is still at work',
      [member('s', { role: 'setup' }), taskSpec('x', { upstream: ['s'] }), member('m', { upstream: ['x'] })],
      { 's[0]': 'running', 's[1]': 'success', x: 'success' },
      { 'm[0]': 'none', 'm[1]': 'scheduled' },
    ],
    [
      'a teardown waits for work in the same mapped group',
      [
        taskSpec('s', { role: 'setup' }),
        member('w', { upstream: ['s'] }),
        taskSpec('v', { upstream: ['w'], triggerRule: 'one_success' }),
        member('m', { upstream: ['s', 'v'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
      ],
      { s: 'success', 'w[0]': 'success', 'w[1]': 'running', v: 'success' },
      { 'm[0]': 'scheduled', 'm[1]': 'none' },
    ],
  ];

  it.each(cases)('are asked one by one: %s', (_case, tasks, rows, expected) => {
    expect(afterPass(tasks, { ...rows, ...COPIES })).toMatchObject(expected);
    expect(hasSharedParents(viewOfRows(tasks, { ...rows, ...COPIES }).node('m'))).toBe(false);
  });
});

describe('copies that look at the same', () => {
  const decided = { state: 'success', decision: { skipped: [] } } as const;

  it('of work are asked together', () => {
    const tasks = [
      taskSpec('s1', { role: 'setup' }),
      taskSpec('s2', { role: 'setup', map: TWICE }),
      taskSpec('br1', { upstream: ['s1', 's2'], decides: { kind: 'branch' } }),
      taskSpec('br2', { upstream: ['s1', 's2'], decides: { kind: 'branch' } }),
      taskSpec('p', { map: TWICE }),
      taskSpec('m', { upstream: ['br1', 'br2', 'p'], map: TWICE }),
    ];
    const both = (taskId: string) => ({ [`${taskId}[0]`]: 'success', [`${taskId}[1]`]: 'success' }) as const;
    const rows: Rows = { s1: 'success', ...both('s2'), br1: decided, br2: decided, ...both('p'), ...COPIES };
    expect(hasSharedParents(viewOfRows(tasks, rows).node('m'))).toBe(true);
    expect(afterPass(tasks, rows)).toMatchObject({ 'm[0]': 'scheduled', 'm[1]': 'scheduled' });
  });

  it('of a teardown are asked together', () => {
    const tasks = [
      taskSpec('s', { role: 'setup' }),
      taskSpec('w', { upstream: ['s'] }),
      taskSpec('v', { upstream: ['w'] }),
      taskSpec('m', { upstream: ['s', 'v'], role: 'teardown', triggerRule: 'all_done_setup_success', map: TWICE }),
    ];
    const rows: Rows = { s: 'success', w: 'success', v: 'success', ...COPIES };
    expect(hasSharedParents(viewOfRows(tasks, rows).node('m'))).toBe(true);
  });
});

describe('a mapped task', () => {
  const over = (...taskIds: readonly string[]): Pick<TaskSpec, 'map' | 'upstream'> => ({
    upstream: taskIds,
    map: { kind: taskIds.length === 1 ? 'each' : 'product', sources: taskIds.map((taskId) => ({ kind: 'ref', taskId }) as const) },
  });

  it('that is expanded does not need the number of its copies again while its source is at work', () => {
    const tasks = [
      taskSpec('o'),
      taskSpec('src'),
      taskSpec('m', { ...over('src'), upstream: ['o', 'src'], triggerRule: 'one_done' }),
    ];
    expect(afterPass(tasks, { o: 'success', src: 'running', ...COPIES })).toMatchObject({
      'm[0]': 'scheduled',
      'm[1]': 'scheduled',
    });
  });

  it.each<[Rows, object]>([
    [
      { a: 'skipped', b: 'failed' },
      { verdict: 'upstream_failed', data: { source: 'b', state: 'failed' } },
    ],
    [
      { a: 'upstream_failed', b: 'failed' },
      { verdict: 'upstream_failed', data: { source: 'a', state: 'upstream_failed' } },
    ],
    [
      { a: 'skipped', b: 'skipped' },
      { verdict: 'skipped', data: { source: 'a', state: 'skipped' } },
    ],
    [
      { a: 'success', b: 'skipped' },
      { verdict: 'skipped', data: { source: 'b', state: 'skipped' } },
    ],
  ])('takes over how a source without a value ended, a failure before a skip: %j', (sources, expected) => {
    const tasks = [taskSpec('a'), taskSpec('b'), taskSpec('m', { ...over('a', 'b'), triggerRule: 'all_done' })];
    expect(answerOf(tasks, { ...sources, m: 'none' }, 'm')).toMatchObject({ code: 'map_source', ...expected });
  });
});

describe('a parent that is not critical', () => {
  const tasks = (patch: Partial<TaskSpec>) => [
    taskSpec('p', { critical: false, map: TWICE }),
    taskSpec('m', { upstream: ['p'], ...patch }),
  ];
  const rows: Rows = { 'p[0]': 'failed', 'p[1]': { state: 'success', outputLength: 1 }, m: 'none' };

  it('fails what is mapped over its value, and nothing that only follows it', () => {
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'ref', taskId: 'p' }] };
    expect(answerOf(tasks({ map }), rows, 'm')).toMatchObject({ verdict: 'upstream_failed', code: 'trigger_rule' });
    expect(answerOf(tasks({}), rows, 'm').verdict).toBe('met');
  });
});

describe('a parent that may lose copies', () => {
  const p = taskSpec('p', { map: { ...TWICE, allowFailures: { count: 1 } } });
  const child = (triggerRule: TriggerRule) => [p, taskSpec('z', { upstream: ['p'], triggerRule })];

  it.each<TriggerRule>(['all_done', 'all_success', 'none_skipped', 'one_failed', 'one_success', 'one_done'])(
    'counts neither as failed nor as done (well or not) before its last copy is finished: %s',
    (rule) => {
      expect(answerOf(child(rule), { 'p[0]': 'failed', 'p[1]': 'running', z: 'none' }, 'z').verdict).toBe('wait');
    },
  );

  it.each<[TriggerRule, string]>([
    ['all_done', 'met'],
    ['all_success', 'met'],
    ['none_skipped', 'met'],
    ['one_failed', 'skipped'],
  ])('counts as done well once it is: %s', (rule, verdict) => {
    expect(answerOf(child(rule), { 'p[0]': 'failed', 'p[1]': 'success', z: 'none' }, 'z').verdict).toBe(verdict);
  });
});

describe('a teardown', () => {
  it('waits for every copy of the work between its setups and itself', () => {
    const tasks = [
      taskSpec('s', { role: 'setup' }),
      taskSpec('w', { upstream: ['s'], map: TWICE }),
      taskSpec('v', { upstream: ['w'], triggerRule: 'one_success' }),
      taskSpec('td', { upstream: ['s', 'v'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
    ];
    const rows: Rows = { s: 'success', v: 'success', 'w[0]': 'success', 'w[1]': 'running', td: 'none' };
    expect(answerOf(tasks, rows, 'td')).toMatchObject({ verdict: 'wait', data: { task: 'w' } });
    expect(answerOf(tasks, { ...rows, 'w[1]': 'failed' }, 'td').verdict).toBe('met');
  });
});

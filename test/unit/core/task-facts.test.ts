import { describe, expect, it } from '@jest/globals';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import { taskFactsOf } from '../../../src/core/graph/task-facts.js';
import type { MapSpec, TaskGroupSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import type { TaskInstanceState } from '../../../src/model/states.js';
import { dagSpec, statesOf, taskSpec, viewOf } from './factories.js';

const TWICE: MapSpec = { kind: 'each', sources: [{ kind: 'value', value: [0, 1] }] };

it('the facts of a spec are worked out once', () => {
  const spec = dagSpec([taskSpec('a')]);
  expect(taskFactsOf(spec)).toBe(taskFactsOf(spec));
});

describe('the mapped group of a task', () => {
  const groups: readonly TaskGroupSpec[] = [
    { groupId: 'plain', parentId: null, map: null },
    { groupId: 'outer', parentId: null, map: TWICE },
    { groupId: 'outer.inner', parentId: 'outer', map: null },
    { groupId: 'outer.inner.most', parentId: 'outer.inner', map: null },
    { groupId: 'plain.mapped', parentId: 'plain', map: TWICE },
  ];

  it.each([
    [null, null],
    ['plain', null],
    ['outer', 'outer'],
    ['outer.inner', 'outer'],
    ['outer.inner.most', 'outer'],
    ['plain.mapped', 'plain.mapped'],
  ])('in the group %s is %s', (groupId, mappedGroup) => {
    const facts = taskFactsOf(dagSpec([taskSpec('t', { groupId })], { groups })).get('t');
    expect(facts).toMatchObject({ mappedGroup, mapping: mappedGroup === null ? null : TWICE });
  });
});

describe('what a task waits for above its parents', () => {
  const after = (tasks: readonly TaskSpec[], states: Readonly<Record<string, TaskInstanceState>>) => {
    const view = viewOf(tasks, Object.fromEntries(Object.entries(states).map(([id, state]) => [id, { state }])));
    planRun(view, 1);
    return statesOf(view);
  };

  it('is nothing but its setups, if it is no teardown', () => {
    const tasks = [
      taskSpec('s', { role: 'setup' }),
      taskSpec('slow', { upstream: ['s'] }),
      taskSpec('early', { upstream: ['slow'], triggerRule: 'always' }),
      taskSpec('w', { upstream: ['early', 's'] }),
    ];
    expect(after(tasks, { s: 'success', slow: 'running', early: 'success' })['w']).toBe('scheduled');
  });

  it('is the work of its setups, not what lies between other parents and a teardown', () => {
    const tasks = [
      taskSpec('s', { role: 'setup' }),
      taskSpec('x'),
      taskSpec('slow', { upstream: ['x'] }),
      taskSpec('early', { upstream: ['slow'], triggerRule: 'always' }),
      taskSpec('td', { upstream: ['early', 's', 'x'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
    ];
    expect(after(tasks, { s: 'success', x: 'success', slow: 'running', early: 'success' })['td']).toBe('scheduled');
  });
});

import { expect, it } from '@jest/globals';
import type { QueueingCase } from './queueing-cases.js';
import { countsWhatIsQueued } from './queueing-differences.js';

/** Task a, of more weight than b and c, is in a pool that does not exist. */
function blockedCase(maxActiveTasks: number | undefined, rounds: readonly (readonly string[])[]): QueueingCase {
  const tasks = ['a', 'b', 'c'].map((id, index) => ({ id, weight: 3 - index, ...(id === 'a' && { pool: 'gone' }) }));
  const limit = maxActiveTasks === undefined ? {} : { max_active_tasks: maxActiveTasks };
  return {
    id: 'blocked',
    pools: { default_pool: { slots: 8 } },
    dags: [{ id: 'd', tasks, runs: [{ id: 'r', day: 1 }], ...limit }],
    tis: tasks.map(({ id }) => ['d', 'r', id, -1, 'scheduled'] as const),
    max_tis: 8,
    expect: { rounds },
  };
}

it.each<[string, number | undefined, readonly (readonly string[])[], readonly (readonly string[])[], boolean]>([
  ['fewer passes', undefined, [['d/r/b'], ['d/r/c'], []], [['d/r/b', 'd/r/c'], []], true],
  ['a later pass', undefined, [['d/r/b', 'd/r/c'], []], [['d/r/b'], ['d/r/c']], false],
  ['another order', undefined, [['d/r/b', 'd/r/c'], []], [['d/r/c', 'd/r/b']], false],
  ['what a blocked task hides', 1, [[]], [['d/r/b'], []], true],
  ['more than the run may have under way', 1, [[]], [['d/r/b', 'd/r/c'], []], false],
  ['what two hide together', 2, [['d/r/b'], []], [['d/r/b', 'd/r/c'], []], true],
  ['what no limit of the run hides', undefined, [[]], [['d/r/b'], []], false],
  ['a task that is missing', 1, [['d/r/b'], []], [[]], false],
])('pass-limit and %s', (_what, maxActiveTasks, recorded, ours, isExplained) => {
  expect(countsWhatIsQueued(blockedCase(maxActiveTasks, recorded), ours)).toBe(isExplained);
});

import { describe, expect, it } from '@jest/globals';
import fc from '../../../support/fast-check.js';
import { graphOf } from '../../../../src/core/graph/task-graph.js';
import { flatRelatives } from '../../../../src/core/graph/relatives.js';
import { effectiveWeights } from '../../../../src/core/queueing/effective-weights.js';
import { WEIGHT_RULES, type TaskSpec } from '../../../../src/model/dag-spec.js';
import { dagSpec, taskSpec } from '../factories.js';

const anyTasks = fc
  .array(
    fc.record({
      priorityWeight: fc.oneof(fc.integer({ min: -5, max: 20 }), fc.integer({ min: -2_147_483_647, max: 2_147_483_647 })),
      weightRule: fc.constantFrom(...WEIGHT_RULES),
      parents: fc.array(fc.nat(200), { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 90, size: 'max' },
  )
  .map((tasks) =>
    tasks.map(({ parents, ...rest }, index): TaskSpec => {
      const upstream = index === 0 ? [] : [...new Set(parents.map((parent) => `t${parent % index}`))];
      return taskSpec(`t${index}`, { ...rest, upstream });
    }),
  );

describe('effective weights', () => {
  const diamond = (weights: readonly number[], rules: readonly TaskSpec['weightRule'][], reversed = false): unknown => {
    const parents = [[], ['a'], ['a'], ['b', 'c']];
    const tasks = ['a', 'b', 'c', 'd'].map((taskId, index) =>
      taskSpec(taskId, { upstream: parents[index]!, priorityWeight: weights[index]!, weightRule: rules[index]! }),
    );
    return Object.fromEntries(effectiveWeights(dagSpec(reversed ? tasks.reverse() : tasks)));
  };

  it.each<[string, readonly TaskSpec['weightRule'][], readonly number[]]>([
    ['downstream', Array(4).fill('downstream'), [1_111, 1_010, 1_100, 1_000]],
    ['upstream', Array(4).fill('upstream'), [1, 11, 101, 1_111]],
    ['absolute', Array(4).fill('absolute'), [1, 10, 100, 1_000]],
    ['each its own', ['downstream', 'upstream', 'absolute', 'upstream'], [1_111, 11, 100, 1_111]],
  ])('count a task once, though two ways lead to it: %s', (_case, rules, [a, b, c, d]) => {
    for (const reversed of [false, true]) expect(diamond([1, 10, 100, 1_000], rules, reversed)).toEqual({ a, b, c, d });
  });

  it('stay within 32 bits', () => {
    const [most, least] = [2_147_483_647, -2_147_483_648];
    const down = Array<'downstream'>(4).fill('downstream');
    expect(diamond([1, most, 0, 0], down)).toEqual({ a: most, b: most, c: 0, d: 0 });
    expect(diamond([-1, least, 0, 0], down)).toEqual({ a: least, b: least, c: 0, d: 0 });
  });

  it.each([31, 32, 33, 64, 65, 100])('hold apart what lies %i tasks away', (distance) => {
    const tasks = Array.from({ length: 2 * distance }, (_, index) => {
      const upstream = index < distance ? [] : [`t${index - distance}`];
      return taskSpec(`t${index}`, { upstream, priorityWeight: index + 1 });
    });
    const weights = effectiveWeights(dagSpec(tasks));
    const expected = tasks.map((_, index) => (index < distance ? 2 * (index + 1) + distance : index + 1));
    expect(tasks.map(({ taskId }) => weights.get(taskId))).toEqual(expected);
  });

  it('are remembered with the spec', () => {
    const spec = dagSpec([taskSpec('a'), taskSpec('b', { upstream: ['a'] })]);
    expect(effectiveWeights(spec)).toBe(effectiveWeights(spec));
    expect(Object.fromEntries(effectiveWeights(spec))).toEqual({ a: 2, b: 1 });
  });

  it('are the sums over all relatives, each counted once, clamped to 32 bits', () => {
    fc.assert(
      fc.property(anyTasks, fc.boolean(), (tasks, reversed) => {
        const spec = dagSpec(reversed ? [...tasks].reverse() : tasks);
        const weights = effectiveWeights(spec);
        const own = new Map(tasks.map(({ taskId, priorityWeight }) => [taskId, priorityWeight]));
        for (const { taskId, weightRule, priorityWeight } of tasks) {
          const relatives = weightRule === 'absolute' ? [] : flatRelatives(graphOf(spec), [taskId], weightRule);
          const sum = [...relatives].reduce((total, id) => total + own.get(id)!, priorityWeight);
          expect(weights.get(taskId)).toBe(Math.max(-2_147_483_648, Math.min(2_147_483_647, sum)));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('count ten thousand tasks, each below the one before, without counting any way twice', () => {
    const tasks = Array.from({ length: 10_000 }, (_, index) => {
      const upstream = [index - 1, index - 2].filter((parent) => parent >= 0).map((parent) => `t${parent}`);
      return taskSpec(`t${index}`, { upstream, weightRule: index % 2 === 0 ? 'downstream' : 'upstream' });
    });
    const weights = effectiveWeights(dagSpec(tasks));
    expect([weights.get('t0'), weights.get('t9998'), weights.get('t1'), weights.get('t9999')]).toEqual([10_000, 2, 2, 10_000]);
  });
});

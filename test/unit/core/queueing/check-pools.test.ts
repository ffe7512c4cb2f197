import { describe, expect, it } from '@jest/globals';
import { parallelismProblems, poolProblems } from '../../../../src/core/queueing/check-pools.js';
import type { Pool } from '../../../../src/model/pool.js';
import { dagSpec, taskSpec } from '../factories.js';

const pool = (name: string, slots: number): Pool => ({ name, slots, description: null, includeDeferred: false });
const POOLS = [pool('default_pool', 128), pool('small', 2), pool('endless', -1), pool('closed', 0)];
const position = { file: 'lib/tasks.ts', line: 7, column: 3 };

describe('a DAG that wants more tasks at once than the installation runs', () => {
  it('is warned of, where its author wrote it', () => {
    expect(parallelismProblems(dagSpec([], { maxActiveTasks: 9, position }), 8)).toEqual([
      {
        code: 'VALUE_RANGE',
        message: 'd.maxActiveTasks: 9 is more than core.parallelism, so at most 8 of its tasks run at once',
        file: 'lib/tasks.ts',
        line: 7,
        column: 3,
        value: '9',
        allowed: '1-8',
        suggestion: null,
        stack: null,
      },
    ]);
    expect(parallelismProblems(dagSpec([], { maxActiveTasks: 9, position: null }), 8)).toMatchObject([
      { file: 'd.ts', line: null, column: null },
    ]);
  });

  it.each<[string, number, number]>([
    ['as many as run are wanted', 8, 8],
    ['fewer are wanted', 7, 8],
    ['its author said nothing', 16, 8],
  ])('is fine when %s', (_case, maxActiveTasks, parallelism) => {
    expect(parallelismProblems(dagSpec([], { maxActiveTasks }), parallelism)).toEqual([]);
  });
});

describe('a task that can never have a slot', () => {
  it('pitfall 32: is warned of when its pool does not exist, with the one that was meant', () => {
    const tasks = [taskSpec('a', { pool: 'smal', position }), taskSpec('b', { pool: 'elsewhere entirely' })];
    const place = { allowed: null, stack: null, code: 'POOL_UNKNOWN' };
    expect(poolProblems(dagSpec(tasks), POOLS)).toEqual([
      {
        ...place,
        file: 'lib/tasks.ts',
        line: 7,
        column: 3,
        message: 'task d.a waits for pool "smal", which does not exist',
        value: 'smal',
        suggestion: 'small',
      },
      {
        ...place,
        file: 'd.ts',
        line: null,
        column: null,
        message: 'task d.b waits for pool "elsewhere entirely", which does not exist',
        value: 'elsewhere entirely',
        suggestion: null,
      },
    ]);
  });

  it('is warned of when its pool is too small, or closed', () => {
    const tasks = [taskSpec('wide', { pool: 'small', poolSlots: 3, position }), taskSpec('shut', { pool: 'closed' })];
    expect(poolProblems(dagSpec(tasks), POOLS)).toEqual([
      {
        code: 'POOL_SLOTS',
        message: 'task d.wide needs 3, pool "small" has 2',
        file: 'lib/tasks.ts',
        line: 7,
        column: 3,
        value: null,
        allowed: null,
        suggestion: null,
        stack: null,
      },
      expect.objectContaining({ message: 'task d.shut needs 1, pool "closed" has 0', file: 'd.ts', line: null }),
    ]);
  });

  it('is not one that fits, or whose pool has no limit', () => {
    const tasks = [
      taskSpec('usual'),
      taskSpec('fits', { pool: 'small', poolSlots: 2 }),
      taskSpec('endless', { pool: 'endless', poolSlots: 1_000 }),
    ];
    expect(poolProblems(dagSpec(tasks), POOLS)).toEqual([]);
  });
});

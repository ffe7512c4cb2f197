import { beforeEach, describe, expect, it } from '@jest/globals';
import { deletePool } from '../../../src/operations/delete-pool.js';
import { findPoolProblems } from '../../../src/operations/find-pool-problems.js';
import { parsePools, savePools } from '../../../src/operations/save-pools.js';
import type { Pool } from '../../../src/model/pool.js';
import { dagSpec, taskSpec } from '../core/factories.js';
import { createWorld, failure, type World } from './world.js';

const pool = (name: string, patch: Partial<Pool> = {}): Pool => ({
  name,
  slots: 3,
  description: 'd',
  includeDeferred: false,
  ...patch,
});

let world: World;
beforeEach(() => {
  world = createWorld();
});

describe('savePools', () => {
  it('creates and changes, and wakes whoever waits for slots', async () => {
    expect(await savePools(world, [pool('a'), pool('b')])).toEqual(['created', 'created']);
    expect(await savePools(world, [pool('a'), pool('b', { slots: -1 })])).toEqual(['unchanged', 'changed']);
    await Promise.resolve();
    expect(world.hints).toEqual(['dags', 'dags']);
    expect(await savePools(world, [pool('b', { slots: -1 })])).toEqual(['unchanged']);
    await Promise.resolve();
    expect(world.hints).toHaveLength(2);
  });

  it.each<[string, Pool, string, string]>([
    [
      'fewer than no limit',
      pool('p', { slots: -2 }),
      'VALUE_RANGE',
      'slots must be an integer from -1 (no limit) to 2147483647, got -2',
    ],
    ['more than a number can count', pool('p', { slots: 1e10 }), 'VALUE_RANGE', 'got 10000000000'],
    ['half a slot', pool('p', { slots: 1.5 }), 'VALUE_RANGE', 'got 1.5'],
    ['no name', pool(''), 'ID_INVALID', 'this cannot be the name of a pool, got ""'],
    ['blanks for a name', pool('  '), 'ID_INVALID', '1 to 256 characters'],
    ['a name that moves the cursor', pool('a\u001b[2J'), 'ID_INVALID', 'no control characters'],
    ['a name too long', pool('x'.repeat(257)), 'ID_INVALID', '1 to 256 characters'],
    ['NUL in a description', pool('p', { description: 'a\0b' }), 'VALUE_RANGE', 'without NUL'],
  ])('refuses %s, and saves none of the others', async (_case, wrong, code, message) => {
    const error = await failure(() => savePools(world, [pool('good'), wrong]));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect((await world.store.pools.list()).map(({ name }) => name)).toEqual(['default_pool']);
  });

  it('refuses a pool that is named twice', async () => {
    expect((await failure(() => savePools(world, [pool('a'), pool('a', { slots: 9 })]))).message).toContain('named twice');
  });
});

describe('parsePools', () => {
  it('reads what is exported, and a list', () => {
    const object = '{"a": {"slots": 4, "description": "x", "include_deferred": true}, "b": {"slots": -1}}';
    const both = [
      { name: 'a', slots: 4, description: 'x', includeDeferred: true },
      { name: 'b', slots: -1, description: null, includeDeferred: false },
    ];
    expect(parsePools(object, 'f')).toEqual(both);
    const list = ' [{"name": "a", "slots": 4, "description": "x", "include_deferred": true}, {"name": "b", "slots": -1}]';
    expect(parsePools(list, 'f')).toEqual(both);
  });

  it.each([
    ['{"a": {"slots": "4"}}', 'VALUE_TYPE', 'f.a.slots: must be an integer, got "4"'],
    ['{"a": {}}', 'VALUE_TYPE', 'f.a.slots: must be an integer'],
    ['{"a": 4}', 'VALUE_TYPE', 'f.a: must be an object, got 4'],
    ['{"a": {"slots": 4, "slosts": 1}}', 'OPTION_UNKNOWN', 'did you mean slots?'],
    ['{"a": {"slots": 4, "description": 1}}', 'VALUE_TYPE', 'f.a.description: must be a text, got 1'],
    ['{"a": {"slots": 4, "include_deferred": "yes"}}', 'VALUE_TYPE', 'f.a.include_deferred: must be true or false'],
    ['{"a": {"slots": -7}}', 'VALUE_RANGE', 'f.a: slots must be'],
    ['[{"slots": 1}]', 'VALUE_TYPE', 'f[0].name: must be a text'],
    ['{"a": ', 'JSON_INVALID', 'f'],
    ['7', 'CONF_NOT_OBJECT', 'f'],
  ])('refuses %s', async (text, code, message) => {
    const error = await failure(async () => parsePools(text, 'f'));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });
});

describe('deletePool', () => {
  it('deletes what nobody uses', async () => {
    await savePools(world, [pool('gpu')]);
    expect(await deletePool(world, 'gpu')).toMatchObject({ name: 'gpu', slots: 3 });
    expect((await world.store.pools.list()).map(({ name }) => name)).toEqual(['default_pool']);
  });

  it('names the nearest pool', async () => {
    await savePools(world, [pool('gpu')]);
    const error = await failure(() => deletePool(world, 'gpuu'));
    expect([error.code, error.message]).toEqual(['NOT_FOUND', expect.stringContaining('did you mean gpu?')]);
  });

  it('keeps the default pool', async () => {
    const error = await failure(() => deletePool(world, 'default_pool'));
    expect([error.code, error.message]).toEqual(['STATE_CONFLICT', expect.stringContaining('default_pool cannot be deleted')]);
  });

  it('keeps a pool that tasks name, and one whose slots are held', async () => {
    await savePools(world, [pool('gpu')]);
    const tasks = Array.from({ length: 12 }, (_, index) => taskSpec(`t${index}`, { pool: 'gpu' }));
    await world.register(dagSpec(tasks, { dagId: 'd' }));
    const named = await failure(() => deletePool(world, 'gpu'));
    expect([named.code, named.message]).toEqual(['POOL_IN_USE', 'POOL_IN_USE: pool "gpu": it is in use by 12 tasks of d']);
    const run = await world.store.runs.createRun(
      'd',
      {
        runId: 'r',
        runType: 'manual',
        triggeredBy: 'cli',
        logicalDate: 0,
        dataInterval: null,
        runAfter: 0,
        conf: {},
        backfillId: null,
        state: 'running',
        note: null,
      },
      world.actor,
      world.at,
    );
    if (!('run' in run)) throw new Error('it exists');
    await world.finish(run.run.id, { t0: 'running', t1: 'running' });
    await world.register(dagSpec([taskSpec('t0')], { dagId: 'd' }));
    const held = await failure(() => deletePool(world, 'gpu'));
    expect([held.code, held.message]).toEqual(['POOL_IN_USE', expect.stringContaining('2 task instances that hold its slots')]);
  });
});

describe('findPoolProblems', () => {
  it('names the tasks whose pool is missing, with the nearest one, and those that are wider than theirs', async () => {
    await savePools(world, [pool('gpu'), pool('endless', { slots: -1 })]);
    const position = { file: 'd.ts', line: 4, column: 2 };
    const tasks = [
      taskSpec('a', { pool: 'gpuu', position }),
      taskSpec('b', { pool: 'gpu', poolSlots: 5 }),
      taskSpec('c', { pool: 'gpu', poolSlots: 3 }),
      taskSpec('e', { pool: 'endless', poolSlots: 99 }),
    ];
    await world.register(dagSpec(tasks, { dagId: 'd', file: 'd.ts' }));
    expect(await findPoolProblems(world, 32)).toMatchObject([
      { code: 'POOL_UNKNOWN', file: 'd.ts', line: 4, column: 2, value: 'gpuu', suggestion: 'gpu' },
      { code: 'POOL_SLOTS', file: 'd.ts', line: null, message: 'task d.b needs 5, pool "gpu" has 3' },
    ]);
  });

  it('B29: names DAGs that want more tasks at once than run at all', async () => {
    await world.register(dagSpec([taskSpec('a')], { dagId: 'd', maxActiveTasks: 64 }));
    expect(await findPoolProblems(world, 64)).toEqual([]);
    expect(await findPoolProblems(world, 32)).toMatchObject([{ code: 'VALUE_RANGE', value: '64', allowed: '1-32' }]);
  });
});

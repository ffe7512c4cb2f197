import { beforeEach, describe, expect, it } from '@jest/globals';
import { deleteDag } from '../../../src/operations/delete-dag.js';
import { pauseDags } from '../../../src/operations/pause-dags.js';
import { triggerDagRun } from '../../../src/operations/trigger-dag-run.js';
import { createWorld, failure, SALES, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.register(SALES);
  await world.register({ ...SALES, dagId: 'stock', file: 'stock.ts' });
});

const flagOf = async (dagId: string) => {
  const { dag } = (await world.store.catalog.getDag(dagId))!;
  return [dag.isPaused, dag.pausedReason];
};

describe('pauseDags', () => {
  it('pauses with a reason, unpauses without, and answers what changed', async () => {
    expect(await pauseDags(world, { dagIds: ['sales'], isPaused: true, reason: 'warehouse is moving' })).toEqual(['sales']);
    expect(await flagOf('sales')).toEqual([true, 'warehouse is moving']);
    expect(await pauseDags(world, { dagIds: ['sales', 'stock'], isPaused: true })).toEqual(['stock']);
    expect(await flagOf('sales')).toEqual([true, 'warehouse is moving']);
    expect(await pauseDags(world, { dagIds: ['sales'], isPaused: true, reason: 'still moving' })).toEqual([]);
    expect(await pauseDags(world, { dagIds: ['sales'], isPaused: true, reason: '' })).toEqual([]);
    expect(await flagOf('sales')).toEqual([true, 'still moving']);
    const long = () => pauseDags(world, { dagIds: ['sales'], isPaused: true, reason: 'x'.repeat(1_001) });
    expect((await failure(long)).message).toMatch(/^VALUE_RANGE: reason: longer than 1000 characters/);
    expect(await pauseDags(world, { dagIds: ['sales'], isPaused: false, reason: 'ignored' })).toEqual(['sales']);
    expect(await flagOf('sales')).toEqual([false, null]);
    expect(world.hints).toEqual(['dags', 'dags', 'dags']);
  });

  it('takes a regular expression, whatever its flags', async () => {
    expect(await pauseDags(world, { dagIds: /^s/g, isPaused: true })).toEqual(['sales', 'stock']);
    expect((await failure(() => pauseDags(world, { dagIds: /^x/, isPaused: true }))).message).toMatch(/NOT_FOUND: .*got "\^x"/);
  });

  it('changes nothing when one id is unknown', async () => {
    const error = await failure(() => pauseDags(world, { dagIds: ['sales', 'stok'], isPaused: true }));
    expect(error.message).toMatch(/NOT_FOUND: .*got "stok"; did you mean stock\?/);
    expect(await flagOf('sales')).toEqual([false, null]);
  });
});

describe('B54: deleteDag', () => {
  it('refuses while a file holds the DAG, and says what to do', async () => {
    expect((await failure(() => deleteDag(world, 'sales'))).message).toBe(
      'DAG_FILE_EXISTS: DAG sales: the file sales.ts still holds it and the next scan would bring it back: remove it from there first, or pause the DAG',
    );
    expect(await world.store.catalog.getDag('sales')).not.toBeNull();
  });

  it('refuses while tasks run', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales' });
    await world.finish(run.id, { extract: 'running' });
    await world.store.catalog.retireFiles(['sales.ts'], world.at);
    expect((await failure(() => deleteDag(world, 'sales'))).code).toBe('DAG_HAS_RUNNING_TASKS');
    expect(await world.store.catalog.getDag('sales')).not.toBeNull();
  });

  it('deletes a retired DAG with its runs', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales' });
    await world.store.catalog.retireFiles(['sales.ts'], world.at);
    await deleteDag(world, 'sales');
    expect([await world.store.catalog.getDag('sales'), await world.store.runs.getRun(run.id)]).toEqual([null, null]);
    expect((await failure(() => deleteDag(world, 'sales'))).code).toBe('NOT_FOUND');
  });
});

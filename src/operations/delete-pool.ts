import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import { DEFAULT_POOL, type Pool } from '../model/pool.js';
import type { OperationDeps } from './operation-deps.js';

/**
 * Deletes a pool that nobody uses.
 * @throws AirflowLikeError NOT_FOUND with the nearest name, STATE_CONFLICT for the default pool, POOL_IN_USE when tasks name it or hold its slots.
 */
export async function deletePool({ store, clock, actor }: OperationDeps, name: string): Promise<Pool> {
  const pools = await store.pools.list();
  const pool = pools.find((candidate) => candidate.name === name);
  if (!pool) throw unknownPool(name, pools);
  if (name === DEFAULT_POOL) {
    throw new AirflowLikeError('STATE_CONFLICT', {
      place: 'pool',
      message: `${DEFAULT_POOL} cannot be deleted: tasks that name no pool are in it`,
    });
  }
  const users = (await store.catalog.listDags()).map(({ dag, spec }) => ({
    dagId: dag.dagId,
    tasks: spec.tasks.filter((task) => task.pool === name).length,
  }));
  const tasks = users.reduce((sum, user) => sum + user.tasks, 0);
  if (tasks > 0) {
    const dagIds = users.filter((user) => user.tasks > 0).map(({ dagId }) => dagId);
    throw inUse(name, `${count(tasks, 'task')} of ${shorten(dagIds)}`);
  }
  const answer = await store.pools.delete(name, actor, clock.now());
  if (answer === 'missing') throw unknownPool(name, pools);
  if (answer !== 'deleted') throw inUse(name, `${count(answer.inUse, 'task instance')} that hold its slots`);
  return pool;
}

function unknownPool(name: string, pools: readonly Pool[]): AirflowLikeError {
  const names = pools.map((pool) => pool.name);
  return new AirflowLikeError('NOT_FOUND', {
    place: 'pool',
    message: 'there is no such pool',
    value: name,
    suggestion: nearestName(name, names),
  });
}

function inUse(name: string, users: string): AirflowLikeError {
  return new AirflowLikeError('POOL_IN_USE', { place: `pool ${JSON.stringify(name)}`, message: `it is in use by ${users}` });
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

function shorten(dagIds: readonly string[]): string {
  return dagIds.length <= 3 ? dagIds.join(', ') : `${dagIds.slice(0, 3).join(', ')} and ${dagIds.length - 3} more DAGs`;
}

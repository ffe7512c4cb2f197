/** Pools in memory. */
import { describePool, type Pool } from '../../model/pool.js';
import type { PoolStore } from '../../ports/store.js';
import type { Tables } from './tables.js';

export function createPoolStore(tables: Tables): PoolStore {
  const holders = (name: string) => [
    ...[...tables.liveAttempts.values()].filter(({ pool }) => pool === name),
    ...[...tables.parkedInstances.values()].filter(({ pool, state }) => pool === name && state === 'deferred'),
  ];
  return {
    async list() {
      const slotsIn = (name: string, wanted: string) =>
        holders(name).reduce((sum, { state, poolSlots }) => (state === wanted ? sum + poolSlots : sum), 0);
      return [...tables.pools.values()]
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map((pool) => ({
          ...pool,
          queued: slotsIn(pool.name, 'queued'),
          running: slotsIn(pool.name, 'running'),
          deferred: slotsIn(pool.name, 'deferred'),
        }));
    },
    async save(pools, actor) {
      return pools.map(({ name, slots, description, includeDeferred }) => {
        const pool: Pool = { name, slots, description, includeDeferred };
        const before = tables.pools.get(name);
        if (before && before.description === description && describePool(before) === describePool(pool)) return 'unchanged';
        tables.pools.set(name, pool);
        const [from, to] = [before ? describePool(before) : null, describePool(pool)];
        tables.record({ entity: 'pool', entityId: name, dagRunId: null, from, to, token: null, actor, reason: null });
        return before ? 'changed' : 'created';
      });
    },
    async delete(name, actor) {
      const before = tables.pools.get(name);
      if (!before) return 'missing';
      const inUse = holders(name).length;
      if (inUse > 0) return { inUse };
      tables.pools.delete(name);
      const from = describePool(before);
      tables.record({ entity: 'pool', entityId: name, dagRunId: null, from, to: 'deleted', token: null, actor, reason: null });
      return 'deleted';
    },
  };
}

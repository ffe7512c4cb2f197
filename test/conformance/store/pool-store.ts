import { describe, expect, it } from '@jest/globals';
import type { Pool } from '../../../src/model/pool.js';
import { dagSpec, taskSpec } from '../../support/dag-specs.js';
import { change, dispatch, runCommit, start } from '../commits.js';
import { T0, USER, type StoreSuite } from './suite.js';

const pool = (name: string, patch: Partial<Pool> = {}): Pool => ({
  name,
  slots: 3,
  description: null,
  includeDeferred: false,
  ...patch,
});

export function describePoolStore({ store, other, harness, instance, commit, oneRun }: StoreSuite): void {
  describe('pool store', () => {
    it('creates, changes, lists by name and deletes, with a history', async () => {
      const before = (await harness.events()).length;
      const wide = pool('wide', { slots: -1, description: 'all "that" comes', includeDeferred: true });
      expect(await store.pools.save([wide, pool('narrow')], USER, T0)).toEqual(['created', 'created']);
      expect(await other.pools.save([wide, pool('narrow', { slots: 1 })], USER, T0)).toEqual(['unchanged', 'changed']);
      expect(await store.pools.save([], USER, T0)).toEqual([]);
      const unused = { queued: 0, running: 0, deferred: 0 };
      expect((await store.pools.list()).filter(({ name }) => name !== 'default_pool')).toEqual([
        { ...pool('narrow', { slots: 1 }), ...unused },
        { ...wide, ...unused },
      ]);
      expect(await store.pools.delete('narrow', USER, T0)).toBe('deleted');
      expect(await store.pools.delete('narrow', USER, T0)).toBe('missing');
      const events = (await harness.events()).slice(before).filter(({ entity }) => entity === 'pool');
      expect(events.map(({ entityId, from, to }) => [entityId, from, to])).toEqual([
        ['wide', null, 'no limit, deferred included'],
        ['narrow', null, '3 slots'],
        ['narrow', '3 slots', '1 slot'],
        ['narrow', '1 slot', 'deleted'],
      ]);
    });

    it('counts the slots that are taken, and deletes no pool that somebody holds', async () => {
      await store.pools.save([pool('p'), pool('q')], USER, T0);
      const tasks = ['a', 'b', 'c', 'd'].map((id) => taskSpec(id, { pool: 'p', poolSlots: 2 }));
      const run = await oneRun(dagSpec('d', { tasks: [...tasks, taskSpec('e', { pool: 'q' })] }));
      await commit(
        runCommit(run, {
          changes: [
            dispatch(await instance(run, 'a'), T0),
            start(await instance(run, 'b'), 'w', T0),
            change(await instance(run, 'c'), ['deferred'], { deferral: { wait: 1 } }),
            change(await instance(run, 'd'), ['awaiting_input'], { deferral: { ask: 1 } }),
            change(await instance(run, 'e'), ['scheduled']),
          ],
        }),
      );
      const held = (await store.pools.list()).find(({ name }) => name === 'p');
      expect(held).toMatchObject({ queued: 2, running: 2, deferred: 2 });
      expect(await store.pools.delete('p', USER, T0)).toEqual({ inUse: 3 });
      expect(await store.pools.delete('q', USER, T0)).toBe('deleted');
    });

    it('lets deferred task instances keep their slots where the pool says so', async () => {
      await store.pools.save([pool('p', { includeDeferred: true }), pool('q')], USER, T0);
      const tasks = [taskSpec('a', { pool: 'p', poolSlots: 2 }), taskSpec('b', { pool: 'q' }), taskSpec('c', { pool: 'p' })];
      const run = await oneRun(dagSpec('d', { tasks }));
      await commit(
        runCommit(run, {
          changes: [
            change(await instance(run, 'a'), ['deferred'], { deferral: { wait: 1 } }),
            change(await instance(run, 'b'), ['deferred'], { deferral: { wait: 1 } }),
            change(await instance(run, 'c'), ['awaiting_input'], { deferral: { ask: 1 } }),
          ],
        }),
      );
      const seen: unknown[] = [];
      await store.scheduling.commitUnderPools({ pools: ['p', 'q'] }, T0, ({ total, pools }) => {
        seen.push({ total, pools });
        return [];
      });
      expect(seen).toEqual([{ total: 0, pools: { p: { slots: 3, occupied: 2 }, q: { slots: 3, occupied: 0 } } }]);
    });
  });
}

import { beforeEach, describe, expect, it } from '@jest/globals';
import { followDagRun } from '../../../src/operations/follow-dag-run.js';
import { triggerDagRun } from '../../../src/operations/trigger-dag-run.js';
import { createWorld, failure, SALES, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.register(SALES);
});

describe('followDagRun', () => {
  it('yields the run as it stands, then what changes, to its end', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales' });
    const seen: [string, string[]][] = [];
    for await (const progress of followDagRun(world, run.id)) {
      seen.push([progress.run.state, progress.changed.map(({ taskId, state }) => `${taskId}:${state}`).sort()]);
      expect(progress.taskInstances).toHaveLength(3);
      if (seen.length === 1) await world.finish(run.id, { extract: 'success', load: 'failed' });
    }
    expect(seen).toEqual([
      ['queued', ['clean:none', 'extract:none', 'load:none']],
      ['failed', ['extract:success', 'load:failed']],
    ]);
  });

  it('looks by itself when no hint arrives', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales' });
    const deaf = { ...world, bus: { ...world.bus, subscribe: () => () => {} } };
    const states: string[] = [];
    for await (const progress of followDagRun(deaf, run.id)) {
      states.push(progress.run.state);
      if (states.length === 1) await world.finish(run.id, { extract: 'success' });
    }
    expect(states).toEqual(['queued', 'success']);
  });

  it('ends when told to, and unsubscribes', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales' });
    const stop = new AbortController();
    let subscribed = 0;
    const counting = {
      ...world,
      bus: {
        ...world.bus,
        subscribe: (...parameters: Parameters<World['bus']['subscribe']>) => {
          subscribed++;
          const unsubscribe = world.bus.subscribe(...parameters);
          return () => {
            subscribed--;
            unsubscribe();
          };
        },
      },
    };
    for await (const _progress of followDagRun(counting, run.id, stop.signal)) {
      expect(subscribed).toBeGreaterThan(0);
      stop.abort();
    }
    expect(subscribed).toBe(0);
  });

  it('refuses a number that no run has, also when the run is deleted meanwhile', async () => {
    expect((await failure(() => followDagRun(world, 99).next())).message).toMatch(/^NOT_FOUND: dagRunId: .*got 99/);
    const run = await triggerDagRun(world, { dagId: 'sales' });
    const followed = followDagRun(world, run.id);
    await followed.next();
    await world.store.catalog.deleteDag('sales', world.actor);
    expect((await failure(() => followed.next())).code).toBe('NOT_FOUND');
  });
});

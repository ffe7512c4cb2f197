import { describe, expect, it } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/model/outcome.js';
import type { Assignment } from '../../../src/model/workload.js';
import type { Executor } from '../../../src/ports/executor.js';
import type { Logger } from '../../../src/ports/logger.js';
import type { AttemptStore } from '../../../src/ports/store.js';
import type { LeaseHolder } from '../../../src/worker/lease-keeper.js';
import { WorkerService } from '../../../src/worker/worker-service.js';

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => logger,
};

/** An executor with two slots whose attempts end when the test says so. */
class HandExecutor implements Executor, LeaseHolder {
  readonly workerId = 'w';
  readonly slots = 2;
  readonly started: string[] = [];
  readonly current = new Set<string>();
  private listener: (outcome: AttemptOutcome) => void = () => undefined;
  freeSlots = () => this.slots - this.current.size;
  running = () => [...this.current];
  cancel = () => undefined;
  abandon = () => undefined;
  onOutcome(listener: (outcome: AttemptOutcome) => void): void {
    this.listener = listener;
  }
  start(assignments: readonly Assignment[]): void {
    for (const { token } of assignments) {
      this.started.push(token);
      this.current.add(token);
    }
  }
  end(token: string, reason = 'done'): void {
    if (!this.current.delete(token)) throw new Error(`${token} is not running`);
    this.listener({ token, taskInstanceId: 1, dagRunId: 1, outcome: { kind: 'skipped', message: reason }, endedAt: 0 });
  }
  async stop(): Promise<void> {
    for (const token of [...this.current]) this.end(token, 'stopped');
  }
}

class World {
  readonly executor = new HandExecutor();
  queued: string[] = [];
  readonly settled: string[][] = [];
  claimFails = 0;
  settleFails = 0;
  private wake: () => void = () => undefined;
  private watchers: (() => void)[] = [];

  readonly service = new WorkerService({
    component: { id: 'w', kind: 'worker', hostname: 'h', pid: 1, version: '0', startedAt: 0, details: {} },
    queues: ['default'],
    leaseTimes: { heartbeatMs: 5_000, leaseMs: 30_000 },
    executor: this.executor,
    attempts: {
      claimQueued: async (_workerId: string, _queues: readonly string[], limit: number) => {
        if (this.claimFails-- > 0) throw new Error('away');
        const claimed = this.queued.splice(0, limit);
        this.notify();
        return claimed.map((token) => ({ token }) as Assignment);
      },
      findRevoked: async () => [],
    } as unknown as AttemptStore,
    components: {
      register: async () => undefined,
      heartbeat: async () => true,
      stopped: async () => undefined,
      list: async () => [],
    },
    bus: {
      publish: () => undefined,
      subscribe: (topic, listener) => {
        if (topic === 'tasks') this.wake = listener;
        return () => undefined;
      },
      close: async () => undefined,
    },
    clock: { now: () => 0, sleep: async () => undefined },
    logger,
    settle: async (outcomes) => {
      if (this.settleFails-- > 0) throw new Error('away');
      // A commit takes longer than a turn of the loop.
      await new Promise((resolve) => setImmediate(resolve));
      this.settled.push(outcomes.map(({ token }) => token));
      this.notify();
    },
  });

  queue(...tokens: string[]): void {
    this.queued.push(...tokens);
    this.wake();
  }

  /** Resolves once the condition holds; it is looked at after every call of the store. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.watchers.push(resolve));
  }

  private notify(): void {
    setImmediate(() => this.watchers.splice(0).forEach((resolve) => resolve()));
  }
}

describe('WorkerService', () => {
  it('takes as many tasks as it has slots, and more when one is free', async () => {
    const world = new World();
    await world.service.start();
    world.queue('a', 'b', 'c');
    await world.until(() => world.executor.started.length === 2);
    expect(world.queued).toEqual(['c']);
    world.executor.end('a');
    await world.until(() => world.executor.started.length === 3);
    expect(world.executor.started).toEqual(['a', 'b', 'c']);
    await world.service.stop(100);
  });

  it('settles what ends during a commit together in the next one', async () => {
    const world = new World();
    await world.service.start();
    world.queue('a', 'b', 'c', 'd');
    await world.until(() => world.executor.current.size === 2);
    world.executor.end('a');
    world.executor.end('b');
    await world.until(() => world.settled.length === 2);
    expect(world.settled).toEqual([['a'], ['b']]);
    await world.service.stop(100);
    expect(world.settled.flat()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('loses no outcome and no task when the store is away for a while', async () => {
    const world = new World();
    await world.service.start();
    world.claimFails = 1;
    world.settleFails = 2;
    world.queue('a');
    await world.until(() => world.executor.started.length === 1);
    world.executor.end('a');
    await world.until(() => world.settled.length === 1);
    expect(world.settled).toEqual([['a']]);
    await world.service.stop(100);
  });

  it('settles what its attempts came to before it ends, and takes nothing new', async () => {
    const world = new World();
    await world.service.start();
    world.queue('a');
    await world.until(() => world.executor.started.length === 1);
    const stopped = world.service.stop(100);
    world.queue('b');
    await stopped;
    expect(world.settled).toEqual([['a']]);
    expect(world.queued).toEqual(['b']);
  });
});

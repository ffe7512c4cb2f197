import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { EventBus, Topic } from '../../../src/ports/event-bus.js';
import type { Logger } from '../../../src/ports/logger.js';
import type { ComponentStore } from '../../../src/ports/store.js';
import { LeaseKeeper } from '../../../src/worker/lease-keeper.js';

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => logger,
};

class World {
  /** What heartbeats answer; an Error is thrown. */
  answer: boolean | Error = true;
  readonly calls: string[] = [];
  readonly cancelled: string[] = [];
  readonly abandoned: string[] = [];
  running = ['a', 'b', 'c'];
  revoked: string[] = [];
  private readonly listeners = new Map<Topic, () => void>();

  readonly bus: EventBus = {
    publish: (topic) => this.listeners.get(topic)?.(),
    subscribe: (topic, listener) => {
      this.listeners.set(topic, listener);
      return () => void this.listeners.delete(topic);
    },
    close: () => Promise.resolve(),
  };
  readonly components: ComponentStore = {
    register: async () => void this.calls.push('register'),
    heartbeat: async () => {
      this.calls.push('heartbeat');
      if (this.answer instanceof Error) throw this.answer;
      return this.answer;
    },
    stopped: async () => void this.calls.push('stopped'),
    list: async () => [],
  };
  readonly keeper = new LeaseKeeper({
    component: { id: 'w', kind: 'worker', hostname: 'h', pid: 1, version: '0', startedAt: 0, details: {} },
    components: this.components,
    attempts: { findRevoked: async (tokens) => tokens.filter((token) => this.revoked.includes(token)) },
    bus: this.bus,
    holder: {
      running: () => this.running,
      cancel: (token) => void this.cancelled.push(token),
      abandon: (reason) => void this.abandoned.push(reason),
    },
    logger,
    times: { heartbeatMs: 5_000, leaseMs: 30_000 },
  });
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('LeaseKeeper', () => {
  it('registers, renews every five seconds and signs off', async () => {
    const world = new World();
    await world.keeper.start();
    await jest.advanceTimersByTimeAsync(16_000);
    await world.keeper.stop();
    await jest.advanceTimersByTimeAsync(16_000);
    expect(world.calls).toEqual(['register', 'heartbeat', 'heartbeat', 'heartbeat', 'stopped']);
    expect(world.abandoned).toEqual([]);
  });

  it('kills everything once after 20 s without a confirmed renewal, and goes on when the store is back', async () => {
    const world = new World();
    await world.keeper.start();
    await jest.advanceTimersByTimeAsync(5_500);
    world.answer = new Error('connection refused');
    await jest.advanceTimersByTimeAsync(18_000);
    expect(world.abandoned).toEqual([]);
    expect(world.keeper.isHeld).toBe(true);
    await jest.advanceTimersByTimeAsync(4_000);
    expect(world.abandoned).toEqual(['no heartbeat was confirmed for 20s']);
    expect(world.keeper.isHeld).toBe(false);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(world.abandoned).toHaveLength(1);
    world.answer = true;
    await jest.advanceTimersByTimeAsync(5_000);
    expect(world.keeper.isHeld).toBe(true);
    await world.keeper.stop();
  });

  it('gives up its attempts and registers again when its lease was taken away', async () => {
    const world = new World();
    await world.keeper.start();
    world.answer = false;
    await jest.advanceTimersByTimeAsync(5_000);
    expect(world.abandoned).toEqual(['the lease of this process was taken away']);
    expect(world.calls).toEqual(['register', 'heartbeat', 'register']);
    await world.keeper.stop();
  });

  it('cancels revoked attempts when it is told, and with every heartbeat', async () => {
    const world = new World();
    await world.keeper.start();
    world.revoked = ['b'];
    world.bus.publish('cancel');
    await jest.advanceTimersByTimeAsync(0);
    expect(world.cancelled).toEqual(['b']);
    world.running = ['a', 'c'];
    world.revoked = ['c'];
    await jest.advanceTimersByTimeAsync(5_000);
    expect(world.cancelled).toEqual(['b', 'c']);
    await world.keeper.stop();
  });
});

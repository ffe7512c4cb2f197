/** The delivery of callbacks over the memory store, with a runner that does what the test says. */
import { describe, expect, it } from '@jest/globals';
import { MAX_CALLBACK_CALLS } from '../../../src/core/callback/next-call.js';
import type { CallbackAssignment } from '../../../src/model/callback.js';
import type { TaskError } from '../../../src/model/task-instance.js';
import type { Logger } from '../../../src/ports/logger.js';
import { createMemoryEventBus, createMemoryStore, type MemoryStore } from '../../../src/store/memory/index.js';
import { CallbackService } from '../../../src/worker/callbacks/callback-service.js';
import { endRun } from '../../conformance/commits.js';
import { dagSpec, newRun, parsedFile } from '../../support/dag-specs.js';

const T0 = Date.UTC(2024, 0, 1);
const LEASE_MS = 30_000;
const BROKEN: TaskError = { code: 'TASK_ERROR', name: 'Error', message: 'no answer', stack: null };

/** One worker with a store that it may share. */
class Worker {
  readonly called: CallbackAssignment[] = [];
  readonly logged: { readonly level: string; readonly message: string; readonly fields: object }[] = [];
  readonly service: CallbackService;
  /** What calls come to; null: they never end. */
  answer: ((assignment: CallbackAssignment) => TaskError | null) | null = () => null;
  private readonly ends = new Set<(failure: TaskError) => void>();
  private watchers: (() => void)[] = [];

  constructor(readonly world: World) {
    const keep = (level: string) => (fields: object, message: string) => {
      this.logged.push({ level, message, fields });
      this.notify();
    };
    const logger: Logger = {
      debug: keep('debug'),
      info: keep('info'),
      warn: keep('warn'),
      error: keep('error'),
      child: () => logger,
    };
    // One that died takes no more.
    const free = () => (this.answer === null ? 1 - this.called.length : 4);
    this.service = new CallbackService({
      store: world.store.callbacks,
      bus: world.bus,
      clock: world.clock,
      logger,
      leaseMs: LEASE_MS,
      runner: {
        get freeSlots() {
          return free();
        },
        call: async (assignment) => {
          this.called.push(assignment);
          this.notify();
          return this.answer === null ? new Promise((resolve) => this.ends.add(resolve)) : this.answer(assignment);
        },
        stop: () => this.ends.forEach((end) => end(BROKEN)),
      },
    });
    this.service.start();
  }

  /** Resolves once the condition holds; it is looked at after every call and every line of the log. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.watchers.push(resolve));
  }

  untilCalled(times: number): Promise<void> {
    return this.until(() => this.called.length >= times);
  }

  private notify(): void {
    setImmediate(() => this.watchers.splice(0).forEach((resolve) => resolve()));
  }
}

class World {
  now = T0;
  readonly clock = { now: () => this.now, sleep: async () => undefined };
  readonly store: MemoryStore = createMemoryStore(this.clock);
  readonly bus = createMemoryEventBus();
  runId = 0;

  /** A run that ends with a callback. */
  static async withCallback(): Promise<World> {
    const world = new World();
    await world.store.catalog.saveFiles([parsedFile('d.ts', [dagSpec('d')])], T0);
    const created = await world.store.runs.createRun('d', newRun('r', T0), { kind: 'test', id: 't' }, T0);
    if (!('run' in created)) throw new Error('the run exists');
    world.runId = created.run.id;
    const ending = endRun(created.run, 'failed', T0);
    const callback = { key: 'k', event: 'failure', task: null, state: 'failed', error: null, reason: 'task_failure' } as const;
    await world.store.scheduling.commit([{ ...ending, run: { ...ending.run!, callback } }], T0);
    return world;
  }

  left() {
    return this.store.callbacks.list([this.runId]);
  }

  /** Lets time pass and says that there is something to do. */
  pass(ms: number): void {
    this.now += ms;
    this.bus.publish('callbacks');
  }
}

describe('the delivery of callbacks', () => {
  it('calls what is due, and it is gone', async () => {
    const world = await World.withCallback();
    const worker = new Worker(world);
    await worker.untilCalled(1);
    await worker.service.stop(1_000);
    expect(worker.called).toMatchObject([{ callNumber: 1, request: { key: 'k' }, run: { runId: 'r' } }]);
    expect(await world.left()).toEqual([]);
    expect((await world.store.runs.getRun(world.runId))?.state).toBe('failed');
  });

  it('pitfall 52: repeats one that fails at its time, gives it up in the end, and leaves the state as it is', async () => {
    const world = await World.withCallback();
    const before = await world.store.runs.getRun(world.runId);
    const worker = new Worker(world);
    worker.answer = () => BROKEN;
    for (let calls = 1; calls <= MAX_CALLBACK_CALLS; calls++) {
      await worker.until(() => worker.logged.length === calls);
      const [left] = await world.left();
      world.pass((left?.dueAt ?? world.now) - world.now);
    }
    await worker.service.stop(1_000);
    expect(worker.called.map(({ callNumber }) => callNumber)).toEqual([1, 2, 3, 4, 5]);
    expect(worker.logged.map(({ level }) => level)).toEqual(['warn', 'warn', 'warn', 'warn', 'error']);
    expect(worker.logged.at(-1)).toMatchObject({
      message: 'a callback failed for the last time, it is given up',
      fields: { dagId: 'd', runId: 'r', event: 'failure', callNumber: 5, error: BROKEN },
    });
    expect(await world.left()).toMatchObject([{ calls: 5, dueAt: null, failure: BROKEN }]);
    expect(await world.store.runs.getRun(world.runId)).toEqual(before);
  });

  it('takes over what another worker died over, once its lease has ended', async () => {
    const world = await World.withCallback();
    const dead = new Worker(world);
    dead.answer = null;
    await dead.untilCalled(1);
    const other = new Worker(world);
    world.pass(LEASE_MS);
    await other.untilCalled(1);
    await other.service.stop(1_000);
    expect(other.called).toMatchObject([{ callNumber: 2, request: { key: 'k' } }]);
    expect(await world.left()).toEqual([]);
    // Its late word is not heard.
    await dead.service.stop(0);
    expect(await world.left()).toEqual([]);
  });

  it('gives up one that ended the process of each of its calls', async () => {
    const world = await World.withCallback();
    for (let calls = 1; calls <= MAX_CALLBACK_CALLS; calls++) {
      expect(await world.store.callbacks.claimDue(world.now, 1, LEASE_MS)).toHaveLength(1);
      world.now += LEASE_MS;
    }
    const worker = new Worker(world);
    await worker.until(() => worker.logged.length > 0);
    await worker.service.stop(1_000);
    expect(worker.called).toEqual([]);
    expect(await world.left()).toMatchObject([{ dueAt: null, failure: { code: 'CALLBACK_LOST' } }]);
  });
});

import { createMemoryStore, type MemoryStore } from '../../src/store/memory/index.js';
import { describeStore } from './store.js';
import type { StoreHarness } from './store/suite.js';

async function open(): Promise<StoreHarness> {
  let at = Date.UTC(2030, 0, 1);
  const clock = { now: () => at++, sleep: async () => undefined };
  let current: MemoryStore = createMemoryStore(clock);
  /** The same object for the suite, another store after each reset. */
  const store = new Proxy({} as MemoryStore, { get: (_target, key) => Reflect.get(current, key) as unknown });
  return {
    store,
    other: store,
    reset: async () => void (current = createMemoryStore(clock)),
    events: async () => current.events.map(({ actor, ...event }) => ({ ...event, actorKind: actor.kind })),
    setPool: async (name, slots) => current.setPool(name, slots),
    close: async () => undefined,
  };
}

describeStore('memory', await open());

/** The store in memory: for `testDag`, `dags test` and simulation. Same semantics as the Postgres store, proved by the same suite. */
import type { Clock } from '../../ports/clock.js';
import type { EventBus, Topic } from '../../ports/event-bus.js';
import type { Store } from '../../ports/store.js';
import { createAssetStore } from './assets.js';
import { createAttemptStore } from './attempts.js';
import { createBackfillStore } from './backfills.js';
import { createCallbackStore } from './callbacks.js';
import { createCatalog } from './catalog.js';
import { createComponentStore } from './components.js';
import { createPoolStore } from './pools.js';
import { createRunReads } from './runs.js';
import { createSchedulingStore } from './scheduling.js';
import { createSituationReads } from './situations.js';
import { Tables, type HistoryEvent } from './tables.js';

export type { HistoryEvent } from './tables.js';

export interface MemoryStore extends Store {
  /** The history of all state changes so far, in order. */
  readonly events: readonly HistoryEvent[];
  /** Sets the size of a pool, or creates it. */
  setPool(name: string, slots: number): void;
}

/** A new, empty store whose `now()` is the clock's. */
export function createMemoryStore(clock: Clock): MemoryStore {
  const tables = new Tables();
  return {
    catalog: createCatalog(tables),
    scheduling: createSchedulingStore(tables),
    attempts: createAttemptStore(tables),
    callbacks: createCallbackStore(tables),
    runs: createRunReads(tables),
    backfills: createBackfillStore(tables),
    assets: createAssetStore(tables),
    pools: createPoolStore(tables),
    situations: createSituationReads(tables),
    components: createComponentStore(tables, clock),
    events: tables.events,
    setPool: (name, slots) => void tables.pools.set(name, { name, slots, description: null, includeDeferred: false }),
    async now() {
      return clock.now();
    },
    async close() {},
  };
}

/** A bus within one process; listeners are called in a microtask of their own. */
export function createMemoryEventBus(): EventBus {
  const listeners = new Map<Topic, Set<() => void>>();
  return {
    publish(topic) {
      queueMicrotask(() => {
        for (const listener of listeners.get(topic) ?? []) listener();
      });
    },
    subscribe(topic, listener) {
      const ofTopic = listeners.get(topic) ?? new Set();
      listeners.set(topic, ofTopic);
      const entry = () => listener();
      ofTopic.add(entry);
      return () => ofTopic.delete(entry);
    },
    async close() {
      listeners.clear();
    },
  };
}

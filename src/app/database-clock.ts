import { performance } from 'node:perf_hooks';
import type { Instant } from '../model/instant.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import type { Store } from '../ports/store.js';

const RESYNC_MS = 10_000;
const WARN_SKEW_MS = 2_000;
/** An answer is wrong by up to half of what it took. One that took longer than this, in milliseconds, is asked for again, and the quickest counts. */
const GOOD_ROUND_TRIP_MS = 100;
const MAX_LOOKS = 3;

/**
 * The database's clock, read over the monotonic clock of this process: a wrong or stepping local clock changes no decision. The offset
 * is measured again every ten seconds, and time never goes back.
 */
export class DatabaseClock implements Clock {
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #offsetMs = 0;
  #latest = 0;

  private constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.#measure().catch(() => {}), RESYNC_MS).unref();
  }

  /** Measures once, and warns when this machine's clock is far from the database's. */
  static async start(store: Store, logger: Logger): Promise<DatabaseClock> {
    const clock = new DatabaseClock(store, logger);
    await clock.#measure();
    const skewMs = Math.round(Date.now() - clock.now());
    if (Math.abs(skewMs) > WARN_SKEW_MS) {
      logger.warn({ skewMs }, `the clock of this machine is ${skewMs} ms off the database's; decisions follow the database`);
    }
    return clock;
  }

  now(): Instant {
    this.#latest = Math.max(this.#latest, Math.floor(performance.now() + this.#offsetMs));
    return this.#latest;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleep(ms, signal);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #measure(): Promise<void> {
    let quickestMs = Infinity;
    let offsetMs = 0;
    for (let look = 0; look < MAX_LOOKS && quickestMs > GOOD_ROUND_TRIP_MS; look++) {
      const before = performance.now();
      const databaseNow = await this.#store.now();
      const after = performance.now();
      if (after - before >= quickestMs) continue;
      quickestMs = after - before;
      offsetMs = databaseNow - (before + after) / 2;
    }
    this.#offsetMs = offsetMs;
    if (quickestMs > WARN_SKEW_MS) this.#logger.warn({ roundTripMs: Math.round(quickestMs) }, 'the database answers slowly');
  }
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, Math.min(ms, 2 ** 31 - 1));
    signal?.addEventListener('abort', finish, { once: true });
  });
}

import { parseDurationMs, type Duration } from '../model/duration.js';
import type { Instant } from '../model/instant.js';
import type { Clock } from '../ports/clock.js';
import { instantOf, type DateInput } from './intervals.js';

interface Sleeper {
  readonly at: Instant;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. Each test has its own; nothing global is replaced, so tests may run side by side. */
export class VirtualClock implements Clock {
  #now: Instant;
  readonly #sleepers = new Set<Sleeper>();

  /** @throws AirflowLikeError DATE_INVALID */
  constructor(now: DateInput) {
    this.#now = instantOf(now, 'VirtualClock');
  }

  now(): Instant {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (!(ms > 0) || signal?.aborted) return resolve();
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper: Sleeper = { at: this.#now + ms, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', wake);
    });
  }

  /** When the next sleeper wakes; null: nobody sleeps. */
  nextWakeAt(): Instant | null {
    let next: Instant | null = null;
    for (const { at } of this.#sleepers) if (next === null || at < next) next = at;
    return next;
  }

  /**
   * Sets the clock forward by a duration such as `'2h'` or by milliseconds, and wakes who slept until then, the earliest first.
   * @throws AirflowLikeError DURATION_INVALID
   */
  advance(span: Duration | number): void {
    this.moveTo(this.#now + spanMs(span, 'advance'));
  }

  /** Sets the clock to `instant`; never back. */
  moveTo(instant: Instant): void {
    this.#now = Math.max(this.#now, instant);
    const due = [...this.#sleepers].filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at);
    for (const { wake } of due) wake();
  }
}

/** @throws AirflowLikeError DURATION_INVALID */
export function spanMs(span: Duration | number, place: string): number {
  return typeof span === 'number' ? span : parseDurationMs(span, place);
}

import type { Topic } from '../ports/event-bus.js';
import type { OperationDeps } from './operation-deps.js';

/** Hints may be lost, so followers also look by themselves. */
const POLL_MS = 1_000;
/** Hints may come hundreds of times a second; nobody reads that fast. */
const SHORTEST_PAUSE_MS = 100;

/**
 * Yields at once, then whenever something of the topics may have changed: after a hint, and every second without one. Ends when `signal`
 * aborts.
 */
export async function* followHints(
  { bus, clock }: Pick<OperationDeps, 'bus' | 'clock'>,
  topics: readonly Topic[],
  signal?: AbortSignal,
): AsyncGenerator<void> {
  let wake = new AbortController();
  const hint = () => wake.abort();
  const subscriptions = topics.map((topic) => bus.subscribe(topic, hint));
  signal?.addEventListener('abort', hint);
  try {
    for (;;) {
      if (signal?.aborted) return;
      yield;
      // A hint that came while the consumer looked has aborted `wake` already: the sleep ends at once.
      await clock.sleep(POLL_MS, wake.signal);
      wake = new AbortController();
      if (!signal?.aborted) await clock.sleep(SHORTEST_PAUSE_MS, signal);
    }
  } finally {
    signal?.removeEventListener('abort', hint);
    for (const unsubscribe of subscriptions) unsubscribe();
  }
}

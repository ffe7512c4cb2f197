/** How often, and after which pauses, a callback is called that does not end well. */
import type { Instant } from '../../model/instant.js';

export const MAX_CALLBACK_CALLS = 5;
/** Pause after the first call, in milliseconds; each further one is twice as long. */
const FIRST_PAUSE_MS = 5_000;

/** When a callback is called again after call `callNumber` failed at `now`; null: it is given up. */
export function nextCallAt(callNumber: number, now: Instant): Instant | null {
  return callNumber >= MAX_CALLBACK_CALLS ? null : now + FIRST_PAUSE_MS * 2 ** (callNumber - 1);
}

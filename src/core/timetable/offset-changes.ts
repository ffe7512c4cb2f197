import type { Instant } from '../../model/instant.js';
import { zoneOffset } from './zone-offset.js';

/** A moment at which the clocks of a zone are changed. */
export interface OffsetChange {
  /** The first instant with the new offset. */
  readonly at: Instant;
  /** Milliseconds to add to UTC. */
  readonly before: number;
  readonly after: number;
}

/** No zone changes its clocks and changes them back within so many days; the shortest known is the month of Ramadan. */
const STEP_MS = 20 * 86_400_000;

/** The changes after `from` up to and including `to`, oldest first. */
export function offsetChanges(timezone: string, from: Instant, to: Instant): readonly OffsetChange[] {
  const offsetAt = zoneOffset(timezone);
  const changes: OffsetChange[] = [];
  let known = from;
  let before = offsetAt(from);
  while (known < to) {
    const next = Math.min(known + STEP_MS, to);
    const after = offsetAt(next);
    if (after !== before) changes.push({ at: firstWith(offsetAt, known, next, after), before, after });
    known = next;
    before = after;
  }
  return changes;
}

/** The first whole second after `low` whose offset is `wanted`, as that of `high` is. */
function firstWith(offsetAt: (instant: Instant) => number, low: Instant, high: Instant, wanted: number): Instant {
  let outside = Math.floor(low / 1_000);
  let inside = Math.ceil(high / 1_000);
  while (inside - outside > 1) {
    const middle = Math.floor((inside + outside) / 2);
    if (offsetAt(middle * 1_000) === wanted) inside = middle;
    else outside = middle;
  }
  return inside * 1_000;
}

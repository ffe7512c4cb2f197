import type { Instant } from '../../model/instant.js';

/** Instants at which a schedule fires, asked for one at a time. null: there is none within years. */
export interface Fires {
  /** First fire strictly after `instant`. */
  next(instant: Instant): Instant | null;
  /** Last fire strictly before `instant`. */
  prev(instant: Instant): Instant | null;
  /** First fire at or after `instant`. */
  alignNext(instant: Instant): Instant | null;
  /** Last fire at or before `instant`. */
  alignPrev(instant: Instant): Instant | null;
}

/** The fires of several schedules as one; where some of them coincide there is one fire. */
export function mergedFires(members: readonly Fires[]): Fires {
  const first = (ask: (fires: Fires) => Instant | null): Instant | null => earliestOf(members.map(ask));
  const last = (ask: (fires: Fires) => Instant | null): Instant | null => latestOf(members.map(ask));
  return {
    next: (instant) => first((fires) => fires.next(instant)),
    prev: (instant) => last((fires) => fires.prev(instant)),
    alignNext: (instant) => first((fires) => fires.alignNext(instant)),
    alignPrev: (instant) => last((fires) => fires.alignPrev(instant)),
  };
}

/** The `count`-th last fire at or before `now`, or the oldest there is. */
export function newestFire(fires: Fires, count: number, now: Instant): Instant | null {
  let fire = fires.alignPrev(now);
  for (let found = 1; found < count && fire !== null; found++) fire = fires.prev(fire) ?? fire;
  return fire;
}

/** The later of two instants, of which either may be missing. */
export function laterOf(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
}

export function latestOf(instants: readonly (Instant | null)[]): Instant | null {
  return instants.reduce(laterOf, null);
}

export function earliestOf(instants: readonly (Instant | null)[]): Instant | null {
  const known = instants.filter((instant) => instant !== null);
  return known.length === 0 ? null : Math.min(...known);
}

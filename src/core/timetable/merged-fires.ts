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
  const [only] = members;
  if (only && members.length === 1) return only;
  const first = (ask: (fires: Fires) => Instant | null): Instant | null => extreme(members.map(ask), Math.min);
  const last = (ask: (fires: Fires) => Instant | null): Instant | null => extreme(members.map(ask), Math.max);
  return {
    next: (instant) => first((fires) => fires.next(instant)),
    prev: (instant) => last((fires) => fires.prev(instant)),
    alignNext: (instant) => first((fires) => fires.alignNext(instant)),
    alignPrev: (instant) => last((fires) => fires.alignPrev(instant)),
  };
}

function extreme(instants: readonly (Instant | null)[], choose: (a: number, b: number) => number): Instant | null {
  let found: Instant | null = null;
  for (const instant of instants) if (instant !== null) found = found === null ? instant : choose(found, instant);
  return found;
}

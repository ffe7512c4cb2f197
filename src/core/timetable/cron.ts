/**
 * Cron schedules as data intervals: a run covers the time between two fires and is due at the second one.
 *
 * Intervals are contiguous and strictly increasing, also across DST, because each one starts where the last ended.
 */
import type { NextRun } from '../../model/dag.js';
import type { DataInterval, Instant } from '../../model/instant.js';
import { parseCron } from './cron-fields.js';
import { CronFires } from './cron-fires.js';
import { newestWanted, runOver, type Timetable, type TimetableRestriction } from './timetable.js';

export class CronTimetable implements Timetable {
  readonly summary: string;
  readonly periodic = true;
  readonly #fires: CronFires;
  /** The end of the last answer, known to be a fire: a walk asks for what follows it. */
  #lastFire: Instant | null = null;
  #aligned: { readonly from: Instant; readonly to: Instant | null } | null = null;

  /**
   * @param timezone IANA name.
   * @throws AirflowLikeError CRON_INVALID, CRON_NEVER.
   */
  constructor(expression: string, timezone: string, text: string = expression) {
    this.#fires = new CronFires(parseCron(expression, 'schedule'), timezone);
    this.summary = text;
  }

  next(last: DataInterval | null, restriction: TimetableRestriction, now: Instant): NextRun | null {
    const bound = this.#bound(restriction, now);
    let start: Instant | null = bound;
    if (last !== null) {
      start = last.end === this.#lastFire ? last.end : this.#fires.alignPrev(last.end);
      if (start === null) return null;
      // The schedule became coarser: the fire before the last interval's end is no later than its start.
      if (start <= last.start) start = this.#fires.next(last.start);
      if (start !== null && bound !== null && bound > start) start = bound;
    }
    if (start === null) return null;
    const end = this.#fires.next(start);
    this.#lastFire = end;
    return end === null ? null : runOver(start, end, restriction.latest);
  }

  inferManualInterval(runAfter: Instant): DataInterval {
    const end = this.#fires.alignPrev(runAfter) ?? runAfter;
    return { start: this.#fires.prev(end) ?? end, end };
  }

  #bound({ earliest, catchup }: TimetableRestriction, now: Instant): Instant | null {
    const aligned = earliest === null ? null : this.#alignEarliest(earliest);
    const newest = newestWanted(catchup);
    if (newest === null) return aligned;
    const latest = this.#startOfNewest(newest, now);
    if (latest === null || aligned === null) return latest ?? aligned;
    return Math.max(latest, aligned);
  }

  /** Start of the `newest`-th last interval that is complete at `now`. */
  #startOfNewest(newest: number, now: Instant): Instant | null {
    let start = this.#fires.alignPrev(now);
    for (let count = 0; count < newest && start !== null; count++) start = this.#fires.prev(start) ?? start;
    return start;
  }

  #alignEarliest(earliest: Instant): Instant | null {
    if (this.#aligned?.from !== earliest) this.#aligned = { from: earliest, to: this.#fires.alignNext(earliest) };
    return this.#aligned.to;
  }
}

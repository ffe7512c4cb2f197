/**
 * Cron schedules as data intervals: a run covers the time between two fires and is due at the second one.
 *
 * Intervals are contiguous and strictly increasing, also across DST, because each one starts where the last ended.
 */
import type { NextRun } from '../../model/dag.js';
import type { DataInterval, Instant } from '../../model/instant.js';
import { parseCron } from './cron-fields.js';
import { CronFires } from './cron-fires.js';
import { laterOf, newestFire } from './merged-fires.js';
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
  constructor(expression: string, timezone: string, text: string) {
    this.#fires = new CronFires(parseCron(expression, 'schedule'), timezone);
    this.summary = text;
  }

  next(last: DataInterval | null, restriction: TimetableRestriction, now: Instant): NextRun | null {
    const start = laterOf(last && this.#startAfter(last), this.#bound(restriction, now));
    if (start === null) return null;
    const end = this.#fires.next(start);
    this.#lastFire = end;
    return end === null ? null : runOver(start, end, restriction.latest);
  }

  inferManualInterval(runAfter: Instant): DataInterval {
    const end = this.#fires.alignPrev(runAfter) ?? runAfter;
    return { start: this.#fires.prev(end) ?? end, end };
  }

  #startAfter({ start, end }: DataInterval): Instant | null {
    const fire = end === this.#lastFire ? end : this.#fires.alignPrev(end);
    if (fire !== null && fire > start) return fire;
    // The schedule became coarser: the fire before the last interval's end is no later than its start.
    return this.#fires.next(start);
  }

  #bound({ earliest, catchup }: TimetableRestriction, now: Instant): Instant | null {
    const aligned = earliest === null ? null : this.#alignEarliest(earliest);
    const newest = newestWanted(catchup);
    // The newest interval that is complete lies between the last two fires.
    return newest === null ? aligned : laterOf(newestFire(this.#fires, newest + 1, now), aligned);
  }

  #alignEarliest(earliest: Instant): Instant | null {
    if (this.#aligned?.from !== earliest) this.#aligned = { from: earliest, to: this.#fires.alignNext(earliest) };
    return this.#aligned.to;
  }
}

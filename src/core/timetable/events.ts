/** A list of dates; each one is a run at that point in time. */
import type { ScheduleSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import { newestWanted, pointInterval, runEndingAt, type Timetable } from './timetable.js';

export function eventsTimetable(spec: Extract<ScheduleSpec, { kind: 'events' }>): Timetable {
  const { dates } = spec;
  return {
    next(last, { earliest, latest, catchup }, now) {
      const bound = Math.max(earliest ?? Number.NEGATIVE_INFINITY, oldestWanted(catchup, now));
      const at = dates[firstIndex(dates, (date) => date >= bound && (last === null || date > last.end))];
      return at === undefined || (latest !== null && at > latest) ? null : runEndingAt(at, 0);
    },
    inferManualInterval(runAfter) {
      if (!spec.restrictToEvents) return pointInterval(runAfter);
      const past = dates[firstIndex(dates, (date) => date > runAfter) - 1];
      return pointInterval(past ?? dates[0] ?? runAfter);
    },
    summary: spec.text,
    periodic: true,
  };

  /** Without catchup no event of the past is wanted, as in Airflow; `'latest'` and `{ last: n }` ask for the newest of them. */
  function oldestWanted(catchup: Parameters<typeof newestWanted>[0], now: Instant): Instant {
    if (catchup === false) return now;
    const newest = newestWanted(catchup);
    if (newest === null) return Number.NEGATIVE_INFINITY;
    return dates[Math.max(0, firstIndex(dates, (date) => date > now) - newest)] ?? now;
  }
}

/** Index of the first date that passes a test which all later ones pass too; the length when none does. */
function firstIndex(dates: readonly Instant[], passes: (date: Instant) => boolean): number {
  let low = 0;
  let high = dates.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(dates[middle] as Instant)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * A fixed span between runs. Spans without months are exact durations in UTC; spans with months walk the calendar in UTC from the
 * start date, the day clamped to the month's end (Jan 31, Feb 28, Mar 28...).
 */
import type { CalendarSpan } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import { newestWanted, runOver, type Timetable, type TimetableRestriction } from './timetable.js';

export function deltaTimetable(span: CalendarSpan, text: string): Timetable {
  const start = ({ earliest, catchup }: TimetableRestriction, now: Instant): Instant | null => {
    const newest = newestWanted(catchup);
    if (newest === null) return earliest;
    return span.months === 0 ? skipExact(span.ms, newest, earliest, now) : skipCalendar(span, newest, earliest, now);
  };
  return {
    next(last, restriction, now) {
      const bound = start(restriction, now);
      if (last === null && bound === null) return null;
      let from = Math.max(last?.end ?? Number.NEGATIVE_INFINITY, bound ?? Number.NEGATIVE_INFINITY);
      // The last run was a point in time, of another schedule: its instant has a run already.
      if (last !== null && from <= last.start) from = addSpan(from, span);
      return runOver(from, addSpan(from, span), restriction.latest);
    },
    inferManualInterval: (runAfter) => ({ start: addSpan(runAfter, { months: -span.months, ms: -span.ms }), end: runAfter }),
    summary: `every ${text}`,
    periodic: true,
  };
}

/** Start of the `newest`-th last complete period, counted from the epoch. */
function skipExact(ms: number, newest: number, earliest: Instant | null, now: Instant): Instant {
  const start = Math.floor(now / ms) * ms - newest * ms;
  return Math.max(start, earliest ?? start);
}

/** The same for calendar spans, walked from the start date; without one counted back from now. */
function skipCalendar(span: CalendarSpan, newest: number, earliest: Instant | null, now: Instant): Instant {
  if (earliest === null) return addSpan(now, { months: -span.months * newest, ms: -span.ms * newest });
  const starts = [earliest];
  for (let end = addSpan(earliest, span); addSpan(end, span) <= now; end = addSpan(end, span)) {
    starts.push(end);
    if (starts.length > newest) starts.shift();
  }
  return starts[0] as Instant;
}

/** `instant` plus the span in UTC: months first, with the day clamped, then milliseconds. */
export function addSpan(instant: Instant, { months, ms }: CalendarSpan): Instant {
  if (months === 0) return instant + ms;
  const date = new Date(instant);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  const day = date.getUTCDate();
  const lastDay = new Date(Date.UTC(year, month + months + 1, 0)).getUTCDate();
  const timeOfDay = instant - Date.UTC(year, month, day);
  // A month beyond December is one of a later year.
  return Date.UTC(year, month + months, Math.min(day, lastDay)) + timeOfDay + ms;
}

/** Data intervals as tests write them: `day('2026-03-29', 'Europe/Paris')`. */
import { checkTimezone } from '../core/timetable/check-timezone.js';
import { parseDate } from '../core/timetable/parse-date.js';
import { AirflowLikeError } from '../model/errors.js';
import type { DataInterval, Instant } from '../model/instant.js';

/** A point in time: a Date, milliseconds since 1970, or ISO 8601 text, which is UTC unless it says otherwise. */
export type DateInput = Date | number | string;

/** The half-open span `[start, end)`, in the form in which `context().dataInterval` has it. */
export interface TestInterval {
  readonly start: Date;
  readonly end: Date;
}

/**
 * The day `date` (`YYYY-MM-DD`) from midnight to midnight in `timezone`: 23 or 25 hours long when the clocks change.
 * @param timezone IANA name; default UTC.
 * @throws AirflowLikeError DATE_INVALID, TZ_UNKNOWN
 */
export function day(date: string, timezone = 'UTC'): TestInterval {
  const zone = zoneOf(timezone, 'day');
  checkShape(date, /^\d{4}-\d\d-\d\d$/, 'day', 'YYYY-MM-DD');
  const start = parseDate(date, zone, 'day').instant;
  const next = new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10);
  return { start: new Date(start), end: new Date(parseDate(next, zone, 'day').instant) };
}

/**
 * The hour that begins at `time` (`YYYY-MM-DDTHH` or `YYYY-MM-DDTHH:00`) in `timezone`; of an hour that occurs twice, the first.
 * @param timezone IANA name; default UTC.
 * @throws AirflowLikeError DATE_INVALID, TZ_UNKNOWN, DATE_IN_DST_GAP
 */
export function hour(time: string, timezone = 'UTC'): TestInterval {
  const zone = zoneOf(timezone, 'hour');
  checkShape(time, /^\d{4}-\d\d-\d\d[T ]\d\d(:00)?$/, 'hour', 'YYYY-MM-DDTHH');
  const { instant, warning } = parseDate(`${time.slice(0, 13)}:00`, zone, 'hour');
  if (warning) throw warning;
  return { start: new Date(instant), end: new Date(instant + 3_600_000) };
}

/** @throws AirflowLikeError DATE_INVALID */
export function instantOf(date: DateInput, place: string, timezone = 'UTC'): Instant {
  return parseDate(typeof date === 'number' ? new Date(date) : date, timezone, place).instant;
}

/** @throws AirflowLikeError DATE_INVALID, DATE_ORDER */
export function intervalOf(
  { start, end }: { readonly start: DateInput; readonly end: DateInput },
  place: string,
  timezone: string,
): DataInterval {
  const interval = {
    start: instantOf(start, `${place}.start`, timezone),
    end: instantOf(end, `${place}.end`, timezone),
  };
  if (interval.start <= interval.end) return interval;
  throw new AirflowLikeError('DATE_ORDER', { place, message: 'the interval ends before it starts', value: { start, end } });
}

/** Asking about a zone takes 0.2 ms, which shows in a test that runs every hour of a month. */
function zoneOf(timezone: string, place: string): string {
  return timezone === 'UTC' ? timezone : checkTimezone(timezone, place).timezone;
}

function checkShape(text: string, shape: RegExp, place: string, allowed: string): void {
  if (shape.test(text)) return;
  throw new AirflowLikeError('DATE_INVALID', { place, message: 'this text has another form', value: text, allowed });
}

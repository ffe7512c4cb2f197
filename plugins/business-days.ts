/**
 * A schedule for the days on which an office works: one run for each Monday to Friday (UTC) that is not a holiday, due when the day is over.
 *
 *     @dag({ schedule: timetable('business_days', { holidays: ['2026-12-25'] }), startDate: '2026-01-01' })
 */
import { definePlugin, type Instant, type TaggedJson, type Timetable } from 'airflow-like/plugin';

const DAY_MS = 86_400_000;
/** A year of holidays in a row is a mistake, not a schedule. */
const MAX_DAYS_OFF = 366;

const dayOf = (at: Instant): Instant => at - (at % DAY_MS);

export function businessDays(holidays: ReadonlySet<Instant>): Timetable {
  const isWorkday = (day: Instant): boolean => ![0, 6].includes(new Date(day).getUTCDay()) && !holidays.has(day);

  /** `day` itself or the nearest workday in the direction of `step`; null: there is none within a year. */
  const nearestWorkday = (day: Instant, step: 1 | -1): Instant | null => {
    for (let tried = 0; tried < MAX_DAYS_OFF; tried++) {
      const candidate = day + step * tried * DAY_MS;
      if (isWorkday(candidate)) return candidate;
    }
    return null;
  };

  return {
    next(last, { earliest, latest, catchup }, now) {
      const from = last ? dayOf(last.start) + DAY_MS : earliest === null ? null : dayOf(earliest + DAY_MS - 1);
      if (from === null) return null;
      const newest = catchup === true ? null : nearestWorkday(dayOf(now) - DAY_MS, -1);
      const day = nearestWorkday(newest === null ? from : Math.max(from, newest), 1);
      if (day === null || (latest !== null && day > latest)) return null;
      return { logicalDate: day, dataInterval: { start: day, end: day + DAY_MS }, runAfter: day + DAY_MS };
    },
    inferManualInterval(runAfter) {
      const day = nearestWorkday(dayOf(runAfter) - DAY_MS, -1) ?? dayOf(runAfter);
      return { start: day, end: day + DAY_MS };
    },
    summary: 'business days',
    periodic: true,
    configure: (args) => businessDays(readHolidays(args)),
  };
}

/** `{ holidays: ['2026-12-25', ...] }`; null means none. */
function readHolidays(args: TaggedJson): ReadonlySet<Instant> {
  const listed =
    args !== null && typeof args === 'object' && !Array.isArray(args) ? (args as { holidays?: TaggedJson }).holidays : null;
  return new Set(
    (Array.isArray(listed) ? listed : []).map((holiday: TaggedJson) => {
      const day = Date.parse(`${String(holiday)}T00:00:00Z`);
      if (Number.isNaN(day)) throw new RangeError(`holidays: ${JSON.stringify(holiday)} is not a date such as "2026-12-25"`);
      return day;
    }),
  );
}

export default definePlugin({ name: 'business-days', timetables: { business_days: businessDays(new Set()) } });

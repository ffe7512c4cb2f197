/** The distance of two instants in words, rounded as Airflow's `datetime_diff_for_humans` rounds it. */
import type { Instant } from '../../model/instant.js';
import { DAY_MS } from './strftime.js';

/** `3 weeks`, or `a few seconds`. */
export function describeDistance(one: Instant, other: Instant): string {
  const { years, months, days, hours, minutes, seconds } = calendarDistance(Math.min(one, other), Math.max(one, other));
  const weeks = Math.floor(days / 7);
  const weekdays = days % 7;
  if (years > 0) return counted(months > 6 ? years + 1 : years, 'year');
  if (months === 11 && days > 15) return counted(1, 'year');
  if (months > 0) return counted(days >= 27 ? months + 1 : months, 'month');
  if (weeks > 0) return counted(weekdays > 3 ? weeks + 1 : weeks, 'week');
  if (weekdays > 0) return counted(hours >= 22 ? weekdays + 1 : weekdays, 'day');
  if (hours > 0) return counted(hours, 'hour');
  if (minutes > 0) return counted(minutes, 'minute');
  return seconds > 10 ? counted(seconds, 'second') : 'a few seconds';
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

interface Distance {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

const daysInMonth = (year: number, monthIndex: number): number => new Date(Date.UTC(year, monthIndex + 1, 0)).getUTCDate();

/** Whole years, months, days... from the earlier to the later, field by field with a carry. */
function calendarDistance(earlier: Instant, later: Instant): Distance {
  const from = new Date(earlier);
  const to = new Date(later);
  let timeMs = (later % DAY_MS) - (earlier % DAY_MS);
  let days = to.getUTCDate() - from.getUTCDate();
  let months = to.getUTCMonth() - from.getUTCMonth();
  let years = to.getUTCFullYear() - from.getUTCFullYear();
  if (timeMs < 0) {
    timeMs += DAY_MS;
    days--;
  }
  if (days < 0) {
    const before = daysInMonth(to.getUTCFullYear(), to.getUTCMonth() - 1);
    const excess = daysInMonth(to.getUTCFullYear(), to.getUTCMonth()) - before;
    if (days < excess) days += Math.max(before, from.getUTCDate());
    else if (days === excess) {
      days = 0;
      months++;
    } else days += before;
    months--;
  }
  if (months < 0) {
    months += 12;
    years--;
  }
  const seconds = Math.floor(timeMs / 1_000);
  return { years, months, days, hours: Math.floor(seconds / 3_600), minutes: Math.floor(seconds / 60) % 60, seconds: seconds % 60 };
}

/** Reads the dates that people write: ISO 8601, with a zone or without one. */
import { MONTHS } from './months.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { Instant } from '../../model/instant.js';
import { zoneOffset } from './zone-offset.js';

export interface ParsedDate {
  readonly instant: Instant;
  /** DATE_IN_DST_GAP when the local time does not exist; it was moved forward by the length of the gap. */
  readonly warning: AirflowLikeError | null;
}

const MIN_YEAR = 1900;
const MAX_YEAR = 2200;
const ISO = /^(\d{4,6})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

/**
 * `2025-03-09`, `2025-03-09T02:30`, `2025-03-09 02:30:00.250+01:00`, or a Date. Without an offset the time is local in `timezone`; of a time that occurs
 * twice the first is meant.
 * @throws AirflowLikeError DATE_INVALID naming the part that is wrong; years are 1900-2200.
 */
export function parseDate(value: unknown, timezone: string, place: string): ParsedDate {
  if (value instanceof Date) return { instant: checkedDate(value, place), warning: null };
  if (typeof value !== 'string') throw invalid('this is not a date', value, place);
  const match = ISO.exec(value.trim());
  if (!match) throw invalid('this is not a date', value, place);
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const check = (name: string, text: string | undefined, min: number, max: number): number => {
    const number = Number(text ?? min);
    if (number < min || number > max) throw invalid(`${name} ${text} is outside ${min}-${max}`, value, place);
    return number;
  };
  const y = check('year', year, MIN_YEAR, MAX_YEAR);
  const mo = check('month', month, 1, 12);
  const d = check('day', day, 1, 31);
  const daysInMonth = new Date(Date.UTC(y, mo, 0)).getUTCDate();
  if (d > daysInMonth) throw invalid(`${MONTHS[mo - 1]} ${y} has ${daysInMonth} days, not ${d}`, value, place);
  const timeOfDay =
    check('hour', hour, 0, 23) * 3_600_000 + check('minute', minute, 0, 59) * 60_000 + check('second', second, 0, 59) * 1_000;
  const local = Date.UTC(y, mo - 1, d) + timeOfDay + Number((fraction ?? '0').padEnd(3, '0').slice(0, 3));
  if (zone !== undefined) return { instant: local - offsetOf(zone, value, place), warning: null };
  return fromLocal(local, timezone, value, place);
}

function checkedDate(date: Date, place: string): Instant {
  const instant = date.getTime();
  if (Number.isNaN(instant)) throw invalid('this Date is invalid', 'Invalid Date', place);
  const year = date.getUTCFullYear();
  if (year < MIN_YEAR || year > MAX_YEAR)
    throw invalid(`year ${year} is outside ${MIN_YEAR}-${MAX_YEAR}`, date.toISOString(), place);
  return instant;
}

function offsetOf(zone: string, value: unknown, place: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours * 60 + minutes > 14 * 60 || minutes > 59) throw invalid(`the offset ${zone} is outside -14:00 to +14:00`, value, place);
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function fromLocal(local: number, timezone: string, value: unknown, place: string): ParsedDate {
  const offsetAt = zoneOffset(timezone);
  const before = offsetAt(local - 86_400_000);
  const after = offsetAt(local + 86_400_000);
  // Of a time that comes twice the offset before the change gives the first.
  for (const offset of [before, after]) {
    if (offsetAt(local - offset) === offset) return { instant: local - offset, warning: null };
  }
  const instant = local - before;
  const warning = new AirflowLikeError('DATE_IN_DST_GAP', {
    place,
    message: `this local time does not exist in ${timezone}; ${new Date(instant).toISOString()} is taken`,
    value,
  });
  return { instant, warning };
}

function invalid(message: string, value: unknown, place: string): AirflowLikeError {
  return new AirflowLikeError('DATE_INVALID', {
    place,
    message,
    value,
    allowed: "ISO 8601, for example '2025-01-31' or '2025-01-31T06:00:00+01:00'",
  });
}

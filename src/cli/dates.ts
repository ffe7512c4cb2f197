import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';

const ISO =
  /^(\d{4})-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?)?(?:\s*(Z|[+-]\d{2}(?::?\d{2})?))?$/i;
const DAY_MS = 86_400_000;

/**
 * The instant a person means by `text`: ISO 8601 (`2026-03-01`, `2026-03-01T06:00`, `2026-03-01T06:00:00+01:00`), `today`, `yesterday`,
 * `tomorrow` (midnight) or `now`. Without an offset it is read in `zone`; a local time that a DST change leaves out is moved forward.
 * @throws AirflowLikeError DATE_INVALID for another text or a day that does not exist.
 */
export function parseInstant(text: string, place: string, zone: string, now: Instant = Date.now()): Instant {
  const word = text.trim().toLowerCase();
  if (word === 'now') return now;
  const dayOffset = { yesterday: -1, today: 0, tomorrow: 1 }[word];
  if (dayOffset !== undefined) {
    const localNow = now + zoneOffsetMs(now, zone);
    return fromLocal(Math.floor(localNow / DAY_MS) * DAY_MS + dayOffset * DAY_MS, zone);
  }

  const match = ISO.exec(text.trim());
  if (!match) throw invalid(text, place, 'this is not a date');
  const [, year, month, day = '1', hour = '0', minute = '0', second = '0', fraction = '', offset] = match;
  if (Number(year) < 1_000) throw invalid(text, place, `the year ${Number(year)} is outside 1000-9999`);
  const local = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Number(fraction.padEnd(3, '0').slice(0, 3)),
  );
  const back = new Date(local);
  const exists =
    back.getUTCFullYear() === Number(year) &&
    back.getUTCMonth() === Number(month) - 1 &&
    back.getUTCDate() === Number(day) &&
    back.getUTCHours() === Number(hour) &&
    back.getUTCMinutes() === Number(minute) &&
    back.getUTCSeconds() === Number(second);
  if (!exists) throw invalid(text, place, 'this date or time does not exist');
  return offset === undefined ? fromLocal(local, zone) : local - parseOffsetMs(offset);
}

/** An option and the text that was given for it. */
type Given<Text> = readonly [flag: string, text: Text];

/**
 * The range between two options, both ends included; an option that was not given leaves its end open (null).
 * @throws AirflowLikeError DATE_INVALID; CLI_USAGE for a range that ends before it begins.
 */
export function parseDateRange(from: Given<string>, to: Given<string>, zone: string): { from: Instant; to: Instant };
export function parseDateRange(
  from: Given<string | undefined>,
  to: Given<string | undefined>,
  zone: string,
): { from: Instant | null; to: Instant | null };
export function parseDateRange(
  [fromFlag, fromText]: Given<string | undefined>,
  [toFlag, toText]: Given<string | undefined>,
  zone: string,
): { from: Instant | null; to: Instant | null } {
  const from = fromText === undefined ? null : parseInstant(fromText, fromFlag, zone);
  const to = toText === undefined ? null : parseInstant(toText, toFlag, zone);
  if (from !== null && to !== null && to < from) {
    throw new AirflowLikeError('CLI_USAGE', { place: toFlag, message: `lies before ${fromFlag}`, value: toText });
  }
  return { from, to };
}

/** An instant as the command line prints it: `2026-11-21T02:00:00+00:00`, with milliseconds only where there are any. */
export function formatInstant(instant: Instant): string {
  return new Date(instant).toISOString().replace('.000Z', 'Z').replace('Z', '+00:00');
}

/** The same instant in a zone, with its offset: `2026-11-21T03:00:00+01:00`. */
export function formatInZone(instant: Instant, zone: string): string {
  const offsetMs = zoneOffsetMs(instant, zone);
  const local = new Date(instant + offsetMs).toISOString().replace('.000Z', 'Z').slice(0, -1);
  const minutes = Math.abs(offsetMs) / 60_000;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${local}${offsetMs < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far the zone's clock is ahead of UTC at that instant. */
function zoneOffsetMs(instant: Instant, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const local = Date.UTC(part.year as number, (part.month as number) - 1, part.day, part.hour, part.minute, part.second);
  return local - Math.floor(instant / 1_000) * 1_000;
}

/** The first instant at which the zone's clock shows `local` (milliseconds as if it were UTC). */
function fromLocal(local: number, zone: string): Instant {
  const before = zoneOffsetMs(local - DAY_MS, zone);
  const after = zoneOffsetMs(local + DAY_MS, zone);
  const candidate = local - before;
  if (zoneOffsetMs(candidate, zone) === before) return candidate;
  const later = local - after;
  // In a gap neither offset fits: the clock is read with the offset before the change, which lands after the gap.
  return zoneOffsetMs(later, zone) === after ? later : candidate;
}

function parseOffsetMs(offset: string): number {
  if (/^z$/i.test(offset)) return 0;
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (offset.startsWith('-') ? -1 : 1) * minutes * 60_000;
}

function invalid(text: string, place: string, message: string): AirflowLikeError {
  return new AirflowLikeError('DATE_INVALID', {
    place,
    message,
    value: text,
    allowed: 'ISO 8601, for example 2026-03-01 or 2026-03-01T06:00:00+01:00, and now, today, yesterday, tomorrow',
  });
}

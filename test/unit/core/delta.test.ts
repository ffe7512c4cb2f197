import { describe, expect, it } from '@jest/globals';
import { addSpan, deltaTimetable } from '../../../src/core/timetable/delta.js';
import type { CalendarSpan, Catchup } from '../../../src/model/dag-spec.js';
import { utc } from './factories.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const iso = (instant: number) => new Date(instant).toISOString().slice(0, 16);
const instantOf = (text: string | null) => (text === null ? null : utc(text));

describe('a span of the calendar', () => {
  it.each<[string, CalendarSpan, string]>([
    ['2026-01-31T06:30:00', { months: 1, ms: 0 }, '2026-02-28T06:30'],
    ['2024-01-31T00:00:00', { months: 1, ms: 0 }, '2024-02-29T00:00'],
    ['2026-02-28T00:00:00', { months: 1, ms: 0 }, '2026-03-28T00:00'],
    ['2025-12-31T23:59:00', { months: 2, ms: 0 }, '2026-02-28T23:59'],
    ['2025-11-30T00:00:00', { months: 1, ms: 0 }, '2025-12-30T00:00'],
    ['2024-02-29T00:00:00', { months: 12, ms: 0 }, '2025-02-28T00:00'],
    ['2026-01-31T00:00:00', { months: -1, ms: 0 }, '2025-12-31T00:00'],
    ['2026-03-31T12:00:00', { months: -13, ms: 0 }, '2025-02-28T12:00'],
    ['1969-12-31T23:00:00', { months: 2, ms: 0 }, '1970-02-28T23:00'],
    ['2026-01-31T23:00:00', { months: 1, ms: 2 * HOUR }, '2026-03-01T01:00'],
    ['2026-01-31T23:00:00', { months: 0, ms: 2 * HOUR }, '2026-02-01T01:00'],
  ])('%s and %j is', (from, span, expected) => {
    expect(iso(addSpan(utc(from), span))).toBe(expected);
  });
});

describe('intervals of a span', () => {
  const sixHours = { months: 0, ms: 6 * HOUR };
  const month = { months: 1, ms: 0 };
  const monthAndHour = { months: 1, ms: HOUR };

  it.each<[string, CalendarSpan, string | null, string | null, Catchup, string, string | null]>([
    ['begin with the start date', sixHours, null, '2026-01-01T05:00:00', true, '2026-01-10', '2026-01-01T05:00'],
    ['are none without one', sixHours, null, null, true, '2026-01-10', null],
    ['follow each other', sixHours, '2026-01-01T05:00:00', '2026-01-01', true, '2026-01-10', '2026-01-01T05:00'],
    ['follow each other without a start date', sixHours, '2026-01-01T05:00:00', null, true, '2026-01-10', '2026-01-01T05:00'],
    ['wait for a start date that was moved back', sixHours, '2026-01-01', '2026-02-01', true, '2026-01-10', '2026-02-01T00:00'],
    // The newest complete one is counted from 1970-01-01 00:00.
    ['the newest complete one', sixHours, null, '2026-01-01T05:00:00', false, '2026-01-10T17:59:59', '2026-01-10T06:00'],
    ['the one that ends now', sixHours, null, '2026-01-01T05:00:00', false, '2026-01-10T18:00:00', '2026-01-10T12:00'],
    ['the newest three', sixHours, null, '2026-01-01T05:00:00', { last: 3 }, '2026-01-10T18:00:00', '2026-01-10T00:00'],
    ['the newest without a start date', sixHours, null, null, 'latest', '2026-01-10T18:00:00', '2026-01-10T12:00'],
    ['none before the start date', sixHours, null, '2026-01-10T13:00:00', false, '2026-01-10T18:00:00', '2026-01-10T13:00'],
    ['the newest before 1970', sixHours, null, null, false, '1965-01-10T18:00:00', '1965-01-10T12:00'],
    ['skip what passed', sixHours, '2026-01-05', '2026-01-01', false, '2026-01-10T18:00:00', '2026-01-10T12:00'],
    ['go on when none passed', sixHours, '2026-01-10T18:00:00', '2026-01-01', false, '2026-01-10T20:00:00', '2026-01-10T18:00'],
    // By the calendar they are walked from the start date: Oct 31, Nov 30, Dec 30, Jan 30.
    ['the newest complete month', month, null, '2025-10-31', false, '2026-01-29T23:59:59', '2025-11-30T00:00'],
    ['the month that ends now', month, null, '2025-10-31', false, '2026-01-30', '2025-12-30T00:00'],
    ['the newest two months', month, null, '2025-10-31', { last: 2 }, '2026-01-30', '2025-11-30T00:00'],
    ['all months where more are wanted', month, null, '2025-10-31', { last: 9 }, '2026-01-30', '2025-10-31T00:00'],
    ['the first month while it lasts', month, null, '2025-10-31', false, '2025-11-15', '2025-10-31T00:00'],
    ['a month to come', month, null, '2026-10-31', false, '2026-01-10', '2026-10-31T00:00'],
    ['a month back from now without a start date', monthAndHour, null, null, false, '2026-03-31T12:00:00', '2026-02-28T11:00'],
    ['two months back from now', monthAndHour, null, null, { last: 2 }, '2026-03-31T12:00:00', '2026-01-31T10:00'],
  ])('%s', (_name, span, last, earliest, catchup, now, expected) => {
    const interval = last === null ? null : { start: utc(last) - DAY, end: utc(last) };
    const restriction = { earliest: instantOf(earliest), latest: null, catchup };
    const run = deltaTimetable(span, '6h').next(interval, restriction, utc(now));
    const start = expected === null ? null : utc(`${expected}:00`);
    expect(run).toEqual(
      start && { logicalDate: start, dataInterval: { start, end: addSpan(start, span) }, runAfter: addSpan(start, span) },
    );
  });

  it('end with the one that starts at the end date', () => {
    const starts = (latest: string) =>
      deltaTimetable(sixHours, '6h').next(null, { earliest: utc('2026-01-01'), latest: utc(latest), catchup: true }, 0);
    expect(starts('2026-01-01')).not.toBeNull();
    expect(starts('2025-12-31T23:59:59')).toBeNull();
  });

  it('of a run by hand end when it is started', () => {
    const at = utc('2026-03-31T12:00:00');
    const timetable = deltaTimetable(monthAndHour, '1mo1h');
    expect(timetable.inferManualInterval(at)).toEqual({ start: utc('2026-02-28T11:00:00'), end: at });
    expect(timetable).toMatchObject({ summary: 'every 1mo1h', periodic: true });
  });
});

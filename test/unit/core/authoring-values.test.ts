import { describe, expect, it } from '@jest/globals';
import { checkTimezone } from '../../../src/core/timetable/check-timezone.js';
import { parseCron } from '../../../src/core/timetable/cron-fields.js';
import { parseDate } from '../../../src/core/timetable/parse-date.js';
import { parseSchedule } from '../../../src/core/timetable/parse-schedule.js';
import type { AirflowLikeError } from '../../../src/model/errors.js';

function errorOf(run: () => unknown): AirflowLikeError {
  try {
    run();
  } catch (error) {
    return error as AirflowLikeError;
  }
  throw new Error('nothing was thrown');
}

describe('schedules', () => {
  it.each([
    [null, { kind: 'none' }],
    ['@once', { kind: 'once' }],
    ['@Continuous', { kind: 'continuous', text: '@continuous' }],
    ['@daily', { kind: 'cron', expression: '0 0 * * *', text: '@daily' }],
    ['@Annually', { kind: 'cron', expression: '0 0 1 1 *', text: '@annually' }],
    [' 0  2 * * MON-FRI ', { kind: 'cron', expression: '0 2 * * MON-FRI', text: '0  2 * * MON-FRI' }],
    ['0 0 * * FRI-SUN', { kind: 'cron', expression: '0 0 * * FRI-SUN', text: '0 0 * * FRI-SUN' }],
    ['6h', { kind: 'delta', span: { months: 0, ms: 21_600_000 }, text: '6h' }],
    ['1mo', { kind: 'delta', span: { months: 1, ms: 0 }, text: '1mo' }],
    ['1s', { kind: 'delta', span: { months: 0, ms: 1_000 }, text: '1s' }],
    ['300s', { kind: 'delta', span: { months: 0, ms: 300_000 }, text: '300s' }],
  ])('%j', (text, expected) => {
    expect(parseSchedule(text, 'schedule')).toEqual(expected);
  });

  it.each([
    // B1
    ['61 * * * *', 'CRON_INVALID', 'minute 61 is outside 0-59 in "61 * * * *" (field 1)'],
    ['* 24 * * *', 'CRON_INVALID', 'hour 24 is outside 0-23 in "* 24 * * *" (field 2)'],
    ['0 0 32 * *', 'CRON_INVALID', 'day of month 32 is outside 1-31 in "0 0 32 * *" (field 3)'],
    ['0 0 * 13 *', 'CRON_INVALID', 'month 13 is outside 1-12 in "0 0 * 13 *" (field 4)'],
    ['0 0 * * 8', 'CRON_INVALID', 'weekday 8 is outside 0-7 in "0 0 * * 8" (field 5)'],
    ['0 0 * * * 60', 'CRON_INVALID', 'second 60 is outside 0-59 in "0 0 * * * 60" (field 6)'],
    // B2
    [
      '60 0 32 13 5-1',
      'CRON_INVALID',
      'minute 60 is outside 0-59 (field 1), day of month 32 is outside 1-31 (field 3), month 13 is outside 1-12 (field 4), ' +
        'the range 5-1 of weekday is reversed; write it as two ranges (field 5) in "60 0 32 13 5-1"',
    ],
    ['* * * *', 'CRON_INVALID', 'expected 5 fields (or 6 with seconds last), got 4'],
    ['0 0 * * * 0 2026', 'CRON_INVALID', 'expected 5 fields (or 6 with seconds last), got 7'],
    ['', 'CRON_INVALID', 'expected 5 fields (or 6 with seconds last), got 0'],
    ['@fortnightly', 'CRON_INVALID', 'unknown preset, got "@fortnightly"; allowed: @once @continuous @hourly'],
    ['@dayly', 'CRON_INVALID', 'did you mean @daily?'],
    ['daily', 'CRON_INVALID', 'did you mean @daily?'],
    ['? * * * *', 'CRON_INVALID', 'minute "?" is not a number'],
    ['* * * * MONDAY', 'CRON_INVALID', 'weekday "MONDAY" is not known in "* * * * MONDAY" (field 5); did you mean MON?'],
    ['* * * * XYZ', 'CRON_INVALID', 'weekday "XYZ" is not known'],
    ['SUN-5 * * * *', 'CRON_INVALID', 'minute "SUN" is not known'],
    ['5-SUN * * * *', 'CRON_INVALID', 'minute "SUN" is not known'],
    ['0 0 0 * *', 'CRON_INVALID', 'day of month 0 is outside 1-31'],
    ['0 0 * 0 *', 'CRON_INVALID', 'month 0 is outside 1-12'],
    ['*-5 * * * *', 'CRON_INVALID', 'minute "*-5" is not a number'],
    ['0 0 32W * *', 'CRON_INVALID', 'day of month "32W" is not a number'],
    ['0 0 LW,15 * *', 'CRON_INVALID', 'Syntax error, LW can not be in a list'],
    ['0 0 * * mon#6', 'CRON_INVALID', 'weekday "mon#6" is not a number'],
    // B3
    ['0 0 31 2 *', 'CRON_NEVER', 'no date matches within 8 years'],
    ['0 0 30,31 2 *', 'CRON_NEVER', 'no date matches within 8 years'],
    // B4
    ['*/0 * * * *', 'CRON_INVALID', 'step 0 of minute is outside 1-60 in "*/0 * * * *" (field 1)'],
    ['0 0 */32 * *', 'CRON_INVALID', 'step 32 of day of month is outside 1-31'],
    ['0 0 * */13 *', 'CRON_INVALID', 'step 13 of month is outside 1-12'],
    ['0 0 * * */8', 'CRON_INVALID', 'step 8 of weekday is outside 1-7'],
    ['*/99 * * * *', 'CRON_INVALID', 'step 99 of minute is outside 1-60'],
    [
      '5-1 * * * *',
      'CRON_INVALID',
      'the range 5-1 of minute is reversed; write it as two ranges in "5-1 * * * *" (field 1); did you mean 5-59,0-1?',
    ],
    ['5/15 * * * *', 'CRON_INVALID', 'a step needs a range in "5/15 * * * *" (field 1); did you mean 5-59/15?'],
    ['1, * * * *', 'CRON_INVALID', 'minute "" is not a number'],
    ['500ms', 'DURATION_INVALID', 'a schedule needs at least a second'],
  ])('refuses %j', (text, code, message) => {
    const error = errorOf(() => parseSchedule(text, 'Daily.schedule'));
    expect(error).toMatchObject({ code, details: { place: 'Daily.schedule' } });
    expect(error.message).toContain(message);
  });

  it('proposes nothing where several fields are wrong: one right name would not be enough', () => {
    const { message, details } = errorOf(() => parseSchedule('* * * JANU MONDAY', 'Daily.schedule'));
    expect(message).toContain('month "JANU" is not known (field 4), weekday "MONDAY" is not known (field 5)');
    expect(details.suggestion).toBeNull();
  });
});

it.each<[string, number[]]>([
  ['5 * * * *', [5]],
  ['20,10 * * * *', [10, 20]],
  ['*/20 * * * *', [0, 20, 40]],
  ['*/60 * * * *', [0]],
  ['5-5 * * * *', [5]],
  ['8-12/2 * * * *', [8, 10, 12]],
  ['10-13,59 * * * *', [10, 11, 12, 13, 59]],
  ['  1   * * * *  ', [1]],
])('the minutes of %j', (expression, minutes) => {
  const fields = parseCron(expression, 'schedule');
  expect([...fields.minutes].toSorted((a, b) => a - b)).toEqual(minutes);
  expect([fields.hours.size, fields.days.size, fields.months.size, fields.weekdays.size]).toEqual([24, 31, 12, 7]);
  expect([...fields.seconds]).toEqual([0]);
});

describe('time zones', () => {
  it.each([
    ['Europe/Paris', 'Europe/Paris'],
    ['europe/paris', 'Europe/Paris'],
    ['america/port-au-prince', 'America/Port-au-Prince'],
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['US/Eastern', 'US/Eastern'],
    ['asia/kolkata', 'Asia/Kolkata'],
    ['us/east-indiana', 'US/East-Indiana'],
    ['gb', 'GB'],
    ['america/fort_wayne', 'America/Fort_Wayne'],
    ['utc', 'UTC'],
    ['Etc/UTC', 'UTC'],
    ['Etc/GMT+5', 'Etc/GMT+5'],
  ])('%s is %s', (name, timezone) => {
    expect(checkTimezone(name, 'timezone')).toEqual({ timezone, warning: null });
  });

  it.each([
    ['Mars/Phobos', null],
    ['', null],
    ['UTC+1', 'UTC'],
    ['gmt+0', 'UTC'],
    ['+05:30', null],
    ['Europe/Pariss', 'Europe/Paris'],
    ['Berlin', 'Europe/Berlin'],
    [' New  York ', 'America/New_York'],
    ['Zurich', 'Europe/Zurich'],
    ['La Paz', 'America/La_Paz'],
    ['z', 'UTC'],
    ['Zulu time', null],
    ['Etc/GMT+99', null],
    [7, null],
  ])('B5: refuses %j', (name, suggestion) => {
    const error = errorOf(() => checkTimezone(name, 'timezone'));
    expect(error).toMatchObject({ code: 'TZ_UNKNOWN', details: { place: 'timezone', value: name, suggestion } });
    expect(error.message).toContain('an IANA name such as Europe/Paris');
  });

  it.each([
    ['EST', 'America/New_York'],
    ['cet', 'Europe/Paris'],
  ])('B6: takes %s and warns of it', (name, suggestion) => {
    const { timezone, warning } = checkTimezone(name, 'timezone');
    expect(timezone).toBe(name.toUpperCase());
    expect(warning).toMatchObject({ code: 'TZ_AMBIGUOUS', details: { suggestion } });
  });
});

describe('dates', () => {
  it.each([
    ['2025-01-31', 'UTC', '2025-01-31T00:00:00.000Z'],
    ['2025-01-31', 'Europe/Paris', '2025-01-30T23:00:00.000Z'],
    ['2025-07-31 06:30', 'Europe/Paris', '2025-07-31T04:30:00.000Z'],
    ['2025-07-31T06:30:15.25', 'UTC', '2025-07-31T06:30:15.250Z'],
    [' 2025-07-31T06:30:15,1239 ', 'UTC', '2025-07-31T06:30:15.123Z'],
    ['2025-07-31T06:30Z', 'Europe/Paris', '2025-07-31T06:30:00.000Z'],
    ['2025-07-31T06:30:00+05:30', 'Europe/Paris', '2025-07-31T01:00:00.000Z'],
    ['2025-07-31T06:30:00-0800', 'UTC', '2025-07-31T14:30:00.000Z'],
    ['2025-07-31T06:30+14:00', 'UTC', '2025-07-30T16:30:00.000Z'],
    ['2025-07-31T06:30-01:59', 'UTC', '2025-07-31T08:29:00.000Z'],
    ['2024-02-29', 'UTC', '2024-02-29T00:00:00.000Z'],
    // It occurs twice: the first one.
    ['2025-11-02T01:30', 'America/New_York', '2025-11-02T05:30:00.000Z'],
    // Hours before and after a change of the clocks.
    ['2025-11-02T00:59', 'America/New_York', '2025-11-02T04:59:00.000Z'],
    ['2025-11-02T02:00', 'America/New_York', '2025-11-02T07:00:00.000Z'],
    ['2025-03-09T01:59', 'America/New_York', '2025-03-09T06:59:00.000Z'],
    ['2025-03-09T03:00', 'America/New_York', '2025-03-09T07:00:00.000Z'],
    [new Date('1900-01-01T00:00Z'), 'UTC', '1900-01-01T00:00:00.000Z'],
    [new Date('2200-12-31T00:00Z'), 'UTC', '2200-12-31T00:00:00.000Z'],
    [new Date(0), 'Europe/Paris', '1970-01-01T00:00:00.000Z'],
  ])('%s in %s', (text, timezone, expected) => {
    const { instant, warning } = parseDate(text, timezone, 'startDate');
    expect([new Date(instant).toISOString(), warning]).toEqual([expected, null]);
  });

  it('B9: a local time in a gap is moved forward, with a warning', () => {
    const { instant, warning } = parseDate('2025-03-09T02:30', 'America/New_York', 'startDate');
    expect(new Date(instant).toISOString()).toBe('2025-03-09T07:30:00.000Z');
    expect(warning).toMatchObject({ code: 'DATE_IN_DST_GAP', details: { place: 'startDate' } });
  });

  it.each([
    ['2025-13-40', 'month 13 is outside 1-12'],
    ['2025-00-10', 'month 00 is outside 1-12'],
    ['2025-01-00', 'day 00 is outside 1-31'],
    ['1899-12-31', 'year 1899 is outside 1900-2200'],
    ['2025-01-40', 'day 40 is outside 1-31'],
    ['2025-02-29', 'February 2025 has 28 days, not 29'],
    ['2025-01-01T24:00', 'hour 24 is outside 0-23'],
    ['300000-01-01', 'year 300000 is outside 1900-2200'],
    ['2025-01-01T00:00+20:00', 'the offset +20:00 is outside -14:00 to +14:00'],
    ['2025-01-01T00:00+14:30', 'the offset +14:30 is outside -14:00 to +14:00'],
    ['2025-01-01T00:00+01:60', 'the offset +01:60 is outside -14:00 to +14:00'],
    ['yesterday', 'this is not a date'],
    [new Date(Number.NaN), 'this Date is invalid'],
    [new Date('1899-12-31T00:00Z'), 'year 1899 is outside 1900-2200'],
    [new Date(9e12), 'year 2255 is outside 1900-2200'],
    [20250101, 'this is not a date'],
  ])('B7: refuses %s', (value, message) => {
    const error = errorOf(() => parseDate(value, 'UTC', 'startDate'));
    expect(error).toMatchObject({ code: 'DATE_INVALID', details: { place: 'startDate' } });
    expect(error.message).toContain(message);
  });
});

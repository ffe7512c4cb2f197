import { describe, expect, it } from '@jest/globals';
import { CronTimetable } from '../../../src/core/timetable/cron.js';
import { cronTriggerTimetable } from '../../../src/core/timetable/cron-trigger.js';
import { intervalsBetween, nextRuns } from '../../../src/core/timetable/preview.js';
import { parseSchedule } from '../../../src/core/timetable/parse-schedule.js';
import { timetableFor } from '../../../src/core/timetable/resolve.js';
import type { Timetable } from '../../../src/core/timetable/timetable.js';
import type { Catchup, DagSpec, ScheduleSpec } from '../../../src/model/dag-spec.js';
import { dagSpec, utc } from './factories.js';

const iso = (instant: number) => new Date(instant).toISOString().slice(0, 16);

function scheduled(text: string | null, changes: Partial<DagSpec> = {}): DagSpec {
  return dagSpec([], { schedule: parseSchedule(text, 'schedule'), startDate: utc('2026-01-01'), catchup: true, ...changes });
}

/** The first fires from `from` on, as the starts of contiguous intervals. */
function fires(cron: string, timezone: string, from: string, count: number): string[] {
  const timetable = new CronTimetable(cron, timezone, cron);
  const starts: string[] = [];
  let last = null;
  for (let index = 0; index < count; index++) {
    const run = timetable.next(last, { earliest: utc(from), latest: null, catchup: true }, 0);
    if (!run) break;
    starts.push(iso(run.logicalDate));
    last = run.dataInterval;
  }
  return starts;
}

describe('the first run of a schedule', () => {
  const now = '2026-01-10T10:30:00';
  it.each<[string, string, Catchup, string, string, string]>([
    ['@daily', '2026-01-01', true, now, '2026-01-01T00:00', '2026-01-02T00:00'],
    ['@daily', '2026-01-01', false, now, '2026-01-09T00:00', '2026-01-10T00:00'],
    ['@daily', '2026-01-01', false, '2026-01-10T00:00:00', '2026-01-09T00:00', '2026-01-10T00:00'],
    ['@daily', '2026-01-01', 'latest', now, '2026-01-09T00:00', '2026-01-10T00:00'],
    ['@daily', '2026-01-01', { last: 3 }, now, '2026-01-07T00:00', '2026-01-08T00:00'],
    ['@daily', '2026-01-01', { last: 30 }, now, '2026-01-01T00:00', '2026-01-02T00:00'],
    ['@daily', '2026-01-01T06:00:00', true, now, '2026-01-02T00:00', '2026-01-03T00:00'],
    ['@daily', '2026-01-10T06:00:00', false, now, '2026-01-11T00:00', '2026-01-12T00:00'],
    ['1d', '2026-01-01T06:00:00', true, now, '2026-01-01T06:00', '2026-01-02T06:00'],
    ['1d', '2026-01-01T06:00:00', false, now, '2026-01-09T00:00', '2026-01-10T00:00'],
    ['1d', '2026-01-01T06:00:00', { last: 2 }, now, '2026-01-08T00:00', '2026-01-09T00:00'],
    ['1mo', '2025-10-31', true, now, '2025-10-31T00:00', '2025-11-30T00:00'],
    ['1mo', '2025-10-31', false, now, '2025-11-30T00:00', '2025-12-30T00:00'],
    ['1mo', '2025-08-31', { last: 2 }, now, '2025-10-30T00:00', '2025-11-30T00:00'],
    ['@once', '2026-01-01', true, now, '2026-01-01T00:00', '2026-01-01T00:00'],
    ['@once', '2026-01-01', false, now, '2026-01-01T00:00', '2026-01-01T00:00'],
  ])('%s from %s with catchup %j', (text, startDate, catchup, at, logicalDate, runAfter) => {
    const [run] = nextRuns(scheduled(text, { startDate: utc(startDate), catchup }), null, 1, utc(at));
    expect([iso(run?.logicalDate as number), iso(run?.runAfter as number)]).toEqual([logicalDate, runAfter]);
  });

  it('there is none without a schedule, after the end date, or a second one of @once', () => {
    const at = utc(now);
    expect(nextRuns(scheduled(null), null, 3, at)).toEqual([]);
    expect(nextRuns(scheduled('@daily', { endDate: utc('2025-12-31') }), null, 3, at)).toEqual([]);
    expect(nextRuns(scheduled('@daily', { endDate: utc('2026-01-02') }), null, 9, at).map((run) => iso(run.logicalDate))).toEqual([
      '2026-01-01T00:00',
      '2026-01-02T00:00',
    ]);
    expect(nextRuns(scheduled('@once'), null, 3, at)).toHaveLength(1);
  });

  it('goes on after a schedule was made coarser, never backwards', () => {
    const hourly = { start: utc('2026-01-05T06:00:00'), end: utc('2026-01-05T07:00:00') };
    const [run] = nextRuns(scheduled('@daily'), hourly, 1, utc(now));
    expect(iso(run?.logicalDate as number)).toBe('2026-01-06T00:00');
    const finer = { start: utc('2026-01-04'), end: utc('2026-01-05') };
    const [next] = nextRuns(scheduled('@hourly'), finer, 1, utc(now));
    expect(iso(next?.logicalDate as number)).toBe('2026-01-05T00:00');
  });

  it.each([
    ['6h', '2026-01-05T12:00'],
    ['1mo', '2026-02-05T06:00'],
    ['@daily', '2026-01-06T00:00'],
  ])('goes on with %s after a schedule of points in time, not twice from the last of them', (text, logicalDate) => {
    const at = utc('2026-01-05T06:00:00');
    const [run] = nextRuns(scheduled(text), { start: at, end: at }, 1, utc(now));
    expect(iso(run?.logicalDate as number)).toBe(logicalDate);
  });

  it.each([
    [0, '2026-01-10T08:40'],
    [3_600_000, '2026-01-10T09:30'],
  ])('of several expressions with intervals of %d ms skips by logical date', (intervalMs, due) => {
    const schedule = {
      kind: 'cronTrigger',
      expressions: ['*/20 * * * *', '*/30 * * * *'],
      intervalMs,
      runImmediately: false,
      text: '',
    } as const;
    const timetable = cronTriggerTimetable(schedule, 'UTC');
    const at = utc('2026-01-10T08:40:00');
    const restriction = { earliest: null, latest: null, catchup: false };
    const last = intervalMs === 0 ? utc('2026-01-10T08:20:00') : utc('2026-01-10T09:00:00');
    expect(iso(timetable.next({ start: last - intervalMs, end: last }, restriction, at)?.runAfter ?? 0)).toBe(due);
  });
});

describe('data intervals of cron expressions', () => {
  const timetable = new CronTimetable('0 0 * * *', 'UTC', '@daily');
  const next = (last: [string, string] | null, earliest: string | null, catchup: Catchup, now: string, latest?: string) => {
    const run = timetable.next(
      last && { start: utc(last[0]), end: utc(last[1]) },
      { earliest: earliest === null ? null : utc(earliest), latest: latest === undefined ? null : utc(latest), catchup },
      utc(now),
    );
    return run && [iso(run.dataInterval.start).slice(0, 10), iso(run.dataInterval.end).slice(0, 10)];
  };

  it.each<[string, [string, string] | null, string | null, Catchup, string | null]>([
    ['none without a start date and catchup', null, null, true, null],
    ['the newest complete one without a start date', null, null, false, '2026-01-09'],
    ['the newest three without a start date', null, null, { last: 3 }, '2026-01-07'],
    ['what follows the last one', ['2026-01-03', '2026-01-04'], '2026-01-01', true, '2026-01-04'],
    ['what follows the last one without a start date', ['2026-01-03', '2026-01-04'], null, true, '2026-01-04'],
    ['what follows one that ended in between', ['2026-01-03', '2026-01-04T05:00:00'], '2026-01-01', true, '2026-01-04'],
    ['what follows one that was shorter', ['2026-01-04T04:00:00', '2026-01-04T05:00:00'], '2026-01-01', true, '2026-01-05'],
    ['what follows one that was a point in time', ['2026-01-04', '2026-01-04'], '2026-01-01', true, '2026-01-05'],
    ['the newest one, not what passed', ['2026-01-03', '2026-01-04'], '2026-01-01', false, '2026-01-09'],
    ['the one that lasts, after the newest', ['2026-01-09', '2026-01-10'], '2026-01-01', false, '2026-01-10'],
    ['none before a start date that was moved back', ['2026-01-03', '2026-01-04'], '2026-02-01', true, '2026-02-01'],
    ['none before the start date', null, '2026-02-01', false, '2026-02-01'],
  ])('%s', (_name, last, earliest, catchup, start) => {
    expect(next(last, earliest, catchup, '2026-01-10T10:30:00')?.[0] ?? null).toBe(start);
  });

  it('also before 1970', () => {
    expect(next(null, '1960-02-28', true, '1965-01-01')).toEqual(['1960-02-28', '1960-02-29']);
    expect(next(['1960-02-28', '1960-02-29'], null, true, '1965-01-01')).toEqual(['1960-02-29', '1960-03-01']);
    expect(next(null, null, false, '1965-01-01')).toEqual(['1964-12-31', '1965-01-01']);
  });

  it('follow each other whatever was asked in between', () => {
    const open = { earliest: utc('2026-01-01'), latest: null, catchup: true };
    const first = timetable.next(null, open, 0);
    expect(next(null, '2026-03-01', true, '2026-01-10')).toEqual(['2026-03-01', '2026-03-02']);
    expect(iso(timetable.next(first?.dataInterval ?? null, open, 0)?.logicalDate ?? 0)).toBe('2026-01-02T00:00');
  });

  it('end with the one that starts at the end date', () => {
    expect(next(null, '2026-01-04', true, '2026-01-10', '2026-01-04')).toEqual(['2026-01-04', '2026-01-05']);
    expect(next(null, '2026-01-04', true, '2026-01-10', '2026-01-03T23:59:59')).toBeNull();
  });
});

describe('the timetable of a DAG', () => {
  const condition = { kind: 'asset', asset: { name: 'a', uri: 'a', group: 'asset', extra: {} } } as const;
  const cron = { kind: 'cron', expression: '0 0 * * *', text: '@daily' } as const;
  const hybrid: ScheduleSpec = {
    kind: 'hybrid',
    time: { kind: 'delta', span: { months: 0, ms: 60_000 }, text: '1m' },
    file: 'in/{{ ds }}',
    settleMs: 0,
    waitForMs: 0,
    onTimeout: 'run',
    text: 'hybrid(1m)',
  };

  it.each<[ScheduleSpec, string, boolean]>([
    [{ kind: 'none' }, 'none', false],
    [{ kind: 'once' }, '@once', false],
    [{ kind: 'continuous', text: '@continuous' }, '@continuous', false],
    [cron, '@daily', true],
    [{ kind: 'delta', span: { months: 0, ms: 60_000 }, text: '1m' }, 'every 1m', true],
    [hybrid, 'hybrid(1m)', true],
    [{ kind: 'assets', condition, text: 'a' }, 'none', false],
    [{ kind: 'assetOrTime', time: cron, condition, text: 'a' }, '@daily', true],
  ])('%j: %s, over dates: %s', (schedule, summary, periodic) => {
    const spec = dagSpec([], { schedule });
    expect(timetableFor(spec)).toMatchObject({ summary, periodic });
    // It is read once.
    expect(timetableFor(spec)).toBe(timetableFor(spec));
  });
});

describe('daylight saving time', () => {
  const NY = 'America/New_York';
  it.each<[string, string, string, string, string[]]>([
    [
      'a fixed time in the gap fires at its end',
      '30 2 * * *',
      NY,
      '2025-03-08T07:00:00',
      ['2025-03-08T07:30', '2025-03-09T07:00', '2025-03-10T06:30'],
    ],
    [
      'a fixed time that occurs twice fires first',
      '30 1 * * *',
      NY,
      '2025-11-01',
      ['2025-11-01T05:30', '2025-11-02T05:30', '2025-11-03T06:30'],
    ],
    [
      'every hour: each real hour of the overlap',
      '30 * * * *',
      NY,
      '2025-11-02T04:00:00',
      ['2025-11-02T04:30', '2025-11-02T05:30', '2025-11-02T06:30', '2025-11-02T07:30'],
    ],
    [
      'every hour: none in the gap',
      '30 * * * *',
      NY,
      '2025-03-09T05:00:00',
      ['2025-03-09T05:30', '2025-03-09T06:30', '2025-03-09T07:30'],
    ],
    [
      'every half hour of the overlap',
      '*/30 * * * *',
      NY,
      '2025-11-02T05:00:00',
      ['2025-11-02T05:00', '2025-11-02T05:30', '2025-11-02T06:00', '2025-11-02T06:30', '2025-11-02T07:00'],
    ],
    [
      'every two hours: wall clock',
      '0 */2 * * *',
      NY,
      '2025-11-02T04:00:00',
      ['2025-11-02T04:00', '2025-11-02T07:00', '2025-11-02T09:00'],
    ],
    [
      'a gap at midnight',
      '0 0 * * *',
      'America/Sao_Paulo',
      '2018-11-03',
      ['2018-11-03T03:00', '2018-11-04T03:00', '2018-11-05T02:00'],
    ],
    [
      'a day of 25 hours',
      '0 0 * * *',
      'Europe/Zurich',
      '2023-10-27T22:00:00',
      ['2023-10-27T22:00', '2023-10-28T22:00', '2023-10-29T23:00'],
    ],
    [
      'half an hour of overlap',
      '0 * * * *',
      'Australia/Lord_Howe',
      '2025-04-05T13:00:00',
      ['2025-04-05T13:00', '2025-04-05T14:00', '2025-04-05T15:30'],
    ],
    [
      'the 13th or a Friday',
      '0 0 13 * 5',
      'UTC',
      '2026-02-01',
      ['2026-02-06T00:00', '2026-02-13T00:00', '2026-02-20T00:00', '2026-02-27T00:00', '2026-03-06T00:00', '2026-03-13T00:00'],
    ],
    ['the last day of the month', '0 0 L * *', 'UTC', '2026-02-01', ['2026-02-28T00:00', '2026-03-31T00:00']],
    ['the second Friday', '0 0 * * 5#2', 'UTC', '2026-02-01', ['2026-02-13T00:00', '2026-03-13T00:00']],
    ['a leap day across 2100', '0 0 29 2 *', 'UTC', '2096-02-01', ['2096-02-29T00:00', '2104-02-29T00:00']],
    ['seconds as the last field', '*/5 * * * * 30', 'UTC', '2026-02-01', ['2026-02-01T00:00', '2026-02-01T00:05']],
  ])('%s', (_case, cron, timezone, from, expected) => {
    expect(fires(cron, timezone, from, expected.length)).toEqual(expected);
  });
});

describe('the interval of a manual run', () => {
  it.each([
    ['@daily', '2026-01-25T01:00:00', '2026-01-24T00:00', '2026-01-25T00:00'],
    ['@daily', '2026-01-25T00:00:00', '2026-01-24T00:00', '2026-01-25T00:00'],
    ['6h', '2026-01-25T01:00:00', '2026-01-24T19:00', '2026-01-25T01:00'],
    ['3mo', '2024-02-29T06:30:00', '2023-11-29T06:30', '2024-02-29T06:30'],
    ['@once', '2026-01-25T01:00:00', '2026-01-25T01:00', '2026-01-25T01:00'],
  ])('%s at %s', (text, at, start, end) => {
    const interval = timetableFor(scheduled(text)).inferManualInterval(utc(at));
    expect([iso(interval.start), iso(interval.end)]).toEqual([start, end]);
  });
});

describe('intervalsBetween', () => {
  it('takes both bounds, ignores the dates of the DAG and wants complete intervals', () => {
    const spec = scheduled('@daily', { startDate: utc('2030-01-01'), catchup: false });
    const dates = (from: string, to: string, now: string) =>
      intervalsBetween(spec, utc(from), utc(to), utc(now)).map((run) => iso(run.logicalDate).slice(5, 10));
    expect(dates('2026-01-03', '2026-01-05', '2026-02-01')).toEqual(['01-03', '01-04', '01-05']);
    expect(dates('2026-01-03T01:00:00', '2026-01-05T23:00:00', '2026-02-01')).toEqual(['01-04', '01-05']);
    // The interval of the 4th ends exactly now: not yet over.
    expect(dates('2026-01-03', '2026-01-05', '2026-01-05')).toEqual(['01-03']);
  });

  it('gives a year of days, a leap year', () => {
    const spec = scheduled('@daily', { timezone: 'Europe/Berlin' });
    const runs = intervalsBetween(
      spec,
      Date.parse('2012-01-01T00:00+01:00'),
      Date.parse('2012-12-31T00:00+01:00'),
      utc('2026-01-01'),
    );
    expect(runs).toHaveLength(366);
    expect(runs.every((run, index) => index === 0 || run.dataInterval.start === runs[index - 1]?.dataInterval.end)).toBe(true);
  });
});

describe('timetables of plugins', () => {
  const everyTen: Timetable = {
    next: (last, { earliest }) => {
      const start = last?.end ?? earliest ?? 0;
      return { logicalDate: start, dataInterval: { start, end: start + 10 }, runAfter: start + 10 };
    },
    inferManualInterval: (at) => ({ start: at, end: at }),
    summary: 'every 10 ms',
    periodic: true,
  };
  const spec = dagSpec([], { schedule: { kind: 'custom', name: 'tens', args: { step: 20 }, text: 'tens' }, startDate: 0 });

  it('are found by name and given their arguments', () => {
    expect(timetableFor(spec, new Map([['tens', everyTen]])).summary).toBe('every 10 ms');
    const configurable = { ...everyTen, configure: (args: unknown) => ({ ...everyTen, summary: JSON.stringify(args) }) };
    expect(timetableFor(spec, new Map([['tens', configurable]])).summary).toBe('{"step":20}');
  });

  it('are an error when nobody registers them', () => {
    expect(() => timetableFor(spec, new Map([['ten', everyTen]]))).toThrow(
      'UNKNOWN_NAME: d.schedule: no plugin registers a timetable of this name, got "tens"; did you mean ten?',
    );
    expect(() => timetableFor(spec)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_NAME', details: expect.objectContaining({ suggestion: null }) }),
    );
  });

  it('that do not move on end the preview', () => {
    const stuck: Timetable = { ...everyTen, next: () => ({ logicalDate: 5, dataInterval: { start: 5, end: 15 }, runAfter: 15 }) };
    expect(nextRuns(spec, null, 10, 0, new Map([['tens', stuck]]))).toHaveLength(1);
  });
});

import { describe, expect, it } from '@jest/globals';
import { describeDstMoment, dstMoments } from '../../../src/core/timetable/dst-moments.js';
import { offsetChanges } from '../../../src/core/timetable/offset-changes.js';
import type { ScheduleSpec } from '../../../src/model/dag-spec.js';
import { utc } from './factories.js';

const HOUR = 3_600_000;
const iso = (instant: number) => new Date(instant).toISOString().slice(0, 19);

describe('offsetChanges', () => {
  it.each<[string, string, string, string[]]>([
    ['Europe/Paris', '2026-01-01', '2027-01-01', ['2026-03-29T01:00:00', '2026-10-25T01:00:00']],
    ['Australia/Lord_Howe', '2026-01-01', '2027-01-01', ['2026-04-04T15:00:00', '2026-10-03T15:30:00']],
    ['Africa/Casablanca', '2026-01-01', '2026-12-01', ['2026-02-15T02:00:00', '2026-03-22T02:00:00']],
    ['Pacific/Apia', '2011-12-01', '2012-01-01', ['2011-12-30T10:00:00']],
    ['Asia/Tokyo', '2026-01-01', '2030-01-01', []],
  ])('%s', (timezone, from, to, expected) => {
    expect(offsetChanges(timezone, utc(from), utc(to)).map(({ at }) => iso(at))).toEqual(expected);
  });

  it('are those after the first moment up to and including the second, with the offsets around them', () => {
    const at = utc('2026-03-29T01:00:00');
    const between = (from: number, to: number) => offsetChanges('Europe/Paris', from, to);
    expect(between(at - 1_000, at)).toEqual([{ at, before: HOUR, after: 2 * HOUR }]);
    expect(between(at - 1, at + 1)).toEqual([{ at, before: HOUR, after: 2 * HOUR }]);
    expect(between(at, at + 1_000)).toEqual([]);
    expect(between(at - 2_000, at - 1)).toEqual([]);
    expect(between(at, at)).toEqual([]);
  });
});

describe('dstMoments', () => {
  const cron = (expression: string) => ({ kind: 'cron', expression, text: expression }) as const;
  const year = (expression: string, timezone = 'America/New_York') =>
    dstMoments(cron(expression), timezone, utc('2025-01-01'), utc('2026-01-01')).map(describeDstMoment);

  it.each<[string, string[]]>([
    ['30 2 * * *', ['2025-03-09 02:30 does not exist: runs at 2025-03-09T07:00:00Z']],
    ['0 2 * * *', ['2025-03-09 02:00 does not exist: runs at 2025-03-09T07:00:00Z']],
    ['59 2 * * *', ['2025-03-09 02:59 does not exist: runs at 2025-03-09T07:00:00Z']],
    ['0 1 * * *', ['2025-11-02 01:00 comes twice: runs the first time, at 2025-11-02T05:00:00Z']],
    ['59 0 * * *', []],
    ['30 1 * * *', ['2025-11-02 01:30 comes twice: runs the first time, at 2025-11-02T05:30:00Z']],
    ['0 3 * * *', []],
    ['30 2 * * 1-6', []],
    ['*/30 * * * *', []],
    ['0 12 * * *', []],
  ])('%s', (expression, expected) => {
    expect(year(expression)).toEqual(expected);
  });

  it('says where there is no run, and where there are two', () => {
    const moments = year('0,30 1-2 * * *');
    expect(moments).toEqual([
      '2025-03-09 02:00 does not exist: no run',
      '2025-11-02 01:00 comes twice: runs at 2025-11-02T05:00:00Z and 2025-11-02T06:00:00Z',
    ]);
  });

  it('is none in UTC, nor of a schedule that no clock on a wall decides', () => {
    expect(year('30 2 * * *', 'UTC')).toEqual([]);
    expect(year('30 * * * *')).toEqual([]);
    const span = { kind: 'delta', span: { months: 0, ms: HOUR }, text: '1h' } as const;
    const events = { kind: 'events', dates: [utc('2025-03-09T07:00:00')], restrictToEvents: false, text: '' } as const;
    for (const schedule of [span, events, { kind: 'none' } as const])
      expect(dstMoments(schedule, 'America/New_York', utc('2025-01-01'), utc('2026-01-01'))).toEqual([]);
  });

  it('is the same where runs wait for files or are one of two reasons to run', () => {
    const of = (schedule: ScheduleSpec) => dstMoments(schedule, 'America/New_York', utc('2025-01-01'), utc('2026-01-01'));
    const time = cron('30 2 * * *');
    const condition = { kind: 'asset', asset: { name: 'a', uri: 'a', group: 'asset', extra: {} } } as const;
    expect(of({ kind: 'hybrid', time, file: 'in/*', settleMs: 0, waitForMs: 0, onTimeout: 'run', text: '' })).toEqual(of(time));
    expect(of({ kind: 'assetOrTime', time, condition, text: '' })).toEqual(of(time));
    expect(of(time)).toHaveLength(1);
  });

  it('comes in the order of time, whatever the order of the expressions', () => {
    const expressions = ['30 2 * * *', '0 2 * * *', '15 2 * * *'];
    const schedule = { kind: 'cronTrigger', expressions, intervalMs: 0, runImmediately: false, text: '' } as const;
    expect(dstMoments(schedule, 'Europe/Paris', utc('2026-01-01'), utc('2027-01-01')).map(({ local }) => iso(local))).toEqual([
      '2026-03-29T02:00:00',
      '2026-03-29T02:15:00',
      '2026-03-29T02:30:00',
      '2026-10-25T02:00:00',
      '2026-10-25T02:15:00',
      '2026-10-25T02:30:00',
    ]);
  });

  it('covers every expression of a list, and knows the forms of croner', () => {
    const schedule = {
      kind: 'cronTrigger',
      expressions: ['0 12 * * *', '30 2 * * 7L'],
      intervalMs: 0,
      runImmediately: false,
      text: '',
    } as const;
    expect(
      dstMoments(schedule, 'Europe/Paris', utc('2026-01-01'), utc('2027-01-01')).map(({ kind, local }) => [kind, iso(local)]),
    ).toEqual([
      ['gap', '2026-03-29T02:30:00'],
      ['overlap', '2026-10-25T02:30:00'],
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { isLatestRun } from '../../../src/core/timetable/is-latest.js';
import { timetableFor } from '../../../src/core/timetable/resolve.js';
import { parseSchedule } from '../../../src/core/timetable/parse-schedule.js';
import type { ScheduleSpec } from '../../../src/model/dag-spec.js';
import type { RunType } from '../../../src/model/states.js';
import { dagSpec, utc } from './factories.js';

const trigger = (expression: string): ScheduleSpec => ({
  kind: 'cronTrigger',
  expressions: [expression],
  intervalMs: 0,
  runImmediately: false,
  text: expression,
});

/** Of the run that covers [start, end). */
function isLatest(schedule: ScheduleSpec, start: string, end: string, now: string, runType: RunType = 'scheduled'): boolean {
  const timetable = timetableFor(dagSpec([], { schedule, startDate: utc('2030-01-01'), endDate: utc('2020-01-01') }));
  const dataInterval = { start: utc(start), end: utc(end) };
  return isLatestRun(timetable, { runType, logicalDate: utc(start), dataInterval, runAfter: utc(end) }, utc(now));
}

describe('the latest run', () => {
  const daily = parseSchedule('@daily', 'schedule');

  it.each<[string, ScheduleSpec, string, string, string, boolean]>([
    ['is due', daily, '2026-01-09', '2026-01-10', '2026-01-10', true],
    ['until the end of the following interval', daily, '2026-01-09', '2026-01-10', '2026-01-11', true],
    ['and no longer', daily, '2026-01-09', '2026-01-10', '2026-01-11T00:00:01', false],
    ['not at the begin of its own interval', daily, '2026-01-09', '2026-01-10', '2026-01-09', false],
    ['of points in time, until the next one', trigger('0 0 * * *'), '2026-01-09', '2026-01-09', '2026-01-10', true],
    ['of points in time, no longer', trigger('0 0 * * *'), '2026-01-09', '2026-01-09', '2026-01-10T00:00:01', false],
    ['of calendar spans', parseSchedule('1mo', 's'), '2026-01-31', '2026-02-28', '2026-03-28', true],
    ['of calendar spans, no longer', parseSchedule('1mo', 's'), '2026-01-31', '2026-02-28', '2026-03-29', false],
    ['when nothing follows', { kind: 'once' }, '2026-01-01', '2026-01-01', '2026-06-01', true],
    ['without a schedule', { kind: 'none' }, '2026-01-01', '2026-01-01', '2026-06-01', true],
  ])('%s', (_name, schedule, start, end, now, expected) => {
    expect(isLatest(schedule, start, end, now)).toBe(expected);
  });

  it('pitfall 46: a run by hand is always the latest; one of a backfill or of assets only by its dates', () => {
    const old = ['2026-01-01', '2026-01-02', '2026-01-10'] as const;
    expect(isLatest(daily, ...old, 'manual')).toBe(true);
    expect(isLatest(daily, ...old, 'backfill')).toBe(false);
    expect(isLatest(daily, ...old, 'asset_triggered')).toBe(false);
  });

  it('is judged by when it was due where it has no dates', () => {
    const timetable = timetableFor(dagSpec([], { schedule: daily }));
    const run = { runType: 'asset_triggered', logicalDate: null, dataInterval: null, runAfter: utc('2026-01-09') } as const;
    expect(isLatestRun(timetable, run, utc('2026-01-09T12:00:00'))).toBe(true);
    expect(isLatestRun(timetable, run, utc('2026-01-12'))).toBe(false);
  });
});

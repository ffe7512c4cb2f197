import { describe, expect, it } from '@jest/globals';
import { parseSchedule } from '../../../src/core/timetable/parse-schedule.js';
import { intervalsBetween, nextRuns } from '../../../src/core/timetable/preview.js';
import type { Timetable } from '../../../src/core/timetable/timetable.js';
import type { DagSpec, ScheduleSpec } from '../../../src/model/dag-spec.js';
import { dagSpec, utc } from './factories.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = utc('2026-01-10T12:00:00');
const date = (instant: number) => new Date(instant).toISOString().slice(5, 10);
const point = (at: number) => ({ start: at, end: at });

const scheduled = (schedule: ScheduleSpec, changes: Partial<DagSpec> = {}): DagSpec =>
  dagSpec([], { schedule, startDate: utc('2026-01-01'), catchup: true, ...changes });
const trigger = (intervalMs: number): ScheduleSpec => ({
  kind: 'cronTrigger',
  expressions: ['0 6 * * *'],
  intervalMs,
  runImmediately: false,
  text: '',
});
const daily = scheduled(parseSchedule('@daily', 'schedule'));

describe('the next runs', () => {
  it('are as many as are wanted, after the last one', () => {
    const dates = (n: number) =>
      nextRuns(daily, { start: utc('2026-01-03'), end: utc('2026-01-04') }, n, NOW).map((run) => run.logicalDate);
    expect(dates(0)).toEqual([]);
    expect(dates(1).map(date)).toEqual(['01-04']);
    expect(dates(3).map(date)).toEqual(['01-04', '01-05', '01-06']);
  });

  it('may be points in time', () => {
    const runs = nextRuns(scheduled(trigger(0)), null, 3, NOW);
    expect(runs.map((run) => date(run.runAfter))).toEqual(['01-01', '01-02', '01-03']);
  });

  it('go on where their intervals have become longer than those before', () => {
    const last = point(utc('2026-01-05T06:00:00'));
    const runs = nextRuns(scheduled(trigger(30 * DAY)), last, 2, NOW);
    expect(runs.map((run) => date(run.runAfter))).toEqual(['01-06', '01-07']);
  });

  it.each([
    ['a continuous schedule that has begun has one, which lasts until now', utc('2026-01-01')],
    ['a continuous schedule that begins now has one as well', NOW],
  ])('%s', (_name, startDate) => {
    const runs = nextRuns(scheduled({ kind: 'continuous', text: '@continuous' }, { startDate }), null, 5, NOW);
    expect(runs.map((run) => run.dataInterval)).toEqual([{ start: startDate, end: NOW }]);
  });

  it('there is one of a continuous schedule whose last run ended, none of one whose last run ends now', () => {
    const continuous = scheduled({ kind: 'continuous', text: '@continuous' });
    const ended = { start: NOW - 2 * HOUR, end: NOW - HOUR };
    expect(nextRuns(continuous, ended, 5, NOW).map((run) => run.dataInterval)).toEqual([{ start: NOW - HOUR, end: NOW }]);
    expect(nextRuns(continuous, { start: NOW - HOUR, end: NOW }, 5, NOW)).toEqual([]);
  });

  it.each<[string, number, number, number]>([
    ['stays where it is', 5, 15, 0],
    ['stays at its start, although it grows', 5, 16, 0],
    ['goes back', 4, 15, 0],
    ['goes back and ends earlier', 4, 14, 0],
    ['moves on', 6, 15, 1],
    ['reaches further', 4, 16, 1],
  ])('a timetable of a plugin that %s after [5, 15)', (_name, start, end, count) => {
    const run = { logicalDate: start, dataInterval: { start, end }, runAfter: end };
    const timetable: Timetable = { next: () => run, inferManualInterval: point, summary: '', periodic: true };
    const spec = scheduled({ kind: 'custom', name: 'odd', args: null, text: '' });
    expect(nextRuns(spec, { start: 5, end: 15 }, 3, 0, new Map([['odd', timetable]]))).toHaveLength(count);
  });
});

describe('the intervals between two dates', () => {
  const dates = (spec: DagSpec, from: string, to: string, limit?: number, custom?: ReadonlyMap<string, Timetable>) =>
    intervalsBetween(spec, utc(from), utc(to), NOW, custom, limit).map((run) => date(run.logicalDate));

  it('are cut off at a limit', () => {
    expect(dates(daily, '2026-01-01', '2026-01-05', 2)).toEqual(['01-01', '01-02']);
    expect(dates(daily, '2026-01-01', '2026-01-05')).toHaveLength(5);
  });

  it('are those of points in time that are due by then', () => {
    expect(dates(scheduled(trigger(0)), '2026-01-03T06:00:00', '2026-01-05T06:00:00')).toEqual(['01-03', '01-04', '01-05']);
  });

  it('end at the second date also where a plugin would go on', () => {
    const days: Timetable = {
      next: (last, { earliest }) => {
        const start = last?.end ?? earliest ?? 0;
        return { logicalDate: start, dataInterval: { start, end: start + DAY }, runAfter: start + DAY };
      },
      inferManualInterval: point,
      summary: 'days',
      periodic: true,
    };
    const spec = scheduled({ kind: 'custom', name: 'days', args: null, text: 'days' });
    expect(dates(spec, '2026-01-03', '2026-01-05', undefined, new Map([['days', days]]))).toEqual(['01-03', '01-04', '01-05']);
  });
});

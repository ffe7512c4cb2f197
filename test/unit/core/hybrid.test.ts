import { describe, expect, it } from '@jest/globals';
import { runThatWaits, type HybridSpec } from '../../../src/core/timetable/hybrid.js';
import { timetableFor } from '../../../src/core/timetable/resolve.js';
import { runEndingAt, runOver } from '../../../src/core/timetable/timetable.js';
import type { NextRun } from '../../../src/model/dag.js';
import type { DataInterval } from '../../../src/model/instant.js';
import { dagSpec, utc } from './factories.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const DAILY: HybridSpec['time'] = { kind: 'cron', expression: '0 0 * * *', text: '@daily' };
const NIGHTLY: HybridSpec['time'] = {
  kind: 'cronTrigger',
  expressions: ['0 0 * * *'],
  intervalMs: DAY,
  runImmediately: false,
  text: '@daily',
};

const hybrid = (time: HybridSpec['time']): HybridSpec => ({
  kind: 'hybrid',
  time,
  file: 'in/{{ ds }}.csv',
  settleMs: 0,
  waitForMs: 4 * HOUR,
  onTimeout: 'fail',
  text: 'hybrid(@daily)',
});

const interval = (start: string, end: string): NextRun => runOver(utc(start), utc(end), null) as NextRun;

describe('a schedule by time whose runs wait for a file', () => {
  it('covers what its schedule by time covers, also for a run by hand', () => {
    const timetable = timetableFor(dagSpec([], { schedule: hybrid(DAILY) }));
    expect(timetable).toMatchObject({ summary: 'hybrid(@daily)', periodic: true });
    expect(timetable.inferManualInterval(utc('2026-01-25T06:00:00'))).toEqual({ start: utc('2026-01-24'), end: utc('2026-01-25') });
  });
});

describe('the run that keeps its turn while it waits', () => {
  const first = interval('2026-01-01', '2026-01-02');
  const waits = (time: HybridSpec['time'], planned: NextRun | null, now: number, last: DataInterval | null = null) => {
    const schedule = hybrid(time);
    return runThatWaits(schedule, timetableFor(dagSpec([], { schedule })), planned, last, now);
  };

  it.each<[string, boolean, string]>([
    ['not before it is due', false, '2026-01-01T23:59:59'],
    ['from the moment at which it is due', true, '2026-01-02'],
    ['until it gives up, for which a pass may be a minute late', true, '2026-01-02T04:01:00'],
    ['and no longer', false, '2026-01-02T04:01:01'],
  ])('%s', (_name, keeps, now) => {
    expect(waits(DAILY, first, utc(now))).toEqual(keeps ? first : null);
  });

  it('is none when none was planned, or when it ran meanwhile', () => {
    expect(waits(DAILY, null, utc('2026-01-02'))).toBeNull();
    expect(waits(DAILY, first, utc('2026-01-02'), { start: utc('2025-12-31'), end: utc('2026-01-01') })).toEqual(first);
    expect(waits(DAILY, first, utc('2026-01-02'), first.dataInterval)).toBeNull();
  });

  it.each<[string, HybridSpec['time'], NextRun]>([
    ['data intervals', DAILY, first],
    [
      'spans',
      { kind: 'delta', span: { months: 0, ms: 6 * HOUR }, text: '6h' },
      interval('2026-01-01T17:00:00', '2026-01-01T23:00:00'),
    ],
    ['fires', { ...NIGHTLY, intervalMs: 0 }, runEndingAt(utc('2026-01-02'), 0)],
    ['fires at the end of longer intervals', { ...NIGHTLY, intervalMs: 30 * DAY }, runEndingAt(utc('2026-01-02'), 30 * DAY)],
    [
      'spans between points in time',
      { kind: 'deltaTrigger', span: { months: 0, ms: 6 * HOUR }, intervalMs: HOUR, text: '6h' },
      runEndingAt(utc('2026-01-02'), HOUR),
    ],
    [
      'events',
      { kind: 'events', dates: [utc('2025-12-01'), utc('2026-01-02')], restrictToEvents: false, text: '' },
      runEndingAt(utc('2026-01-02'), 0),
    ],
  ])('may be one of %s', (_name, time, planned) => {
    expect(waits(time, planned, utc('2026-01-02T01:00:00'))).toEqual(planned);
  });

  it.each<[string, HybridSpec['time'], NextRun]>([
    ['other times of day', DAILY, interval('2026-01-01T05:00:00', '2026-01-02T05:00:00')],
    ['shorter intervals', { ...DAILY, expression: '0 */12 * * *' }, first],
    ['another start of the interval', NIGHTLY, runEndingAt(utc('2026-01-02'), HOUR)],
    [
      'no dates that follow',
      { kind: 'events', dates: [utc('2025-12-01')], restrictToEvents: false, text: '' },
      runEndingAt(utc('2026-01-02'), 0),
    ],
  ])('is none when the schedule was changed to one with %s', (_name, time, planned) => {
    expect(waits(time, planned, planned.runAfter)).toBeNull();
  });
});

import { describe, expect, it } from '@jest/globals';
import { continuousTimetable } from '../../../src/core/timetable/continuous.js';
import { cronTriggerTimetable } from '../../../src/core/timetable/cron-trigger.js';
import { deltaTriggerTimetable } from '../../../src/core/timetable/delta-trigger.js';
import { eventsTimetable } from '../../../src/core/timetable/events.js';
import { onceTimetable } from '../../../src/core/timetable/once.js';
import type { Timetable, TimetableRestriction } from '../../../src/core/timetable/timetable.js';
import type { CalendarSpan, Catchup } from '../../../src/model/dag-spec.js';
import { utc } from './factories.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const iso = (instant: number) => new Date(instant).toISOString().slice(0, 19);

type RunImmediately = boolean | { readonly withinMs: number };

function cronTrigger(expressions: readonly string[], runImmediately: RunImmediately = false, intervalMs = 0): Timetable {
  return cronTriggerTimetable({ kind: 'cronTrigger', expressions, intervalMs, runImmediately, text: 'crons' }, 'UTC');
}

function restrict(catchup: Catchup, earliest: string | null = null, latest: string | null = null): TimetableRestriction {
  return { earliest: earliest === null ? null : utc(earliest), latest: latest === null ? null : utc(latest), catchup };
}

/** When the run is due that follows one which ended at `last`; null: there is none. */
function dueAfter(timetable: Timetable, last: string | null, restriction: TimetableRestriction, now: string): string | null {
  const interval = last === null ? null : { start: utc(last) - 1, end: utc(last) };
  const run = timetable.next(interval, restriction, utc(now));
  return run && iso(run.runAfter);
}

describe('the first fire of a DAG without a start date', () => {
  it.each<[string, string, RunImmediately, string, string]>([
    ['the one to come', '0 6 * * *', false, '2026-01-10T12:00:00', '2026-01-11T06:00:00'],
    ['the one that passed a tenth of the time ago', '0 6 * * *', false, '2026-01-10T08:24:00', '2026-01-10T06:00:00'],
    ['not one that passed longer ago', '0 6 * * *', false, '2026-01-10T08:24:01', '2026-01-11T06:00:00'],
    ['the one that passed five minutes ago', '*/10 * * * *', false, '2026-01-10T12:05:00', '2026-01-10T12:00:00'],
    ['not one that passed more than five minutes ago', '*/10 * * * *', false, '2026-01-10T12:05:01', '2026-01-10T12:10:00'],
    ['the one of this moment', '*/10 * * * *', false, '2026-01-10T12:10:00', '2026-01-10T12:10:00'],
    ['the one that passed, however long ago', '0 6 1 1 *', true, '2026-12-10T12:00:00', '2026-01-01T06:00:00'],
    ['one within the given time', '0 6 * * *', { withinMs: 8 * HOUR }, '2026-01-10T14:00:00', '2026-01-10T06:00:00'],
    ['not one beyond the given time', '0 6 * * *', { withinMs: 8 * HOUR }, '2026-01-10T14:00:01', '2026-01-11T06:00:00'],
    ['not even one a moment ago', '0 6 * * *', { withinMs: 0 }, '2026-01-10T06:00:01', '2026-01-11T06:00:00'],
  ])('is %s: %s, %j', (_name, expression, runImmediately, now, expected) => {
    expect(dueAfter(cronTrigger([expression], runImmediately), null, restrict(true), now)).toBe(expected);
  });
});

describe('fires of cron expressions', () => {
  const TWICE = ['0 6 * * *', '0 18 * * *'];
  const now = '2026-01-10T10:00:00';

  it.each<[string, string | null, TimetableRestriction, string | null]>([
    ['catchup begins with the first', null, restrict(true, '2026-01-01T06:00:00'), '2026-01-01T06:00:00'],
    ['catchup goes on with what follows', '2026-01-01T06:00:00', restrict(true, '2026-01-01'), '2026-01-01T18:00:00'],
    ['catchup goes on from before the start date', '2025-12-01T06:00:00', restrict(true, '2026-01-01'), '2025-12-01T18:00:00'],
    ['without catchup the newest of all', '2026-01-01T06:00:00', restrict(false, '2026-01-01'), '2026-01-10T06:00:00'],
    ['without catchup the next when none is due', '2026-01-10T06:00:00', restrict(false), '2026-01-10T18:00:00'],
    ['without catchup and long after the fire', '2026-01-09T18:00:00', restrict(false), '2026-01-10T06:00:00'],
    ['none before a start date that was moved back', '2026-01-09', restrict(false, '2026-01-12'), '2026-01-12T06:00:00'],
    ['none before the start date', null, restrict(false, '2026-01-12'), '2026-01-12T06:00:00'],
    ['the newest three are counted together', null, restrict({ last: 3 }, '2026-01-01'), '2026-01-09T06:00:00'],
    ['the newest two are counted together', null, restrict({ last: 2 }, '2026-01-01'), '2026-01-09T18:00:00'],
    ['the newest three begin with the start date', null, restrict({ last: 3 }, '2026-01-09T12:00:00'), '2026-01-09T18:00:00'],
    ['of the newest three those that follow', '2026-01-09T06:00:00', restrict({ last: 3 }), '2026-01-09T18:00:00'],
    ['the end date is inclusive', '2026-01-01T06:00:00', restrict(true, null, '2026-01-01T18:00:00'), '2026-01-01T18:00:00'],
    ['and the end', '2026-01-01T06:00:00', restrict(true, null, '2026-01-01T17:59:59'), null],
  ])('%s', (_name, last, restriction, expected) => {
    expect(dueAfter(cronTrigger(TWICE), last, restriction, now)).toBe(expected);
  });

  it('an expression that fires right now counts before one that fired today', () => {
    expect(dueAfter(cronTrigger(TWICE), '2026-01-01', restrict(false), '2026-01-10T18:00:00')).toBe('2026-01-10T18:00:00');
    expect(dueAfter(cronTrigger(TWICE), '2026-01-01', restrict(false), '2026-01-10T17:59:59')).toBe('2026-01-10T06:00:00');
  });

  it('whether the fire that passed counts is asked of each expression by itself', () => {
    // An hour and a half is within a tenth of the day between two fires of the first, not within one of the time to the second.
    expect(dueAfter(cronTrigger(TWICE), null, restrict(true), '2026-01-10T07:30:00')).toBe('2026-01-10T06:00:00');
    expect(dueAfter(cronTrigger(TWICE), null, restrict(false), '2026-01-10T07:30:00')).toBe('2026-01-10T06:00:00');
  });

  it('are found before 1970 too', () => {
    const first = (catchup: Catchup, now: string) => dueAfter(cronTrigger(TWICE), null, restrict(catchup, '1960-01-01'), now);
    expect(first(true, '1965-01-01T12:00:00')).toBe('1960-01-01T06:00:00');
    expect(first(false, '1965-01-01T12:00:00')).toBe('1965-01-01T06:00:00');
  });

  it('end intervals of the given length, also those of runs by hand', () => {
    const daily = cronTrigger(['0 6 * * *'], false, DAY);
    const at = utc('2026-01-02T06:00:00');
    const covered = { start: at - DAY, end: at };
    expect(daily.next(null, restrict(true, '2026-01-02'), at)).toEqual({
      logicalDate: at - DAY,
      dataInterval: covered,
      runAfter: at,
    });
    expect(daily.inferManualInterval(at)).toEqual(covered);
    expect(daily).toMatchObject({ summary: 'crons', periodic: true });
  });
});

describe('spans between points in time', () => {
  const every = (span: CalendarSpan) => deltaTriggerTimetable({ kind: 'deltaTrigger', span, intervalMs: HOUR, text: 'spans' });
  const sixHours = { months: 0, ms: 6 * HOUR };
  const monthAndHour = { months: 1, ms: HOUR };
  const now = '2026-03-31T12:00:00';

  it.each<[string, CalendarSpan, string | null, TimetableRestriction, string | null]>([
    ['begin at the start date', sixHours, null, restrict(true, '2026-01-01'), '2026-01-01T00:00:00'],
    ['begin now without one', sixHours, null, restrict(true), now],
    ['follow the run before', sixHours, '2026-01-01T03:00:00', restrict(true, '2026-01-01'), '2026-01-01T09:00:00'],
    ['follow it by the calendar', monthAndHour, '2026-01-31', restrict(true), '2026-02-28T01:00:00'],
    ['begin now without catchup', sixHours, null, restrict(false, '2026-01-01'), now],
    ['go on now when the run is overdue', sixHours, '2026-01-01', restrict('latest'), now],
    ['wait for the run when it is not', sixHours, '2026-03-31T08:00:00', restrict(false), '2026-03-31T14:00:00'],
    ['wait for the start date', sixHours, null, restrict(false, '2026-04-05'), '2026-04-05T00:00:00'],
    ['go back two spans for the newest three', sixHours, null, restrict({ last: 3 }, '2026-01-01'), '2026-03-31T00:00:00'],
    ['go back no further than the start date', sixHours, null, restrict({ last: 3 }, '2026-03-31T05:00:00'), '2026-03-31T05:00:00'],
    ['go back by the calendar', monthAndHour, null, restrict({ last: 2 }), '2026-02-28T11:00:00'],
    ['go back three times by the calendar', monthAndHour, null, restrict({ last: 4 }), '2025-12-31T09:00:00'],
    ['end with the end date', sixHours, '2026-01-01', restrict(true, null, '2026-01-01T06:00:00'), '2026-01-01T06:00:00'],
    ['not after it', sixHours, '2026-01-01', restrict(true, null, '2026-01-01T05:59:59'), null],
  ])('%s', (_name, span, last, restriction, expected) => {
    expect(dueAfter(every(span), last, restriction, now)).toBe(expected);
  });

  it('end intervals of the given length, also those of runs by hand', () => {
    const at = utc('2026-01-02T06:00:00');
    const covered = { start: at - HOUR, end: at };
    const timetable = every(sixHours);
    expect(timetable.next(null, restrict(true, '2026-01-02T06:00:00'), at)).toEqual({
      logicalDate: at - HOUR,
      dataInterval: covered,
      runAfter: at,
    });
    expect(timetable.inferManualInterval(at)).toEqual(covered);
    expect(timetable).toMatchObject({ summary: 'spans', periodic: true });
  });
});

describe('events', () => {
  const dates = ['2026-01-01', '2026-01-05', '2026-01-08', '2026-02-01'].map(utc);
  const events = (restrictToEvents = false, given = dates) =>
    eventsTimetable({ kind: 'events', dates: given, restrictToEvents, text: 'list' });

  it.each<[string, string | null, TimetableRestriction, string, string | null]>([
    ['all that passed with catchup', null, restrict(true), '2026-01-10', '2026-01-01T00:00:00'],
    ['what follows', '2026-01-05', restrict(true), '2026-01-10', '2026-01-08T00:00:00'],
    ['none before the start date', null, restrict(true, '2026-01-05'), '2026-01-10', '2026-01-05T00:00:00'],
    ['none that passed without catchup', null, restrict(false), '2026-01-10', '2026-02-01T00:00:00'],
    ['the one of this moment without catchup', null, restrict(false), '2026-01-08', '2026-01-08T00:00:00'],
    ['the newest that passed', null, restrict('latest'), '2026-01-10', '2026-01-08T00:00:00'],
    ['the newest that passed, at its very moment', null, restrict('latest'), '2026-01-08', '2026-01-08T00:00:00'],
    ['the newest two that passed', null, restrict({ last: 2 }), '2026-01-10', '2026-01-05T00:00:00'],
    ['the first when more are wanted than passed', null, restrict({ last: 9 }), '2026-01-10', '2026-01-01T00:00:00'],
    ['the next when none passed', null, restrict('latest'), '2025-12-01', '2026-01-01T00:00:00'],
    ['the end date is inclusive', '2026-01-05', restrict(true, null, '2026-01-08'), '2026-01-10', '2026-01-08T00:00:00'],
    ['none after the end date', '2026-01-05', restrict(true, null, '2026-01-07'), '2026-01-10', null],
    ['none after the last', '2026-02-01', restrict(true), '2026-03-01', null],
  ])('%s', (_name, last, restriction, now, expected) => {
    expect(dueAfter(events(), last, restriction, now)).toBe(expected);
  });

  it('a run by hand takes the moment, or the newest event that has passed where only events are allowed', () => {
    const point = (text: string) => ({ start: utc(text), end: utc(text) });
    const at = (text: string, restrictToEvents: boolean, given = dates) =>
      events(restrictToEvents, given).inferManualInterval(utc(text));
    expect(at('2026-01-06', false)).toEqual(point('2026-01-06'));
    expect(at('2026-01-06', true)).toEqual(point('2026-01-05'));
    expect(at('2026-01-08', true)).toEqual(point('2026-01-08'));
    expect(at('2026-06-01', true)).toEqual(point('2026-02-01'));
    expect(at('2025-06-01', true)).toEqual(point('2026-01-01'));
    expect(at('2026-01-06', true, [])).toEqual(point('2026-01-06'));
    expect(events()).toMatchObject({ summary: 'list', periodic: true });
  });
});

describe('@once', () => {
  it.each<[string, string | null, TimetableRestriction, string | null]>([
    ['is due at the start date', null, restrict(true, '2026-01-01'), '2026-01-01T00:00:00'],
    ['is due at once without one', null, restrict(false), '2026-01-10T00:00:00'],
    ['is due once', '2026-01-01', restrict(true, '2026-01-01'), null],
    ['is due at the end date', null, restrict(true, '2026-01-01', '2026-01-01'), '2026-01-01T00:00:00'],
    ['is not due after it', null, restrict(true, '2026-01-01', '2025-12-31'), null],
  ])('%s', (_name, last, restriction, expected) => {
    expect(dueAfter(onceTimetable, last, restriction, '2026-01-10')).toBe(expected);
  });
});

describe('continuous runs', () => {
  const now = '2026-01-10T12:00:00';
  it.each<[string, [string, string] | null, TimetableRestriction, [string, string] | null]>([
    ['begin with the time since the start date', null, restrict(true, '2026-01-01'), ['2026-01-01', now]],
    ['begin now without one', null, restrict(true), [now, now]],
    ['begin at a start date to come', null, restrict(true, '2026-02-01'), ['2026-02-01', '2026-02-01']],
    ['cover the time since the last one', ['2026-01-08', '2026-01-09'], restrict(true, '2026-01-01'), ['2026-01-09', now]],
    ['cover no time when the last one ends now', ['2026-01-09', now], restrict(true, '2026-01-01'), [now, now]],
    [
      'are as long as a last one that lies ahead of the clock, from the start date on',
      ['2026-02-01', '2026-02-03'],
      restrict(true, '2026-03-01'),
      ['2026-03-01', '2026-03-03'],
    ],
    ['... or from now on', ['2026-02-01', '2026-02-03'], restrict(true), [now, '2026-01-12T12:00:00']],
    ['may end at the end date', null, restrict(true, '2026-01-01', now), ['2026-01-01', now]],
    ['are none that end after it', null, restrict(true, '2026-01-01', '2026-01-10T11:59:59'), null],
  ])('%s', (_name, last, restriction, expected) => {
    const run = continuousTimetable.next(last && { start: utc(last[0]), end: utc(last[1]) }, restriction, utc(now));
    const interval = expected && { start: utc(expected[0]), end: utc(expected[1]) };
    expect(run).toEqual(interval && { logicalDate: interval.start, dataInterval: interval, runAfter: interval.end });
  });

  it('are made one at a time', () => {
    expect(continuousTimetable.maxActiveRuns).toBe(1);
  });
});

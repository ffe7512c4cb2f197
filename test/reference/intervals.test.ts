/**
 * Core's timetables against the naive ones beside it, on random schedules, zones and moments, most of them around a change of the clocks. REFERENCE_CASES sets how many
 * (default 10,000; each asks up to three questions).
 */
import { afterAll, describe, expect, it } from '@jest/globals';
import { writeSync } from 'node:fs';
import fc from '../support/fast-check.js';
import { timetableFor } from '../../src/core/timetable/resolve.js';
import type { Timetable } from '../../src/core/timetable/timetable.js';
import type { Catchup, ScheduleSpec } from '../../src/model/dag-spec.js';
import {
  BeyondList,
  FireList,
  manualInterval,
  nextEvent,
  nextInterval,
  nextSpan,
  nextSpanTrigger,
  nextTrigger,
  plus,
  type Interval,
  type Restriction,
  type Run,
} from './intervals.js';
import { airflowFiresOn, firesOn, wallClock, type WallClock } from './wall-clock.js';
import { dagSpec } from '../unit/core/factories.js';

const CASES = Number(process.env['REFERENCE_CASES'] ?? 10_000);
const TIMEOUT_MS = 30 * 60_000;
const HOUR = 3_600_000;
const HOURS = 12 * 24;

/** Zones of every kind, each with the first hour of some days in which its clocks change, or do not. */
const WINDOWS: readonly (readonly [zone: string, from: string])[] = [
  ['UTC', '2025-02-20T00'],
  ['America/New_York', '2025-03-03T00'],
  ['America/New_York', '2025-10-27T00'],
  ['Europe/Paris', '2025-03-24T00'],
  ['Europe/Paris', '2025-10-20T00'],
  ['Europe/Dublin', '1972-03-13T00'],
  ['Australia/Lord_Howe', '2025-04-01T00'],
  ['Australia/Lord_Howe', '2025-09-29T00'],
  ['Asia/Kathmandu', '1985-12-27T00'],
  ['America/Sao_Paulo', '2018-10-29T00'],
  ['America/Sao_Paulo', '2018-02-12T00'],
  ['Pacific/Apia', '2011-12-25T00'],
  ['Africa/Casablanca', '2025-02-18T00'],
  ['Africa/Casablanca', '2025-04-01T00'],
  ['Antarctica/Troll', '2025-03-25T00'],
  ['America/St_Johns', '2006-04-01T00'],
  ['Asia/Gaza', '2025-04-07T00'],
  ['America/Caracas', '2016-04-26T00'],
];
const clocks = new Map<number, WallClock>();
function clockOf(index: number): WallClock {
  const [zone, from] = WINDOWS[index] as (typeof WINDOWS)[number];
  const known = clocks.get(index) ?? wallClock(zone, Date.parse(`${from}:00:00Z`), HOURS);
  clocks.set(index, known);
  return known;
}

const choice = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const number = (max: number, min = 0) => fc.integer({ min, max }).map(String);
const range = (max: number) => fc.tuple(fc.nat(max), fc.nat(max)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
const anyMinute = fc.oneof(
  choice('0', '30', '*', '*/15', '*/7'),
  number(59),
  range(59),
  fc.tuple(number(59), number(59)).map((two) => two.join(',')),
);
const anyHour = fc.oneof(
  choice('0', '1', '2', '3', '*', '*/2', '*/6', '0-23'),
  number(23),
  range(23),
  fc.tuple(number(4), number(23)).map((two) => two.join(',')),
);
const anyWeekday = fc.oneof(
  { weight: 4, arbitrary: choice('*') },
  { weight: 1, arbitrary: fc.oneof(number(7), choice('1-5', '0,6')) },
);
const anyDay = fc.oneof({ weight: 6, arbitrary: choice('*') }, { weight: 1, arbitrary: number(31, 1) });
const anyCron = fc.tuple(anyMinute, anyHour, anyDay, choice('*'), anyWeekday).map((fields) => fields.join(' '));
const anyWindow = fc.nat(WINDOWS.length - 1);
/** Minutes into the window, most of them in its middle, where the clocks change. */
const anyMoment = fc.oneof(
  { weight: 2, arbitrary: fc.integer({ min: 5 * 1440, max: 8 * 1440 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2 * 1440, max: 10 * 1440 }) },
);
const anyCatchup = choice<Catchup>(true, false, 'latest', { last: 1 }, { last: 3 });

interface Moments {
  readonly now: number;
  readonly earliest: number | null;
  readonly latest: number | null;
  readonly catchup: Catchup;
  /** How `last` is made: none, an interval of the schedule itself, or one of another schedule. */
  readonly last: readonly [kind: 'none' | 'own' | 'other', at: number, minutes: number];
}
const anyMoments: fc.Arbitrary<Moments> = fc.record({
  now: anyMoment,
  earliest: fc.option(anyMoment, { freq: 2 }),
  latest: fc.option(anyMoment, { freq: 3 }),
  catchup: anyCatchup,
  last: fc.tuple(choice<Moments['last'][0]>('none', 'own', 'own', 'other'), anyMoment, fc.integer({ min: 1, max: 3_000 })),
});

let decided = 0;
afterAll(() => void writeSync(1, `reference: intervals agree on ${decided} cases\n`));

/** Puts one question to both; one that the list of fires is too short for is left out. */
function compare(ours: () => unknown, reference: () => unknown, about: () => unknown): void {
  let expected: unknown;
  try {
    expected = reference();
  } catch (error) {
    if (error instanceof BeyondList) return;
    throw error;
  }
  decided++;
  const actual = ours();
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    expect({ about: about(), answer: actual }).toEqual({ about: about(), answer: expected });
}

function answerOf(timetable: Timetable, last: Interval | null, restriction: Restriction, now: number): Run | null {
  const run = timetable.next(last, restriction, now);
  return run && { start: run.dataInterval.start, end: run.dataInterval.end, runAfter: run.runAfter };
}

const timetableOf = (schedule: ScheduleSpec, window: number): Timetable =>
  timetableFor(dagSpec([], { schedule, timezone: (WINDOWS[window] as (typeof WINDOWS)[number])[0] }));

function check<T>(share: number, arbitrary: fc.Arbitrary<T>, property: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, property), { numRuns: Math.ceil(CASES * share) });
}

/** What the moments mean in a window. */
function timesOf(from: number, moments: Moments) {
  const at = (minutes: number | null) => (minutes === null ? null : from + minutes * 60_000);
  return {
    now: from + moments.now * 60_000,
    restriction: { earliest: at(moments.earliest), latest: at(moments.latest), catchup: moments.catchup } satisfies Restriction,
    lastAt: from + moments.last[1] * 60_000,
  };
}

function lastOf([kind, , minutes]: Moments['last'], lastAt: number, own: () => Interval): Interval | null {
  if (kind === 'none') return null;
  return kind === 'own' ? own() : { start: lastAt - minutes * 60_000, end: lastAt };
}

describe('core agrees with the naive reference', () => {
  it(
    'about data intervals of cron expressions',
    () => {
      check(0.25, fc.tuple(anyCron, anyWindow, anyMoments), ([expression, window, moments]) => {
        const clock = clockOf(window);
        const list = new FireList(firesOn(clock, expression), clock.from, clock.to);
        const timetable = timetableOf({ kind: 'cron', expression, text: expression }, window);
        const { now, restriction, lastAt } = timesOf(clock.from, moments);
        const about = () => ({ expression, zone: WINDOWS[window], moments });
        compare(
          () =>
            answerOf(
              timetable,
              lastOf(moments.last, lastAt, () => manualInterval(list, lastAt)),
              restriction,
              now,
            ),
          () =>
            nextInterval(
              list,
              lastOf(moments.last, lastAt, () => manualInterval(list, lastAt)),
              restriction,
              now,
            ),
          about,
        );
        compare(
          () => timetable.inferManualInterval(now),
          () => manualInterval(list, now),
          about,
        );
      });
    },
    TIMEOUT_MS,
  );

  it(
    'about points in time of one and several cron expressions',
    () => {
      const crons = fc.uniqueArray(anyCron, { minLength: 1, maxLength: 3 });
      const anyTrigger = fc.tuple(crons, anyWindow, anyMoments, choice(0, HOUR, 90 * 60_000), fc.boolean());
      check(0.15, anyTrigger, ([expressions, window, moments, intervalMs, runImmediately]) => {
        if (typeof moments.catchup === 'object' && moments.catchup.last > 1) return;
        const clock = clockOf(window);
        const lists = expressions.map((expression) => new FireList(firesOn(clock, expression), clock.from, clock.to));
        const timetable = timetableOf({ kind: 'cronTrigger', expressions, intervalMs, runImmediately, text: '' }, window);
        const { now, restriction, lastAt } = timesOf(clock.from, moments);
        const own = () => {
          const end = Math.max(...lists.map((list) => list.alignPrev(lastAt)));
          return { start: end - intervalMs, end };
        };
        compare(
          () => answerOf(timetable, lastOf(moments.last, lastAt, own), restriction, now),
          () => nextTrigger(lists, intervalMs, runImmediately, lastOf(moments.last, lastAt, own), restriction, now),
          () => ({ expressions, zone: WINDOWS[window], moments, intervalMs, runImmediately }),
        );
      });
    },
    TIMEOUT_MS,
  );

  it(
    'about spans and events',
    () => {
      const span = fc.record({
        months: fc.oneof(choice(0), fc.nat(14)),
        ms: fc.integer({ min: 1, max: 5_000 }).map((minutes) => minutes * 60_000),
      });
      const dates = fc.uniqueArray(anyMoment, { maxLength: 8 });
      check(0.6, fc.tuple(span, anyMoments, choice(0, HOUR), dates, fc.nat(5_000)), ([span, moments, intervalMs, events, days]) => {
        const from = Date.UTC(2024, 0, 1) + days * 24 * HOUR;
        const { now, restriction, lastAt } = timesOf(from, moments);
        const about = () => ({ span, moments, intervalMs, from, events });
        const last = lastOf(moments.last, lastAt, () => ({ start: plus(lastAt, span, -1), end: lastAt }));
        const interval = timetableOf({ kind: 'delta', span, text: '' }, 0);
        compare(
          () => answerOf(interval, last, restriction, now),
          () => nextSpan(span, last, restriction, now),
          about,
        );
        const point = last && { start: lastAt - intervalMs, end: lastAt };
        if (typeof moments.catchup !== 'object') {
          const trigger = timetableOf({ kind: 'deltaTrigger', span, intervalMs, text: '' }, 0);
          compare(
            () => answerOf(trigger, point, restriction, now),
            () => nextSpanTrigger(span, intervalMs, point, restriction, now),
            about,
          );
        }
        const listed = events.map((minutes) => from + minutes * 60_000).sort((a, b) => a - b);
        const timetable = timetableOf({ kind: 'events', dates: listed, restrictToEvents: false, text: '' }, 0);
        const event = last && { start: lastAt, end: lastAt };
        compare(
          () => answerOf(timetable, event, restriction, now),
          () => nextEvent(listed, event, restriction, now),
          about,
        );
      });
    },
    TIMEOUT_MS,
  );
});

it('runs differ from Airflow’s only at times that a zone skips or repeats', () => {
  const touched = (clock: WallClock): ReadonlySet<number> => {
    const times = new Map<number, number>();
    const found = new Set<number>();
    clock.shown.forEach((shown, index) => {
      const last = index === 0 ? shown - 60_000 : (clock.shown[index - 1] as number);
      // What a gap skips is made up within it, on either clock: at its end, or as much later.
      for (let skipped = last + 60_000; skipped < shown; skipped += 60_000) {
        found.add(clock.from + index * 60_000);
        found.add(clock.from + index * 60_000 + (skipped - last - 60_000));
      }
      const first = times.get(shown);
      if (first === undefined) times.set(shown, index);
      else for (const twice of [first, index]) found.add(clock.from + twice * 60_000);
    });
    return found;
  };
  const touchedOf = WINDOWS.map((_window, index) => touched(clockOf(index)));
  check(0.05, fc.tuple(anyCron, anyWindow), ([expression, window]) => {
    const clock = clockOf(window);
    const [ours, theirs] = [new Set(firesOn(clock, expression)), new Set(airflowFiresOn(clock, expression))];
    const different = [...ours, ...theirs].filter((fire) => ours.has(fire) !== theirs.has(fire));
    expect(different.filter((fire) => !touchedOf[window]?.has(fire)).map((fire) => new Date(fire).toISOString())).toEqual([]);
  });
});

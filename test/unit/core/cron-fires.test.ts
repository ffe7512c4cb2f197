import { describe, expect, it, jest } from '@jest/globals';
import { Cron } from 'croner';
import { parseCron } from '../../../src/core/timetable/cron-fields.js';
import { CronFires } from '../../../src/core/timetable/cron-fires.js';
import { CronTimetable } from '../../../src/core/timetable/cron.js';
import { utc } from './factories.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const firesOf = (expression: string, timezone = 'UTC') => new CronFires(parseCron(expression, 'schedule'), timezone);
const iso = (instant: number | null) => (instant === null ? null : new Date(instant).toISOString().slice(0, 19));

describe('the fires of a day', () => {
  it.each<[string, number[], number[], number[]]>([
    ['20,10 7,5 * * * 45,15', [5, 7], [10, 20], [15, 45]],
    ['0,59 0,23 * * * 0,59', [0, 23], [0, 59], [0, 59]],
  ])('%s: after each second the right one', (expression, hours, minutes, seconds) => {
    const fires = firesOf(expression);
    const day = utc('2026-03-10');
    const expected = [day, day + DAY].flatMap((start) =>
      hours.flatMap((hour) =>
        minutes.flatMap((minute) => seconds.map((second) => start + hour * HOUR + (minute * 60 + second) * SECOND)),
      ),
    );
    const wrong: unknown[] = [];
    let following = 0;
    for (let at = day - SECOND; at < day + DAY; at += SECOND) {
      while ((expected[following] as number) <= at) following++;
      if (fires.next(at) !== expected[following]) wrong.push([iso(at), iso(fires.next(at)), iso(expected[following] as number)]);
    }
    expect(wrong).toEqual([]);
  });

  it('are at whole seconds, strictly after or before the moment that is asked about', () => {
    const fires = firesOf('0 6 * * *');
    const six = utc('2026-03-10T06:00:00');
    expect([fires.next(six - 1), fires.next(six), fires.next(six + 1)]).toEqual([six, six + DAY, six + DAY]);
    expect([fires.prev(six - 1), fires.prev(six), fires.prev(six + 1)]).toEqual([six - DAY, six - DAY, six]);
    expect([fires.alignNext(six - 1), fires.alignNext(six), fires.alignNext(six + 1)]).toEqual([six, six, six + DAY]);
    expect([fires.alignPrev(six - 1), fires.alignPrev(six), fires.alignPrev(six + 1)]).toEqual([six - DAY, six, six]);
  });

  it('are found over the years, forward and backward', () => {
    const leapDay = firesOf('0 0 29 2 *');
    expect(iso(leapDay.next(utc('2096-02-29')))).toBe('2104-02-29T00:00:00');
    expect(iso(leapDay.prev(utc('2104-02-29')))).toBe('2096-02-29T00:00:00');
    const fifthTuesday = firesOf('0 0 * 2 2#5');
    expect(iso(fifthTuesday.next(utc('2000-03-01')))).toBe('2028-02-29T00:00:00');
    expect(iso(fifthTuesday.prev(utc('2028-02-29')))).toBe('2000-02-29T00:00:00');
    const lastDay = firesOf('0 6 L * * 30');
    expect(iso(lastDay.next(utc('2026-02-01')))).toBe('2026-02-28T06:00:30');
    expect(iso(lastDay.prev(utc('2026-02-01')))).toBe('2026-01-31T06:00:30');
  });
});

describe('days', () => {
  it.each([
    ['0 0 * * *', ['02-01', '02-02', '02-03']],
    ['0 0 13 * *', ['02-13', '03-13', '04-13']],
    ['0 0 * * 5', ['02-06', '02-13', '02-20']],
    ['0 0 17 * 5', ['02-06', '02-13', '02-17', '02-20']],
    ['0 0 * 4 1', ['04-06', '04-13', '04-20', '04-27']],
    // What holds all days is not `*`: days or weekdays, as croner has it.
    ['0 0 *,13 * 5', ['02-01', '02-02', '02-03']],
    ['0 0 */10 * 5', ['02-01', '02-06', '02-11', '02-13']],
    ['0 0 13 * *,5', ['02-01', '02-02', '02-03']],
    ['0 0 15 * ?', ['02-15', '03-15', '04-15']],
    ['0 0 * MAR-apr 1', ['03-02', '03-09', '03-16', '03-23', '03-30', '04-06']],
    ['0 0 * * FRI-SUN', ['02-01', '02-06', '02-07', '02-08']],
    ['0 0 * * SUN-TUE', ['02-01', '02-02', '02-03', '02-08']],
    ['0 0 * * */3', ['02-01', '02-04', '02-07', '02-08']],
    ['0 0 * * 6-7', ['02-01', '02-07', '02-08']],
    ['0 0 31 * *', ['03-31', '05-31', '07-31']],
    ['0 0 28 2 0', ['02-01', '02-08', '02-15', '02-22', '02-28']],
    ['0 0 ? * 7', ['02-01', '02-08', '02-15']],
  ])('%s', (expression, expected) => {
    const fires = firesOf(expression);
    let at = utc('2026-02-01') - 1;
    const found = expected.map(() => iso((at = fires.next(at) as number))?.slice(5, 10));
    expect(found).toEqual(expected);
  });
});

/** The rule is croner's; here it is asked about every moment, also of plain days. */
describe('around a change of the clocks each expression fires when croner says so, in whatever order it is asked', () => {
  const EXPRESSIONS = [
    '30 * * * *',
    '0 */2 * * *',
    '30 2 * * *',
    '0 0 * * *',
    '45 23 * * *',
    '*/30 1-3 * * *',
    '15 9 * * 1-5',
    '0 3 * * SUN-SUN',
    '30 2 * * 0',
    '30 23 * * 6',
    '30 * * * 6',
    '0,30 0-3 * * 0',
  ];

  it.each([
    ['America/New_York', '2025-03-09T07:00:00'],
    ['America/New_York', '2025-11-02T06:00:00'],
    ['America/Adak', '2025-03-09T12:00:00'],
    ['Atlantic/Azores', '2025-03-30T01:00:00'],
    ['Australia/Lord_Howe', '2025-04-05T15:00:00'],
    ['America/Sao_Paulo', '2018-11-04T03:00:00'],
    ['America/Sao_Paulo', '2018-02-18T02:00:00'],
    ['Pacific/Apia', '2011-12-30T10:00:00'],
  ])('%s at %s', (timezone, change) => {
    const moments = [5, 4, 3, 2].map((days) => utc(change) - days * DAY);
    for (let at = utc(change) - 32 * HOUR; at <= utc(change) + 32 * HOUR; at += HOUR) moments.push(at);
    for (const expression of EXPRESSIONS) {
      const fields = parseCron(expression, 'schedule');
      const croner = new Cron(fields.cronerPattern, { timezone, paused: true });
      const expected = moments.map((at) => iso(croner.nextRun(new Date(at))?.getTime() ?? null));
      const forward = new CronFires(fields, timezone);
      expect({ expression, fires: moments.map((at) => iso(forward.next(at))) }).toEqual({ expression, fires: expected });
      const backward = new CronFires(fields, timezone);
      const reversed = moments.toReversed().map((at) => iso(backward.next(at)));
      expect({ expression, fires: reversed.toReversed() }).toEqual({ expression, fires: expected });
    }
  });
});

/** croner is some fifty times slower than arithmetic, so that how often it is asked is held here, instead of time. */
describe('croner is asked', () => {
  const questionsOf = (walk: () => void): number => {
    const spy = jest.spyOn(Cron.prototype, 'nextRun');
    try {
      walk();
      return spy.mock.calls.length;
    } finally {
      spy.mockRestore();
    }
  };
  const walk = (fires: CronFires, from: string, count: number) => {
    let at: number | null = utc(from);
    for (let found = 0; found < count && at !== null; found++) at = fires.next(at);
  };

  it.each([
    ['30 * * * *', 'UTC'],
    ['30 * * * *', 'America/New_York'],
    ['0 0 * * 1', 'Australia/Lord_Howe'],
    ['*/20 6 * * 1-5', 'Europe/Paris'],
  ])('nothing about %s in %s on days on which the clocks are not changed', (expression, timezone) => {
    const fires = firesOf(expression, timezone);
    expect(questionsOf(() => walk(fires, '2026-06-01', 10))).toBe(0);
  });

  it('once for each fire of a form of its own, also when intervals are walked', () => {
    const fires = firesOf('0 0 L * *');
    expect(questionsOf(() => walk(fires, '2026-06-01', 10))).toBe(10);
    const timetable = new CronTimetable('0 0 L * *', 'UTC', '');
    const questions = questionsOf(() => {
      let last = null;
      for (let count = 0; count < 10; count++)
        last = timetable.next(last, { earliest: utc('2026-06-01'), latest: null, catchup: true }, 0)?.dataInterval ?? null;
    });
    // And once for the begin of the first interval.
    expect(questions).toBe(11);
  });
});

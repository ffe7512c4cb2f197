/**
 * The clock on the wall, minute by minute: which local time it shows at each minute of some days, and at which of them a cron expression fires. Written from the
 * specification alone; it shares no code with `src/core/timetable`.
 */
import { DateTime } from 'luxon';

const MINUTE = 60_000;
const HOUR = 60;
const DAY = 1_440 * MINUTE;

/** Some days of a zone. */
export interface WallClock {
  readonly from: number;
  readonly to: number;
  /** What the wall shows at each minute from `from` on, as milliseconds since 1970-01-01 00:00 on that wall. */
  readonly shown: Float64Array;
  /** The same in parts. */
  readonly parts: readonly WallTime[];
}

interface WallTime {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
  readonly month: number;
  readonly weekday: number;
}

function partsOf(shown: number): WallTime {
  const wall = new Date(shown);
  return {
    minute: wall.getUTCMinutes(),
    hour: wall.getUTCHours(),
    day: wall.getUTCDate(),
    month: wall.getUTCMonth() + 1,
    weekday: wall.getUTCDay(),
  };
}

/** @param from A whole hour. */
export function wallClock(zone: string, from: number, hours: number): WallClock {
  const shown = new Float64Array(hours * HOUR);
  const offsetAt = (instant: number) => DateTime.fromMillis(instant, { zone }).offset * MINUTE;
  for (let hour = 0; hour < hours; hour++) {
    const begin = from + hour * HOUR * MINUTE;
    const first = offsetAt(begin);
    const isEven = first === offsetAt(begin + HOUR * MINUTE);
    for (let minute = 0; minute < HOUR; minute++) {
      const at = begin + minute * MINUTE;
      shown[hour * HOUR + minute] = at + (isEven ? first : offsetAt(at));
    }
  }
  return { from, to: from + hours * HOUR * MINUTE, shown, parts: [...shown].map(partsOf) };
}

interface NaiveCron {
  readonly minute: ReadonlySet<number>;
  readonly hour: ReadonlySet<number>;
  readonly day: ReadonlySet<number> | null;
  readonly month: ReadonlySet<number> | null;
  readonly weekday: ReadonlySet<number> | null;
}

/** Numbers, ranges, lists and steps of everything. */
export function naiveCron(expression: string): NaiveCron {
  const [minute, hour, day, month, weekday] = expression.split(' ') as [string, string, string, string, string];
  const days = day === '*' ? null : numbers(day, 1, 31);
  const weekdays = weekday === '*' ? null : new Set([...numbers(weekday, 0, 7)].map((value) => value % 7));
  const months = month === '*' ? null : numbers(month, 1, 12);
  return { minute: numbers(minute, 0, 59), hour: numbers(hour, 0, 23), day: days, month: months, weekday: weekdays };
}

function numbers(field: string, min: number, max: number): Set<number> {
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', step = '1'] = part.split('/');
    const [first, last] = range === '*' ? [min, max] : range.split('-').map(Number);
    for (let value = first as number; value <= (last ?? (first as number)); value += Number(step)) found.add(value);
  }
  return found;
}

/** Days and weekdays that are both restricted mean either. */
function matches(cron: NaiveCron, wall: WallTime): boolean {
  if (!cron.minute.has(wall.minute) || !cron.hour.has(wall.hour)) return false;
  if (cron.month && !cron.month.has(wall.month)) return false;
  const isDay = cron.day?.has(wall.day);
  const isWeekday = cron.weekday?.has(wall.weekday);
  if (isDay !== undefined && isWeekday !== undefined) return isDay || isWeekday;
  return isDay ?? isWeekday ?? true;
}

/**
 * All fires, ascending. Every minute at which the wall shows a matching time is one; but one fixed time of day that the wall skips fires at the first minute after
 * the gap, and one that it shows twice fires the first time only. A date that the wall never shows has no times to make up.
 */
export function firesOn({ from, shown, parts }: WallClock, expression: string): readonly number[] {
  const cron = naiveCron(expression);
  const isFixed = cron.minute.size === 1 && cron.hour.size === 1;
  const fires: number[] = [];
  const before = new Set<number>();
  for (let index = 0; index < shown.length; index++) {
    const now = shown[index] as number;
    let fire = matches(cron, parts[index] as WallTime);
    if (isFixed && index > 0) {
      const last = shown[index - 1] as number;
      for (let skipped = last + MINUTE; skipped < now; skipped += MINUTE) {
        if (isSameDate(skipped, last) || isSameDate(skipped, now)) fire ||= matches(cron, partsOf(skipped));
      }
      if (fire && before.has(now)) fire = false;
    }
    if (fire && isFixed) before.add(now);
    if (fire) fires.push(from + index * MINUTE);
  }
  return fires;
}

function isSameDate(a: number, b: number): boolean {
  return Math.floor(a / DAY) === Math.floor(b / DAY);
}

/**
 * The same as Airflow 3.3.2 has it: expressions for every hour run on elapsed time, others by the wall, each time shown once: a skipped one is moved on by
 * the length of the gap, of one that comes twice the second counts.
 */
export function airflowFiresOn(clock: WallClock, expression: string): readonly number[] {
  const cron = naiveCron(expression);
  const { from, shown, parts } = clock;
  const at = (index: number) => from + index * MINUTE;
  if (cron.hour.size === 24) return [...shown.keys()].filter((index) => matches(cron, parts[index] as WallTime)).map(at);
  const byWall = new Map<number, number>();
  for (let index = 0; index < shown.length; index++) {
    const now = shown[index] as number;
    const last = index === 0 ? now - MINUTE : (shown[index - 1] as number);
    for (let skipped = last + MINUTE; skipped < now; skipped += MINUTE) {
      // The wall would have shown it so long after the last minute before the gap.
      if (matches(cron, partsOf(skipped))) byWall.set(skipped, at(index - 1) + (skipped - last));
    }
    if (matches(cron, parts[index] as WallTime)) byWall.set(now, at(index));
  }
  return [...new Set(byWall.values())].sort((a, b) => a - b);
}

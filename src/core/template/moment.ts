/** An instant as templates see it, with the attributes and methods that Airflow's dates have, and JavaScript's that print one. */
import type { Instant } from '../../model/instant.js';
import { zoneOffset } from '../timetable/zone-offset.js';
import type { Budget } from './budget.js';
import { ArgumentReader } from './call-arguments.js';
import { describeDistance } from './human-difference.js';
import { DAY_MS, dayOfYear, isoWeek, MAX_EXPANSION, offsetText, strftime, utcDay } from './strftime.js';
import { TemplateError } from './template-error.js';
import { TemplateFunction, TemplateObject, type CallArguments } from './template-object.js';
import { TimeSpan } from './time-span.js';

/** Units that are as long everywhere, whatever the clocks do. */
const UNIT_MS: Readonly<Record<string, number>> = {
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1_000,
  milliseconds: 1,
  microseconds: 0.001,
};
/** Parameters of `add`, `subtract`, `timedelta` and `relativedelta`. */
export const SPAN_PARAMETERS = ['years', 'months', 'weeks', 'days', ...Object.keys(UNIT_MS)];
/** Units of `start_of` and `end_of`, from the widest. */
const BOUNDARIES = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second'];
/** Farthest instant that a date can hold. */
const MAX_INSTANT = 8.64e15;

/** The span of named units. */
export function readSpan(owner: string, args: CallArguments, names: readonly string[]): TimeSpan {
  const { months, days, ms } = readAmounts(owner, args, names);
  return new TimeSpan(months, days * DAY_MS + ms);
}

function readAmounts(owner: string, args: CallArguments, names: readonly string[]): Record<'months' | 'days' | 'ms', number> {
  const reader = new ArgumentReader(owner, args, names);
  const amount = (name: string): number => (names.includes(name) ? reader.number(name, 0) : 0);
  return {
    months: amount('years') * 12 + amount('months'),
    days: amount('weeks') * 7 + amount('days'),
    ms: Object.entries(UNIT_MS).reduce((sum, [unit, length]) => sum + amount(unit) * length, 0),
  };
}

/** A named time zone, with what its clocks are ahead of UTC. */
interface Zone {
  readonly name: string;
  readonly offsetAt: (instant: Instant) => number;
}

export class Moment extends TemplateObject {
  override readonly typeName = 'an instant';

  /**
   * @param offsetMs What local time is ahead of UTC.
   * @param zone Null: the offset is the same at all times.
   */
  constructor(
    readonly instant: Instant,
    private readonly offsetMs: number,
    private readonly zone: Zone | null = null,
  ) {
    super();
    if (!(Math.abs(instant) <= MAX_INSTANT)) throw new TemplateError('value', 'this date is out of range');
  }

  /** The wall clock as a Date whose UTC fields are the local ones. */
  private get wall(): Date {
    return new Date(this.instant + this.offsetMs);
  }

  /** Later by a span: by the calendar for its months, and then by as much time as it says. */
  plus(span: TimeSpan, sign: 1 | -1): Moment {
    const moved = this.plusCalendar(sign * span.months, 0);
    return moved.at(moved.instant + sign * span.ms);
  }

  /** The same time of day so many months and days later. Where a month has no such day, its last one is meant. */
  plusCalendar(months: number, days: number): Moment {
    if (months === 0 && days === 0) return this;
    const wall = this.wall;
    const day = wall.getUTCDate();
    wall.setUTCDate(1);
    wall.setUTCMonth(wall.getUTCMonth() + months);
    wall.setUTCDate(Math.min(day, daysInMonth(wall)));
    return this.withWall(wall.getTime() + days * DAY_MS, 'last');
  }

  inZone(zone: string): Moment {
    let offsetAt: (instant: Instant) => number;
    try {
      offsetAt = zoneOffset(zone);
    } catch {
      throw new TemplateError('value', `"${zone}" is no time zone`);
    }
    return new Moment(this.instant, offsetAt(this.instant), { name: zone, offsetAt });
  }

  format(format: string): string {
    return strftime({ wallMs: this.instant + this.offsetMs, offsetMinutes: this.offsetMs / 60_000 }, format);
  }

  override member(name: string): unknown {
    const attribute = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name] : undefined;
    if (attribute) return attribute(this.wall, this.instant, this.zone?.name ?? this.offsetName);
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
    return method && new TemplateFunction(name, (args, budget) => method(this, args, budget));
  }

  override memberNames(): readonly string[] {
    return [...Object.keys(ATTRIBUTES), ...Object.keys(METHODS)];
  }

  /** ISO 8601, as `ts` prints it: `2026-01-10T00:00:00+00:00`, with six digits of a fraction if there is one. */
  override toString(): string {
    return `${this.format(`%Y-%m-%dT%H:%M:%S${this.fraction}`)}${offsetText(this.offsetMs / 60_000, ':')}`;
  }

  override equals(other: unknown): boolean {
    return other instanceof Moment ? this.instant === other.instant : super.equals(other);
  }

  /** The format of a fraction of a second, if there is one. */
  get fraction(): string {
    return this.instant % 1_000 === 0 ? '' : '.%f';
  }

  /** The first millisecond of the unit around this instant, or of the next one. */
  startOf(unit: string, isNext: boolean): Moment {
    if (!BOUNDARIES.includes(unit)) throw new TemplateError('value', `"${unit}" is no unit; there are ${BOUNDARIES.join(', ')}`);
    const wall = this.wall;
    const length = UNIT_MS[`${unit}s`];
    if (length !== undefined) {
      const start = wall.getTime() - modulo(wall.getTime(), length) - this.offsetMs;
      return this.at(isNext ? start + length : start);
    }
    const next = isNext ? 1 : 0;
    const [year, monthIndex, day] = [wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate()];
    switch (unit) {
      case 'day':
        return this.withWall(utcDay(year, monthIndex, day + next), 'first');
      case 'week':
        return this.withWall(utcDay(year, monthIndex, day - weekdayOf(wall) + 7 * next), 'first');
      case 'month':
        return this.withWall(utcDay(year, monthIndex + next, 1), 'first');
      default:
        return this.withWall(utcDay(year + next, 0, 1), 'first');
    }
  }

  /** The same zone at another instant. */
  at(instant: Instant): Moment {
    return new Moment(instant, this.zone ? this.zone.offsetAt(instant) : this.offsetMs, this.zone);
  }

  /** The same zone at another wall time. One that the clocks leave out is moved on by what they leave out; one that they show twice is meant the first or last time. */
  withWall(wallMs: number, which: 'first' | 'last'): Moment {
    const { zone } = this;
    if (!zone) return this.at(wallMs - this.offsetMs);
    // Of two offsets the larger one gives the earlier instant.
    const offsets = [zone.offsetAt(wallMs - DAY_MS), zone.offsetAt(wallMs + DAY_MS)].sort((one, other) => other - one);
    const fitting = offsets.filter((offset) => zone.offsetAt(wallMs - offset) === offset);
    const offset = (which === 'first' ? fitting[0] : fitting.at(-1)) ?? (offsets[1] as number);
    return this.at(wallMs - offset);
  }

  private get offsetName(): string {
    return this.offsetMs === 0 ? 'UTC' : offsetText(this.offsetMs / 60_000, ':');
  }
}

/** From 0 for Monday, as in Airflow 3. */
function weekdayOf(wall: Date): number {
  return (wall.getUTCDay() + 6) % 7;
}

function daysInMonth(wall: Date): number {
  return new Date(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + 1, 0)).getUTCDate();
}

function modulo(value: number, size: number): number {
  return value - Math.floor(value / size) * size;
}

const ATTRIBUTES: Readonly<Record<string, (wall: Date, instant: Instant, zone: string) => unknown>> = {
  year: (wall) => wall.getUTCFullYear(),
  month: (wall) => wall.getUTCMonth() + 1,
  day: (wall) => wall.getUTCDate(),
  hour: (wall) => wall.getUTCHours(),
  minute: (wall) => wall.getUTCMinutes(),
  second: (wall) => wall.getUTCSeconds(),
  microsecond: (wall) => wall.getUTCMilliseconds() * 1_000,
  quarter: (wall) => Math.floor(wall.getUTCMonth() / 3) + 1,
  day_of_week: weekdayOf,
  day_of_year: dayOfYear,
  week_of_year: (wall) => isoWeek(wall).week,
  days_in_month: daysInMonth,
  int_timestamp: (_, instant) => Math.floor(instant / 1_000),
  timezone_name: (_wall, _instant, zone) => zone,
};

type Method = (moment: Moment, args: CallArguments, budget: Budget) => unknown;

const plain =
  (name: string, give: (moment: Moment) => unknown): Method =>
  (moment, args) => {
    new ArgumentReader(name, args, []);
    return give(moment);
  };
const formatted =
  (name: string, parameter: string, write: (moment: Moment, format: string) => string): Method =>
  (moment, args, budget) => {
    const format = new ArgumentReader(name, args, [parameter]).text(parameter);
    budget.text(format.length * MAX_EXPANSION);
    return write(moment, format);
  };
const shifted =
  (name: string, sign: 1 | -1): Method =>
  (moment, args) => {
    const { months, days, ms } = readAmounts(name, args, SPAN_PARAMETERS);
    return moment.plusCalendar(sign * months, sign * days).plus(new TimeSpan(0, ms), sign);
  };
const readUnit = (name: string, args: CallArguments): string => new ArgumentReader(name, args, ['unit']).text('unit');
const inZone = (moment: Moment, args: CallArguments): Moment =>
  moment.inZone(new ArgumentReader('in_timezone', args, ['tz']).text('tz'));

const METHODS: Readonly<Record<string, Method>> = {
  strftime: formatted('strftime', 'format', (moment, format) => moment.format(format)),
  format: formatted('format', 'fmt', formatTokens),
  isoformat: plain('isoformat', String),
  to_iso8601_string: plain('to_iso8601_string', (moment) => String(moment).replace(/\+00:00/, 'Z')),
  to_date_string: plain('to_date_string', (moment) => moment.format('%Y-%m-%d')),
  to_time_string: plain('to_time_string', (moment) => moment.format('%H:%M:%S')),
  to_datetime_string: plain('to_datetime_string', (moment) => moment.format('%Y-%m-%d %H:%M:%S')),
  date: plain('date', (moment) => moment.format('%Y-%m-%d')),
  time: plain('time', (moment) => moment.format(`%H:%M:%S${moment.fraction}`)),
  timestamp: plain('timestamp', (moment) => moment.instant / 1_000),
  weekday: plain('weekday', (moment) => moment.member('day_of_week')),
  isoweekday: plain('isoweekday', (moment) => (moment.member('day_of_week') as number) + 1),
  add: shifted('add', 1),
  subtract: shifted('subtract', -1),
  start_of: (moment, args) => moment.startOf(readUnit('start_of', args), false),
  end_of(moment, args) {
    const next = moment.startOf(readUnit('end_of', args), true);
    return next.at(next.instant - 1);
  },
  replace: replaceFields,
  in_timezone: inZone,
  in_tz: inZone,
  astimezone: inZone,
  diff_for_humans(moment, args) {
    const other = new ArgumentReader('diff_for_humans', args, ['other']).value('other');
    if (!(other instanceof Moment)) throw new TemplateError('type', 'diff_for_humans needs the other instant');
    return `${describeDistance(moment.instant, other.instant)} ${moment.instant > other.instant ? 'after' : 'before'}`;
  },
  toISOString: plain('toISOString', (moment) => new Date(moment.instant).toISOString()),
  toJSON: plain('toJSON', (moment) => new Date(moment.instant).toISOString()),
  getTime: plain('getTime', (moment) => moment.instant),
};

function replaceFields(moment: Moment, args: CallArguments): Moment {
  const names = ['year', 'month', 'day', 'hour', 'minute', 'second', 'microsecond'];
  const reader = new ArgumentReader('replace', args, names);
  const [year, month, day, hour, minute, second, microsecond] = names.map((name) =>
    reader.integer(name, moment.member(name) as number),
  ) as [number, number, number, number, number, number, number];
  return moment.withWall(wallTime(year, month, day, hour, minute, second, microsecond), 'first');
}

/** @throws TemplateError of kind `value` when there is no such date or time of day. */
export function wallTime(year: number, month: number, day: number, ...time: readonly [number, number, number, number]): number {
  const [hour, minute, second, microsecond] = time;
  const dayMs = utcDay(year, month - 1, day);
  const isDate = year >= 1 && year <= 9_999 && new Date(dayMs).getUTCDate() === day && new Date(dayMs).getUTCMonth() === month - 1;
  const isTime = time.every((value, index) => value >= 0 && value < (TIME_LIMITS[index] as number));
  if (isDate && isTime) return dayMs + ((hour * 60 + minute) * 60 + second) * 1_000 + microsecond / 1_000;
  throw new TemplateError('value', `there is no such date: ${[year, month, day, ...time].join('-')}`);
}

/** What hours, minutes, seconds and microseconds have to be less than. */
const TIME_LIMITS = [24, 60, 60, 1_000_000];

const TOKENS: Readonly<Record<string, string>> = {
  YYYY: '%Y',
  YY: '%y',
  MMMM: '%B',
  MMM: '%b',
  MM: '%m',
  M: '%-m',
  DDDD: '%j',
  DDD: '%-j',
  DD: '%d',
  D: '%-d',
  dddd: '%A',
  ddd: '%a',
  d: '%w',
  E: '%u',
  HH: '%H',
  H: '%-H',
  hh: '%I',
  h: '%-I',
  mm: '%M',
  m: '%-M',
  ss: '%S',
  s: '%-S',
  A: '%p',
  ZZ: '%z',
  X: '%s',
};

/** Airflow's dates also print by tokens such as `YYYYMMDD`; what stands in square brackets is taken as it is. */
function formatTokens(moment: Moment, format: string): string {
  return format.replace(/\[([^\]]*)\]|([A-Za-z])\2*/g, (token, literal: string | undefined) => {
    if (literal !== undefined) return literal;
    if (token === 'Q') return String(moment.member('quarter'));
    if (/^S{1,6}$/.test(token)) return moment.format('%f').slice(0, token.length);
    if (token === 'Z') return moment.format('%z').replace(/(\d\d)(\d\d)/, '$1:$2');
    const directive = TOKENS[token];
    return directive === undefined ? token : moment.format(directive);
  });
}

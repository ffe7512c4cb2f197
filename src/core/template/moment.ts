/** An instant as templates see it, with the attributes and methods that Airflow's dates have, and JavaScript's that print one. */
import type { Instant } from '../../model/instant.js';
import { zoneOffset } from '../timetable/zone-offset.js';
import { ArgumentReader } from './call-arguments.js';
import { describeDistance } from './human-difference.js';
import { DAY_MS, dayOfYear, isoWeek, offsetText, strftime } from './strftime.js';
import { TemplateError } from './template-error.js';
import { TemplateFunction, TemplateObject, type CallArguments } from './template-object.js';
import { TimeSpan } from './time-span.js';

/** Singular and plural name a unit. */
const UNIT_MS: Readonly<Record<string, number>> = {
  weeks: 7 * DAY_MS,
  days: DAY_MS,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1_000,
  milliseconds: 1,
  microseconds: 0.001,
};
/** Parameters of `add`, `subtract`, `timedelta` and `relativedelta`. */
export const SPAN_PARAMETERS = ['years', 'months', ...Object.keys(UNIT_MS)];
/** Units of `start_of` and `end_of`, from the widest. */
const BOUNDARIES = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second'];
/** Farthest instant that a date can hold. */
const MAX_INSTANT = 8.64e15;

/** The span of named units. */
export function readSpan(owner: string, args: CallArguments, names: readonly string[]): TimeSpan {
  const reader = new ArgumentReader(owner, args, names);
  const amount = (name: string): number => (names.includes(name) ? reader.number(name, 0) : 0);
  const ms = Object.entries(UNIT_MS).reduce((sum, [unit, length]) => sum + amount(unit) * length, 0);
  return new TimeSpan(amount('years') * 12 + amount('months'), ms);
}

export class Moment extends TemplateObject {
  override readonly typeName = 'an instant';

  /** @param offsetMs What local time is ahead of UTC. */
  constructor(
    readonly instant: Instant,
    private readonly offsetMs: number,
    private readonly zone = 'UTC',
  ) {
    super();
    if (!(Math.abs(instant) <= MAX_INSTANT)) throw new TemplateError('value', 'this date is out of range');
  }

  /** The wall clock as a Date whose UTC fields are the local ones. */
  private get wall(): Date {
    return new Date(this.instant + this.offsetMs);
  }

  plus(span: TimeSpan, sign: 1 | -1): Moment {
    const wall = this.wall;
    const day = wall.getUTCDate();
    if (span.months !== 0) {
      wall.setUTCDate(1);
      wall.setUTCMonth(wall.getUTCMonth() + sign * span.months);
      wall.setUTCDate(Math.min(day, new Date(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + 1, 0)).getUTCDate()));
    }
    return this.withWall(wall.getTime() + sign * span.ms);
  }

  inZone(zone: string): Moment {
    let offsetAt: (instant: Instant) => number;
    try {
      offsetAt = zoneOffset(zone);
    } catch {
      throw new TemplateError('value', `"${zone}" is no time zone`);
    }
    return new Moment(this.instant, offsetAt(this.instant), zone);
  }

  format(format: string): string {
    return strftime({ wallMs: this.instant + this.offsetMs, offsetMinutes: this.offsetMs / 60_000 }, format);
  }

  override member(name: string): unknown {
    const attribute = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name] : undefined;
    if (attribute) return attribute(this.wall, this.instant, this.zone);
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
    return method && new TemplateFunction(name, (args) => method(this, args));
  }

  override memberNames(): readonly string[] {
    return [...Object.keys(ATTRIBUTES), ...Object.keys(METHODS)];
  }

  /** ISO 8601, as `ts` prints it: `2026-01-10T00:00:00+00:00`, with six digits of a fraction if there is one. */
  override toString(): string {
    const fraction = this.instant % 1_000 === 0 ? '' : '.%f';
    return `${this.format(`%Y-%m-%dT%H:%M:%S${fraction}`)}${offsetText(this.offsetMs / 60_000, ':')}`;
  }

  /** The first or the last millisecond of the unit around this instant. */
  boundary(unit: string, isEnd: boolean): Moment {
    const level = BOUNDARIES.indexOf(unit);
    if (level < 0) throw new TemplateError('value', `"${unit}" is no unit; there are ${BOUNDARIES.join(', ')}`);
    const wall = this.wall;
    wall.setUTCMilliseconds(0);
    if (level <= BOUNDARIES.indexOf('minute')) wall.setUTCSeconds(0);
    if (level <= BOUNDARIES.indexOf('hour')) wall.setUTCMinutes(0);
    if (level <= BOUNDARIES.indexOf('day')) wall.setUTCHours(0);
    if (unit === 'week') wall.setUTCDate(wall.getUTCDate() - ((wall.getUTCDay() + 6) % 7));
    if (unit === 'month' || unit === 'year') wall.setUTCDate(1);
    if (unit === 'year') wall.setUTCMonth(0);
    const start = this.withWall(wall.getTime());
    if (!isEnd) return start;
    const length =
      unit === 'year'
        ? new TimeSpan(12, 0)
        : unit === 'month'
          ? new TimeSpan(1, 0)
          : new TimeSpan(0, UNIT_MS[`${unit}s`] as number);
    return start.plus(length, 1).plus(new TimeSpan(0, 1), -1);
  }

  /** The same zone at another wall time. */
  withWall(wallMs: number): Moment {
    if (this.zone === 'UTC') return new Moment(wallMs - this.offsetMs, this.offsetMs, this.zone);
    const offsetAt = zoneOffset(this.zone);
    const guess = wallMs - offsetAt(wallMs);
    const instant = wallMs - offsetAt(guess);
    return new Moment(instant, offsetAt(instant), this.zone);
  }
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
  // Monday is 0, as in Airflow 3.
  day_of_week: (wall) => (wall.getUTCDay() + 6) % 7,
  day_of_year: (wall) => dayOfYear(wall),
  week_of_year: (wall) => isoWeek(wall).week,
  days_in_month: (wall) => new Date(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + 1, 0)).getUTCDate(),
  int_timestamp: (_, instant) => Math.floor(instant / 1_000),
  timezone_name: (_wall, _instant, zone) => zone,
};

const noArguments = (name: string, args: CallArguments): ArgumentReader => new ArgumentReader(name, args, []);
const plain =
  (name: string, give: (moment: Moment) => unknown) =>
  (moment: Moment, args: CallArguments): unknown => {
    noArguments(name, args);
    return give(moment);
  };
const inZone = (moment: Moment, args: CallArguments): Moment =>
  moment.inZone(new ArgumentReader('in_timezone', args, ['tz']).text('tz'));

const METHODS: Readonly<Record<string, (moment: Moment, args: CallArguments) => unknown>> = {
  strftime: (moment, args) => moment.format(new ArgumentReader('strftime', args, ['format']).text('format')),
  format: (moment, args) => formatTokens(moment, new ArgumentReader('format', args, ['fmt']).text('fmt')),
  isoformat: plain('isoformat', String),
  to_iso8601_string: plain('to_iso8601_string', (moment) => String(moment).replace(/\+00:00$/, 'Z')),
  to_date_string: plain('to_date_string', (moment) => moment.format('%Y-%m-%d')),
  to_time_string: plain('to_time_string', (moment) => moment.format('%H:%M:%S')),
  to_datetime_string: plain('to_datetime_string', (moment) => moment.format('%Y-%m-%d %H:%M:%S')),
  date: plain('date', (moment) => moment.format('%Y-%m-%d')),
  time: plain('time', (moment) => moment.format('%H:%M:%S')),
  timestamp: plain('timestamp', (moment) => moment.instant / 1_000),
  weekday: plain('weekday', (moment) => moment.member('day_of_week')),
  isoweekday: plain('isoweekday', (moment) => (moment.member('day_of_week') as number) + 1),
  add: (moment, args) => moment.plus(readSpan('add', args, SPAN_PARAMETERS), 1),
  subtract: (moment, args) => moment.plus(readSpan('subtract', args, SPAN_PARAMETERS), -1),
  start_of: (moment, args) => moment.boundary(new ArgumentReader('start_of', args, ['unit']).text('unit'), false),
  end_of: (moment, args) => moment.boundary(new ArgumentReader('end_of', args, ['unit']).text('unit'), true),
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
  const wall = new Date(Date.UTC(2_000, 0, 1, hour, minute, second, microsecond / 1_000));
  wall.setUTCFullYear(year, month - 1, day);
  if (wall.getUTCDate() !== day || wall.getUTCMonth() !== month - 1 || wall.getUTCMinutes() !== minute) {
    throw new TemplateError('value', `there is no such date: ${[year, month, day, hour, minute, second].join('-')}`);
  }
  return moment.withWall(wall.getTime());
}

const TOKENS: Readonly<Record<string, string>> = {
  YYYY: '%Y',
  YY: '%y',
  MMMM: '%B',
  MMM: '%b',
  MM: '%m',
  M: '%-m',
  DDDD: '%j',
  DD: '%d',
  D: '%-d',
  dddd: '%A',
  ddd: '%a',
  E: '%u',
  HH: '%H',
  H: '%-H',
  hh: '%I',
  h: '%-I',
  mm: '%M',
  m: '%-M',
  ss: '%S',
  s: '%-S',
  SSSSSS: '%f',
  A: '%p',
  ZZ: '%z',
  X: '%s',
};

/** Airflow's dates also print by tokens such as `YYYYMMDD`; what stands in square brackets is taken as it is. */
function formatTokens(moment: Moment, format: string): string {
  return format.replace(/\[([^\]]*)\]|SSSSSS|SSS|([A-Za-z])\2*/g, (token, literal: string | undefined) => {
    if (literal !== undefined) return literal;
    if (token === 'Q') return String(moment.member('quarter'));
    if (token === 'SSS') return moment.format('%f').slice(0, 3);
    if (token === 'Z') return moment.format('%z').replace(/(\d\d)(\d\d)$/, '$1:$2');
    const directive = TOKENS[token];
    return directive === undefined ? token : moment.format(directive);
  });
}

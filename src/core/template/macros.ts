/** What `macros` holds: Airflow's helpers for dates, and as much of Python's modules as makes sense in a template. */
import type { Instant } from '../../model/instant.js';
import type { Budget } from './budget.js';
import { ArgumentReader } from './call-arguments.js';
import { describeDistance } from './human-difference.js';
import { jsonText } from './json-text.js';
import { Moment, readSpan, SPAN_PARAMETERS, wallTime } from './moment.js';
import { DAY_MS, MAX_EXPANSION, strftime, strptime, type WallTime } from './strftime.js';
import { TemplateError } from './template-error.js';
import { TemplateFunction, TemplateRecord, typeName, type CallArguments } from './template-object.js';
import { asTemplateValue } from './values.js';

/** What macros need of the world, handed in because this folder has neither a clock nor randomness. */
export interface MacroSources {
  readonly now: () => Instant;
  /** At least 0, below 1. */
  readonly random: () => number;
}

const DATE_FORMAT = '%Y-%m-%d';

/** The day `days` after the date; a negative number goes back. No days leave any text as it is, as in Airflow. */
export function dsAdd(ds: string, days: number): string {
  if (days === 0) return ds;
  const { wallMs } = strptime(ds, DATE_FORMAT);
  return strftime({ wallMs: checkYear(wallMs + days * DAY_MS), offsetMinutes: null }, DATE_FORMAT);
}

/** Reads a text with one format and prints it with another. */
export function dsFormat(ds: string, inputFormat: string, outputFormat: string): string {
  return strftime(strptime(ds, inputFormat), outputFormat);
}

/** `3 weeks after` with a date to compare with, else `3 weeks ago` or `in 3 weeks`. */
export function datetimeDiffForHumans(one: Instant, since: Instant | null, now: Instant): string {
  const distance = describeDistance(one, since ?? now);
  if (since !== null) return `${distance} ${one > since ? 'after' : 'before'}`;
  return one > now ? `in ${distance}` : `${distance} ago`;
}

/** `macros` for one rendering. */
export function createMacros({ now, random }: MacroSources): TemplateRecord {
  const callables: Readonly<Record<string, unknown>> = {
    ds_add: new TemplateFunction('ds_add', (args) => {
      const reader = new ArgumentReader('ds_add', args, ['ds', 'days']);
      return dsAdd(reader.text('ds'), reader.number('days'));
    }),
    ds_format: new TemplateFunction('ds_format', (args, budget) => {
      const reader = new ArgumentReader('ds_format', args, ['ds', 'input_format', 'output_format']);
      const outputFormat = reader.text('output_format');
      budget.text(outputFormat.length * MAX_EXPANSION);
      return dsFormat(reader.text('ds'), reader.text('input_format'), outputFormat);
    }),
    datetime_diff_for_humans: new TemplateFunction('datetime_diff_for_humans', (args) => {
      const reader = new ArgumentReader('datetime_diff_for_humans', args, ['dt', 'since_date']);
      const since = reader.value('since_date') ?? null;
      return datetimeDiffForHumans(instantOf(reader.value('dt')), since === null ? null : instantOf(since), now());
    }),
    datetime: datetimeClass(now),
    timedelta: new TemplateFunction('timedelta', (args) => readSpan('timedelta', args, TIMEDELTA_PARAMETERS)),
    random: new TemplateFunction('random', (args) => (new ArgumentReader('random', args, []), random())),
    time: new TemplateRecord('macros.time', {
      time: () => new TemplateFunction('time', (args) => (new ArgumentReader('time', args, []), now() / 1_000)),
    }),
    uuid: new TemplateRecord('macros.uuid', {
      uuid4: () => new TemplateFunction('uuid4', (args) => (new ArgumentReader('uuid4', args, []), uuid4(random))),
    }),
    json: new TemplateRecord('macros.json', {
      dumps: () => new TemplateFunction('dumps', dumpJson),
      loads: () =>
        new TemplateFunction('loads', (args) => parseJson(new ArgumentReader('loads', args, ['s']).text('s'), 'macros.json.loads')),
    }),
    dateutil: new TemplateRecord('macros.dateutil', {
      parser: () =>
        new TemplateRecord('macros.dateutil.parser', {
          parse: () =>
            new TemplateFunction('parse', (args) => parseDate(new ArgumentReader('parse', args, ['timestr']).text('timestr'))),
        }),
      relativedelta: () =>
        new TemplateRecord('macros.dateutil.relativedelta', {
          relativedelta: () => new TemplateFunction('relativedelta', (args) => readSpan('relativedelta', args, SPAN_PARAMETERS)),
        }),
    }),
  };
  return new TemplateRecord(
    'macros',
    Object.fromEntries(Object.entries(callables).map(([name, value]) => [name, (): unknown => value])),
  );
}

/** @throws TemplateError of kind `value` for a text that is no JSON. */
export function parseJson(text: string, owner: string): unknown {
  try {
    return asTemplateValue(JSON.parse(text));
  } catch (error) {
    throw new TemplateError('value', `${owner}: this is no JSON: ${(error as Error).message}`);
  }
}

/** In Python's order, for arguments without names. */
const TIMEDELTA_PARAMETERS = ['days', 'seconds', 'microseconds', 'milliseconds', 'minutes', 'hours', 'weeks'];
const DATE_PARAMETERS = ['year', 'month', 'day', 'hour', 'minute', 'second', 'microsecond'];

function datetimeClass(now: () => Instant): TemplateFunction {
  const current = (name: string): TemplateFunction =>
    new TemplateFunction(name, (args) => {
      const zone = new ArgumentReader(name, args, ['tz']).value('tz') ?? null;
      const moment = new Moment(now(), 0);
      return typeof zone === 'string' ? moment.inZone(zone) : moment;
    });
  return new TemplateFunction('datetime', makeDate, {
    now: current('now'),
    utcnow: current('utcnow'),
    today: current('today'),
    strptime: new TemplateFunction('strptime', (args) => {
      const reader = new ArgumentReader('strptime', args, ['date_string', 'format']);
      return momentOf(strptime(reader.text('date_string'), reader.text('format')));
    }),
    fromisoformat: new TemplateFunction('fromisoformat', (args) =>
      parseDate(new ArgumentReader('fromisoformat', args, ['date_string']).text('date_string')),
    ),
    fromtimestamp: new TemplateFunction(
      'fromtimestamp',
      (args) => new Moment(new ArgumentReader('fromtimestamp', args, ['timestamp']).number('timestamp') * 1_000, 0),
    ),
  });
}

function makeDate(args: CallArguments): Moment {
  const reader = new ArgumentReader('datetime', args, DATE_PARAMETERS);
  const time = (name: string): number => reader.integer(name, 0);
  const wallMs = wallTime(
    reader.integer('year'),
    reader.integer('month'),
    reader.integer('day'),
    time('hour'),
    time('minute'),
    time('second'),
    time('microsecond'),
  );
  return new Moment(wallMs, 0);
}

function momentOf({ wallMs, offsetMinutes }: WallTime): Moment {
  const offsetMs = (offsetMinutes ?? 0) * 60_000;
  return new Moment(wallMs - offsetMs, offsetMs);
}

const ISO_FORMATS = [
  '%Y-%m-%dT%H:%M:%S.%f%z',
  '%Y-%m-%dT%H:%M:%S%z',
  '%Y-%m-%dT%H:%M:%S.%f',
  '%Y-%m-%dT%H:%M:%S',
  '%Y-%m-%dT%H:%M%z',
  '%Y-%m-%dT%H:%M',
  '%Y-%m-%d',
  '%Y%m%dT%H%M%S%z',
  '%Y%m%dT%H%M%S',
  '%Y%m%d',
];

/** Reads ISO 8601; without an offset it is UTC. */
function parseDate(text: string): Moment {
  const unified = text.trim().replace(' ', 'T');
  for (const format of ISO_FORMATS) {
    try {
      return momentOf(strptime(unified, format));
    } catch {
      // The next format may fit.
    }
  }
  throw new TemplateError('value', `"${text}" is no date in ISO 8601`);
}

function instantOf(value: unknown): Instant {
  if (value instanceof Moment) return value.instant;
  if (typeof value === 'string') return parseDate(value).instant;
  throw new TemplateError('type', `this needs an instant, got ${typeName(value)}`);
}

function dumpJson(args: CallArguments, budget: Budget): string {
  const reader = new ArgumentReader('dumps', args, ['obj', 'indent']);
  return jsonText(reader.value('obj') ?? null, budget, reader.integer('indent', 0));
}

function uuid4(random: () => number): string {
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (place) => {
    const digit = Math.floor(random() * 16);
    return (place === 'x' ? digit : 8 + (digit % 4)).toString(16);
  });
}

/** Python's dates end with the year 9999. */
function checkYear(wallMs: number): number {
  const year = new Date(wallMs).getUTCFullYear();
  if (year >= 1 && year <= 9_999) return wallMs;
  throw new TemplateError('overflow', 'this date is out of range: years are 1 to 9999');
}

/** Python's `strftime` and `strptime`, in English, as far as dates of templates need them. */
import { MONTHS } from '../timetable/months.js';
import { TemplateError } from './template-error.js';

/** Wall-clock fields and the offset from UTC that they were read with, in minutes, which may have a fraction; null: none was given. */
export interface WallTime {
  /** Milliseconds that `Date.UTC` gives for the wall-clock fields. */
  readonly wallMs: number;
  readonly offsetMinutes: number | null;
}

export const DAY_MS = 86_400_000;
/** Longest text that one character of a format can stand for: `%c` has two and makes 24. */
export const MAX_EXPANSION = 12;
export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

const pad = (value: number, width: number): string => String(value).padStart(width, '0');
const hour12 = (date: Date): number => date.getUTCHours() % 12 || 12;

type Writer = (date: Date, time: WallTime) => string;

const WRITERS: Readonly<Record<string, Writer>> = {
  Y: (date) => pad(date.getUTCFullYear(), 4),
  y: (date) => pad(date.getUTCFullYear() % 100, 2),
  C: (date) => pad(Math.floor(date.getUTCFullYear() / 100), 2),
  m: (date) => pad(date.getUTCMonth() + 1, 2),
  d: (date) => pad(date.getUTCDate(), 2),
  e: (date) => String(date.getUTCDate()).padStart(2, ' '),
  H: (date) => pad(date.getUTCHours(), 2),
  I: (date) => pad(hour12(date), 2),
  k: (date) => String(date.getUTCHours()).padStart(2, ' '),
  l: (date) => String(hour12(date)).padStart(2, ' '),
  M: (date) => pad(date.getUTCMinutes(), 2),
  S: (date) => pad(date.getUTCSeconds(), 2),
  f: (_, { wallMs }) => pad(Math.round((((wallMs % 1_000) + 1_000) % 1_000) * 1_000), 6),
  p: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  P: (date) => (date.getUTCHours() < 12 ? 'am' : 'pm'),
  a: (date) => (WEEKDAYS[date.getUTCDay()] as string).slice(0, 3),
  A: (date) => WEEKDAYS[date.getUTCDay()] as string,
  b: (date) => (MONTHS[date.getUTCMonth()] as string).slice(0, 3),
  B: (date) => MONTHS[date.getUTCMonth()] as string,
  j: (date) => pad(dayOfYear(date), 3),
  w: (date) => String(date.getUTCDay()),
  u: (date) => String(date.getUTCDay() || 7),
  U: (date) => pad(Math.floor((dayOfYear(date) + 6 - date.getUTCDay()) / 7), 2),
  W: (date) => pad(Math.floor((dayOfYear(date) + 6 - ((date.getUTCDay() + 6) % 7)) / 7), 2),
  V: (date) => pad(isoWeek(date).week, 2),
  G: (date) => String(isoWeek(date).year),
  g: (date) => pad(isoWeek(date).year % 100, 2),
  s: (date, { offsetMinutes }) => String(Math.floor(date.getTime() / 1_000) - (offsetMinutes ?? 0) * 60),
  z: (_, { offsetMinutes }) => (offsetMinutes === null ? '' : offsetText(offsetMinutes, '')),
  Z: (_, { offsetMinutes }) => (offsetMinutes === null ? '' : offsetMinutes === 0 ? 'UTC' : `UTC${offsetText(offsetMinutes, ':')}`),
  '%': () => '%',
  n: () => '\n',
  t: () => '\t',
};
const COMPOUND: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  D: '%m/%d/%y',
  h: '%b',
  R: '%H:%M',
  r: '%I:%M:%S %p',
};

/** A directive that Python does not know is printed as it stands, as there. `%-d` and its like drop the padding. */
export function strftime(time: WallTime, format: string): string {
  // A Date cuts its fraction off towards zero, which before 1970 is the next millisecond.
  const date = new Date(Math.floor(time.wallMs));
  return format.replace(/%(-?)([A-Za-z%])/g, (whole, minus: string, letter: string): string => {
    const compound = COMPOUND[letter];
    if (compound !== undefined) return strftime(time, compound);
    const written = WRITERS[letter]?.(date, time);
    if (written === undefined) return whole;
    return minus === '' ? written : written.replace(/^[0 ]+(?=.)/, '');
  });
}

/** `+02:00` with `:` between, else `+0200`; with seconds if there are any. */
export function offsetText(offsetMinutes: number, between: string): string {
  const size = Math.round(Math.abs(offsetMinutes) * 60);
  const parts = [Math.floor(size / 3_600), Math.floor(size / 60) % 60, ...(size % 60 === 0 ? [] : [size % 60])];
  return `${offsetMinutes < 0 ? '-' : '+'}${parts.map((part) => pad(part, 2)).join(between)}`;
}

export function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - utcDay(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
}

/** Weeks begin on Monday; the first one holds the year's first Thursday. */
export function isoWeek(date: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(date.getTime() + (4 - (date.getUTCDay() || 7)) * DAY_MS);
  return { year: thursday.getUTCFullYear(), week: Math.floor((dayOfYear(thursday) - 1) / 7) + 1 };
}

const namePattern = (names: readonly string[]): string => names.join('|');
const shortNames = (names: readonly string[]): string[] => names.map((name) => name.slice(0, 3));
const READERS: Readonly<Record<string, string>> = {
  Y: '\\d{4}',
  y: '\\d{2}',
  m: '1[0-2]|0[1-9]|[1-9]',
  d: '3[01]|[12]\\d|0[1-9]|[1-9]| [1-9]',
  H: '2[0-3]|[01]\\d|\\d',
  I: '1[0-2]|0[1-9]|[1-9]',
  M: '[0-5]\\d|\\d',
  S: '[0-5]\\d|\\d',
  f: '\\d{1,6}',
  j: '36[0-6]|3[0-5]\\d|[12]\\d\\d|0[1-9]\\d|00[1-9]|[1-9]\\d|0[1-9]|[1-9]',
  p: 'am|pm',
  a: namePattern(shortNames(WEEKDAYS)),
  A: namePattern(WEEKDAYS),
  b: namePattern(shortNames(MONTHS)),
  B: namePattern(MONTHS),
  z: '[+-]\\d\\d(?::[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,6})?)?|[0-5]\\d(?:[0-5]\\d(?:\\.\\d{1,6})?)?)|Z',
  Z: 'utc|gmt',
  w: '[0-6]',
  u: '[1-7]',
  G: '\\d{4}',
  V: '5[0-3]|0[1-9]|[1-4]\\d|\\d',
  U: '5[0-3]|[0-4]\\d|\\d',
  W: '5[0-3]|[0-4]\\d|\\d',
};
const READABLE_COMPOUND: Readonly<Record<string, string>> = {
  c: '%a %b %d %H:%M:%S %Y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
};

/** @throws TemplateError of kind `value` when the text does not have the format. */
export function strptime(text: string, format: string): WallTime {
  const fields = readFields(text, format);
  const mismatch = (): TemplateError => new TemplateError('value', `"${text}" does not have the format "${format}"`);
  if (!fields) throw mismatch();
  const number = (name: string): number | undefined => (fields[name] === undefined ? undefined : Number(fields[name]));
  const indexOf = (names: readonly string[], found: string | undefined): number | undefined =>
    found === undefined ? undefined : names.findIndex((name) => name.toLowerCase().startsWith(found.toLowerCase()));
  const shortYear = number('y');
  const year = number('Y') ?? (shortYear === undefined ? undefined : shortYear + (shortYear < 69 ? 2_000 : 1_900));
  const monthIndex = indexOf(MONTHS, fields['B'] ?? fields['b']) ?? (number('m') ?? 1) - 1;
  const day = number('d') ?? 1;
  const hour = number('H') ?? twelveHours(number('I'), fields['p']);
  const milliseconds = Number((fields['f'] ?? '').padEnd(6, '0')) / 1_000;
  const weekday = number('u') ?? number('w') ?? indexOf(WEEKDAYS, fields['A'] ?? fields['a']);
  const isIsoWeek = fields['G'] !== undefined && fields['V'] !== undefined && weekday !== undefined && fields['j'] === undefined;
  if ((fields['G'] ?? fields['V']) !== undefined && !isIsoWeek) {
    throw new TemplateError('value', `in "${format}" %G and %V need each other and a weekday`);
  }
  const calendarDay =
    dayOfIsoWeek(number('G'), number('V'), weekday) ??
    dayOfWeek(year, number('U'), number('W'), weekday) ??
    (fields['j'] === undefined ? undefined : utcDay(year ?? 1_900, 0, Number(fields['j'])));
  const wallDay = calendarDay ?? utcDay(year ?? 1_900, monthIndex, day);
  if (calendarDay === undefined && new Date(wallDay).getUTCDate() !== day) throw mismatch();
  const offsetMinutes = readOffset(fields['z']);
  if (year === 0 || Math.abs(offsetMinutes ?? 0) >= 24 * 60 || fields['z'] === 'z') throw mismatch();
  const timeMs = ((hour * 60 + (number('M') ?? 0)) * 60 + (number('S') ?? 0)) * 1_000 + milliseconds;
  return { wallMs: wallDay + timeMs, offsetMinutes };
}

function readFields(text: string, format: string): Readonly<Record<string, string | undefined>> | null {
  const letters: string[] = [];
  const expanded = format.replace(/%([cxX])/g, (_, letter: string) => READABLE_COMPOUND[letter] as string);
  const pattern = expanded.replace(/%(.?)|\s+|[\\^$.|?*+()[\]{}]/g, (whole, letter: string | undefined): string => {
    if (letter === undefined) return whole.trim() === '' ? '\\s+' : `\\${whole}`;
    if (letter === '%') return '%';
    const reader = READERS[letter];
    if (reader === undefined || letters.includes(letter)) {
      throw new TemplateError('value', `"${whole}" cannot be read in the format "${format}"`);
    }
    letters.push(letter);
    return `(${reader})`;
  });
  const match = new RegExp(`^${pattern}$`, 'i').exec(text);
  return match && Object.fromEntries(letters.map((letter, index) => [letter, match[index + 1]]));
}

/** `Date.UTC` takes years below 100 for those of the twentieth century. */
export function utcDay(year: number, monthIndex: number, day: number): number {
  return new Date(Date.UTC(2_000, monthIndex, day)).setUTCFullYear(year, monthIndex, day);
}

function twelveHours(hour: number | undefined, half: string | undefined): number {
  return ((hour ?? 0) % 12) + (half?.toLowerCase() === 'pm' ? 12 : 0);
}

function dayOfIsoWeek(year: number | undefined, week: number | undefined, weekday: number | undefined): number | undefined {
  if (year === undefined || week === undefined || weekday === undefined) return undefined;
  const fourth = utcDay(year, 0, 4);
  const monday = fourth - ((new Date(fourth).getUTCDay() || 7) - 1) * DAY_MS;
  return monday + ((week - 1) * 7 + (weekday || 7) - 1) * DAY_MS;
}

/** `%U` counts weeks from Sunday, `%W` from Monday; the days before the first such day are week 0. */
function dayOfWeek(
  year: number | undefined,
  fromSunday: number | undefined,
  fromMonday: number | undefined,
  weekday: number | undefined,
): number | undefined {
  const week = fromSunday ?? fromMonday;
  if (year === undefined || week === undefined || weekday === undefined) return undefined;
  const shift = fromSunday === undefined ? 1 : 0;
  const newYear = utcDay(year, 0, 1);
  const firstDay = newYear + ((7 + shift - new Date(newYear).getUTCDay()) % 7) * DAY_MS;
  return firstDay + ((week - 1) * 7 + ((weekday + 7 - shift) % 7)) * DAY_MS;
}

function readOffset(text: string | undefined): number | null {
  if (text === undefined) return null;
  const match = /^([+-])(\d\d):?(\d\d):?(\d\d)?/.exec(text);
  if (!match) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]) + Number(match[4] ?? 0) / 60);
}

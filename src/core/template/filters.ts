/** The filters of templates: Jinja's that make sense in plain text, and Airflow's of dates. */
import { ArgumentReader } from './call-arguments.js';
import type { Budget } from './budget.js';
import { DATE_FILTERS, formatDate } from './date-filters.js';
import { LIST_FILTERS } from './list-filters.js';
import { printf } from './printf.js';
import { TemplateError } from './template-error.js';
import { typeName, type CallArguments } from './template-object.js';
import { roundEven } from './rounding.js';
import { capitalize, center, joinTexts, replaceAll, strip } from './texts.js';
import { jsonText } from './json-text.js';
import { isMapping } from './mapping.js';
import { isTruthy, printValue } from './values.js';

/** What a filter may use besides its value and arguments. */
export interface FilterScope {
  readonly budget: Budget;
  /** At least 0, below 1. */
  readonly random: () => number;
  /** Calls another filter by name, for `map('upper')`. */
  apply(name: string, value: unknown, args: CallArguments): unknown;
}

export type Filter = (value: unknown, args: CallArguments, scope: FilterScope, name: string) => unknown;

const EMPTY: CallArguments = { positional: [], named: {} };

const text =
  (change: (value: string) => unknown): Filter =>
  (value, args, _, name) => {
    new ArgumentReader(name, args, []);
    return change(asText(value, name));
  };

function asText(value: unknown, name: string): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new TemplateError('type', `the filter "${name}" needs a text, got ${typeName(value)}`);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };
const escape = text((value) => value.replace(/[&<>"']/g, (character) => ESCAPES[character] as string));

const useDefault: Filter = (value, args) => {
  const reader = new ArgumentReader('default', args, ['default_value', 'boolean']);
  const fallback = reader.value('default_value') ?? '';
  return value === undefined || (reader.flag('boolean', false) && !isTruthy(value)) ? fallback : value;
};

const TEXT_FILTERS: Readonly<Record<string, Filter>> = {
  upper: text((value) => value.toUpperCase()),
  lower: text((value) => value.toLowerCase()),
  capitalize: text(capitalize),
  title: text((value) => value.replace(/[^-\s({[<]+/g, capitalize)),
  wordcount: text((value) => value.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  escape,
  e: escape,
  safe: (value) => value,
  string: (value, _, { budget }) => printValue(value, budget),
  default: useDefault,
  d: useDefault,
  trim(value, args, _, name) {
    const given = new ArgumentReader(name, args, ['chars']).value('chars');
    return strip(asText(value, name), given, true, true);
  },
  replace(value, args, { budget }, name) {
    const reader = new ArgumentReader(name, args, ['old', 'new', 'count']);
    return replaceAll(asText(value, name), reader.text('old'), reader.text('new'), reader.integer('count', -1), budget);
  },
  center(value, args, { budget }, name) {
    const width = new ArgumentReader(name, args, ['width']).integer('width', 80);
    budget.text(width);
    return center(asText(value, name), width);
  },
  indent(value, args, { budget }, name) {
    const reader = new ArgumentReader(name, args, ['width', 'first', 'blank']);
    const lines = asText(value, name).split('\n');
    const width = reader.value('width');
    const margin = typeof width === 'string' ? width : ' '.repeat(bounded(reader.integer('width', 4), budget));
    budget.text(lines.length * margin.length);
    const [first, blank] = [reader.flag('first', false), reader.flag('blank', false)];
    return lines.map((line, index) => ((index === 0 ? first : line !== '' || blank) ? margin + line : line)).join('\n');
  },
  truncate(value, args, _, name) {
    const reader = new ArgumentReader(name, args, ['length', 'killwords', 'end', 'leeway']);
    const whole = asText(value, name);
    const [length, end] = [reader.integer('length', 255), reader.text('end', '...')];
    if (whole.length <= length + reader.integer('leeway', 5)) return whole;
    const kept = whole.slice(0, Math.max(0, length - end.length));
    const lastBlank = kept.lastIndexOf(' ');
    return (reader.flag('killwords', false) || lastBlank < 0 ? kept : kept.slice(0, lastBlank)) + end;
  },
  format(value, args, { budget }, name) {
    const format = asText(value, name);
    const hasNames = Object.keys(args.named).length > 0;
    return printf(format, hasNames ? [args.named] : args.positional, budget);
  },
  urlencode(value, args, { budget }, name) {
    new ArgumentReader(name, args, []);
    // As in Jinja a slash stays in a path, and a blank is a plus in a query.
    const pairs = isMapping(value) ? Object.entries(value) : value;
    if (!Array.isArray(pairs)) return percentEncoded(printValue(pairs, budget)).replaceAll('%2F', '/');
    const quote = (part: unknown): string => percentEncoded(printValue(part, budget)).replaceAll('%20', '+');
    const texts = (pairs as unknown[]).map((pair) => {
      if (!Array.isArray(pair) || pair.length !== 2) throw new TemplateError('type', 'urlencode needs pairs of a name and a value');
      return `${quote(pair[0])}=${quote(pair[1])}`;
    });
    return joinTexts(texts, '&', budget);
  },
  tojson: (value, args, { budget }, name) =>
    jsonText(value, budget, new ArgumentReader(name, args, ['indent']).integer('indent', 0)),
};

const NUMBER_FILTERS: Readonly<Record<string, Filter>> = {
  abs: (value) => Math.abs(asNumber(value, 'abs')),
  int(value, args, _, name) {
    const reader = new ArgumentReader(name, args, ['default', 'base']);
    const base = reader.integer('base', 10);
    const number = (typeof value === 'string' ? wholeIn(value, base) : null) ?? Math.trunc(numberIn(value));
    return Number.isFinite(number) ? number : (reader.value('default') ?? 0);
  },
  float(value, args, _, name) {
    const fallback = new ArgumentReader(name, args, ['default']).value('default') ?? 0;
    const number = numberIn(value);
    return Number.isFinite(number) ? number : fallback;
  },
  round(value, args, _, name) {
    const reader = new ArgumentReader(name, args, ['precision', 'method']);
    const precision = reader.integer('precision', 0);
    if (Math.abs(precision) > 20) throw new TemplateError('value', 'the precision of round is -20 to 20');
    const method = reader.text('method', 'common');
    const number = asNumber(value, name);
    const factor = 10 ** precision;
    switch (method) {
      case 'common':
        return roundEven(number, precision);
      case 'ceil':
        return Math.ceil(number * factor) / factor;
      case 'floor':
        return Math.floor(number * factor) / factor;
      default:
        throw new TemplateError('value', `"${method}" is no way to round; there are common, ceil and floor`);
    }
  },
};

const FILTERS: Readonly<Record<string, Filter>> = {
  ...TEXT_FILTERS,
  ...NUMBER_FILTERS,
  ...LIST_FILTERS,
  ...Object.fromEntries(
    DATE_FILTERS.map((name): [string, Filter] => [
      name,
      (value, args) => {
        new ArgumentReader(name, args, []);
        return formatDate(name, value);
      },
    ]),
  ),
};

export const FILTER_NAMES: readonly string[] = Object.keys(FILTERS);

/** Filters that take a value that does not exist. */
export const TOLERANT_FILTERS: readonly string[] = ['default', 'd'];

/** @throws TemplateError when the value or the arguments have the wrong type. */
export function applyFilter(name: string, value: unknown, args: CallArguments, budget: Budget, random: () => number): unknown {
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (!filter) throw new TemplateError('name', `unknown filter "${name}"`);
  const scope: FilterScope = {
    budget,
    random,
    apply: (other, item, otherArgs = EMPTY) => applyFilter(other, item, otherArgs, budget, random),
  };
  budget.read(value);
  return filter(value, args, scope, name);
}

function bounded(width: number, budget: Budget): number {
  budget.text(width);
  return Math.max(0, width);
}

function asNumber(value: unknown, name: string): number {
  if (typeof value === 'number') return value;
  throw new TemplateError('type', `the filter "${name}" needs a number, got ${typeName(value)}`);
}

/** Not a number when it holds none. */
function numberIn(value: unknown): number {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return value;
  const isDecimal = typeof value === 'string' && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(value);
  return isDecimal ? Number(value) : Number.NaN;
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';
const PREFIXES: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 16: '0x' };

/** Null when the text holds something else than digits of this base, as in Python. */
function wholeIn(text: string, base: number): number | null {
  const pattern = new RegExp(`^([+-]?)(?:${PREFIXES[base] ?? ''})?([${DIGITS.slice(0, base)}]+)$`);
  const match = pattern.exec(text.trim().toLowerCase());
  return match && Number(`${match[1]}1`) * parseInt(match[2] as string, base);
}

function percentEncoded(printed: string): string {
  try {
    return encodeURIComponent(printed).replace(/[!'()*]/g, percent);
  } catch {
    throw new TemplateError('value', 'urlencode cannot take half of a surrogate pair');
  }
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/**
 * What can be reached from a value with `.name` and `[key]`: own properties, elements, and the methods listed here. Never a prototype, a
 * constructor or a property of a function: whatever a template says, it stays among its values.
 */
import { ArgumentReader } from './call-arguments.js';
import type { Budget } from './budget.js';
import { isMapping } from './mapping.js';
import { TemplateError } from './template-error.js';
import { TemplateFunction, TemplateObject, type CallArguments } from './template-object.js';
import { capitalize, center, joinTexts, replaceAll, strip } from './texts.js';
import { isEqual, printValue } from './values.js';

/** Undefined: there is no such member. */
export function memberOf(target: unknown, key: unknown, budget: Budget): unknown {
  if (target instanceof TemplateObject) return typeof key === 'string' ? target.member(key) : undefined;
  if (key === 'length' && (typeof target === 'string' || Array.isArray(target))) return target.length;
  if (typeof target === 'string') {
    return typeof key === 'number' ? elementAt(target, key) : methodOf(TEXT_METHODS, target, key, budget);
  }
  if (Array.isArray(target)) {
    return typeof key === 'number' ? elementAt(target, key) : methodOf(LIST_METHODS, target as unknown[], key, budget);
  }
  if (!isMapping(target)) return undefined;
  const name = typeof key === 'number' ? String(key) : key;
  if (typeof name !== 'string') return undefined;
  return Object.hasOwn(target, name) ? target[name] : methodOf(OBJECT_METHODS, target, name, budget);
}

/** The names that `target` has, for the message about one that it has not. */
export function memberNames(target: unknown): readonly string[] {
  if (target instanceof TemplateObject) return target.memberNames();
  if (typeof target === 'string') return Object.keys(TEXT_METHODS);
  if (Array.isArray(target)) return Object.keys(LIST_METHODS);
  return Object.keys(isMapping(target) ? target : {});
}

/** Python's `[start:stop:step]` of a text or list. */
export function sliceOf(target: unknown, bounds: readonly (number | null)[], budget: Budget): unknown {
  if (typeof target !== 'string' && !Array.isArray(target)) throw new TemplateError('type', 'only texts and lists have slices');
  const [start = null, stop = null, step = null] = bounds;
  const by = step ?? 1;
  const direction = Math.sign(by);
  if (direction === 0) throw new TemplateError('value', '0 is no step of a slice');
  const { length } = target;
  // Where the elements begin and end in this direction; the end is one too far.
  const [first, end] = direction === 1 ? [0, length] : [length - 1, -1];
  const clamp = (index: number): number => {
    const fromStart = index < 0 ? index + length : index;
    return Math.min(Math.max(fromStart, Math.min(first, end)), Math.max(first, end));
  };
  const from = start === null ? first : clamp(start);
  const to = stop === null ? end : clamp(stop);
  const found: unknown[] = [];
  for (let index = from; direction === 1 ? index < to : index > to; index += by) {
    budget.spend(1);
    found.push(target[index]);
  }
  return typeof target === 'string' ? found.join('') : found;
}

/** A negative index counts from the end. */
function elementAt(target: string | readonly unknown[], index: number): unknown {
  return Number.isSafeInteger(index) ? target.at(index) : undefined;
}

type Method<T> = (target: T, args: CallArguments, budget: Budget) => unknown;

function methodOf<T>(methods: Readonly<Record<string, Method<T>>>, target: T, key: unknown, budget: Budget): unknown {
  if (typeof key !== 'string' || !Object.hasOwn(methods, key)) return undefined;
  const method = methods[key] as Method<T>;
  return new TemplateFunction(key, (args) => {
    budget.read(target);
    return method(target, args, budget);
  });
}

const read = (name: string, args: CallArguments, ...names: readonly string[]): ArgumentReader =>
  new ArgumentReader(name, args, names);
const text =
  (name: string, change: (value: string) => unknown): Method<string> =>
  (value, args) => {
    read(name, args);
    return change(value);
  };
const stripped =
  (name: string, fromStart: boolean, fromEnd: boolean): Method<string> =>
  (value, args) => {
    return strip(value, read(name, args, 'chars').value('chars'), fromStart, fromEnd);
  };
const search =
  (name: string, find: (value: string, part: string) => unknown): Method<string> =>
  (value, args) =>
    find(value, read(name, args, 'value').text('value'));
const padded =
  (name: string, pad: (value: string, width: number, fill: string) => string): Method<string> =>
  (value, args, budget) => {
    const reader = read(name, args, 'width', 'fill');
    const width = reader.integer('width');
    budget.text(width);
    return pad(value, width, reader.text('fill', ' '));
  };
const cut =
  (name: string, at: (value: string, start: number, end: number | undefined) => string): Method<string> =>
  (value, args) => {
    const reader = read(name, args, 'start', 'end');
    return at(value, reader.integer('start', 0), reader.value('end') === undefined ? undefined : reader.integer('end'));
  };

/** Python's methods with Python's meaning, and JavaScript's under the names that Python does not have. */
const TEXT_METHODS: Readonly<Record<string, Method<string>>> = {
  upper: text('upper', (value) => value.toUpperCase()),
  lower: text('lower', (value) => value.toLowerCase()),
  // Python's takes every run of letters for a word: it makes "They'Re" of "they're".
  title: text('title', (value) => value.replace(/\p{L}+/gu, capitalize)),
  capitalize: text('capitalize', capitalize),
  strip: stripped('strip', true, true),
  lstrip: stripped('lstrip', true, false),
  rstrip: stripped('rstrip', false, true),
  split(value, args, budget) {
    const reader = read('split', args, 'sep', 'maxsplit');
    const most = reader.integer('maxsplit', -1);
    const parts = (reader.value('sep') ?? null) === null ? splitWords(value, most) : splitBy(value, reader.text('sep'), most);
    budget.spend(parts.length);
    return parts;
  },
  splitlines(value, args, budget) {
    read('splitlines', args);
    const lines = value.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
    if (lines.at(-1) === '') lines.pop();
    budget.spend(lines.length);
    return lines;
  },
  replace(value, args, budget) {
    const reader = read('replace', args, 'old', 'new', 'count');
    return replaceAll(value, reader.text('old'), reader.text('new'), reader.integer('count', -1), budget);
  },
  startswith: search('startswith', (value, part) => value.startsWith(part)),
  endswith: search('endswith', (value, part) => value.endsWith(part)),
  find: search('find', (value, part) => value.indexOf(part)),
  rfind: search('rfind', (value, part) => value.lastIndexOf(part)),
  // Nothing stands before and behind every character.
  count: search('count', (value, part) => (part === '' ? value.length + 1 : value.split(part).length - 1)),
  join(value, args, budget) {
    const items = read('join', args, 'iterable').value('iterable');
    if (!Array.isArray(items)) throw new TemplateError('type', 'join needs a list');
    budget.spend(items.length);
    const texts = items.map((item) => printValue(item, budget));
    return joinTexts(texts, value, budget);
  },
  zfill(value, args, budget) {
    const width = read('zfill', args, 'width').integer('width');
    budget.text(width);
    const sign = /^[+-]/.exec(value)?.[0] ?? '';
    return sign + value.slice(sign.length).padStart(width - sign.length, '0');
  },
  ljust: padded('ljust', (value, width, fill) => value.padEnd(width, fill)),
  rjust: padded('rjust', (value, width, fill) => value.padStart(width, fill)),
  center: padded('center', center),
  removeprefix: search('removeprefix', (value, part) => (value.startsWith(part) ? value.slice(part.length) : value)),
  removesuffix: search('removesuffix', (value, part) =>
    part !== '' && value.endsWith(part) ? value.slice(0, -part.length) : value,
  ),
  isdigit: text('isdigit', (value) => /^\d+$/.test(value)),
  toUpperCase: text('toUpperCase', (value) => value.toUpperCase()),
  toLowerCase: text('toLowerCase', (value) => value.toLowerCase()),
  trim: text('trim', (value) => value.trim()),
  trimStart: text('trimStart', (value) => value.trimStart()),
  trimEnd: text('trimEnd', (value) => value.trimEnd()),
  startsWith: search('startsWith', (value, part) => value.startsWith(part)),
  endsWith: search('endsWith', (value, part) => value.endsWith(part)),
  includes: search('includes', (value, part) => value.includes(part)),
  indexOf: search('indexOf', (value, part) => value.indexOf(part)),
  lastIndexOf: search('lastIndexOf', (value, part) => value.lastIndexOf(part)),
  slice: cut('slice', (value, start, end) => value.slice(start, end)),
  substring: cut('substring', (value, start, end) => value.substring(start, end)),
  padStart: padded('padStart', (value, width, fill) => value.padStart(width, fill)),
  padEnd: padded('padEnd', (value, width, fill) => value.padEnd(width, fill)),
};

const LIST_METHODS: Readonly<Record<string, Method<readonly unknown[]>>> = {
  index(list, args, budget) {
    const wanted = read('index', args, 'value').value('value');
    const found = list.findIndex((item) => isEqual(item, wanted, budget));
    if (found < 0) throw new TemplateError('value', 'the list has no such element');
    return found;
  },
  count(list, args, budget) {
    const wanted = read('count', args, 'value').value('value');
    return list.filter((item) => isEqual(item, wanted, budget)).length;
  },
  includes(list, args, budget) {
    const wanted = read('includes', args, 'value').value('value');
    return list.some((item) => isEqual(item, wanted, budget));
  },
  indexOf(list, args, budget) {
    const wanted = read('indexOf', args, 'value').value('value');
    return list.findIndex((item) => isEqual(item, wanted, budget));
  },
  join(list, args, budget) {
    const separator = read('join', args, 'separator').text('separator', ',');
    budget.spend(list.length);
    const texts = list.map((item) => printValue(item, budget));
    return joinTexts(texts, separator, budget);
  },
};

/** Without a limit the words of a text; with one the last part is the rest of the text as it is. */
function splitWords(value: string, most: number): string[] {
  const words: string[] = [];
  for (const { 0: word, index } of value.matchAll(/\S+/g)) {
    if (words.length === most) return [...words, value.slice(index)];
    words.push(word);
  }
  return words;
}

function splitBy(value: string, separator: string, most: number): string[] {
  if (separator === '') throw new TemplateError('value', 'split cannot separate at an empty text');
  const parts = value.split(separator);
  return most < 0 ? parts : [...parts.slice(0, most), ...(parts.length > most ? [parts.slice(most).join(separator)] : [])];
}

type Mapping = Readonly<Record<string, unknown>>;

const OBJECT_METHODS: Readonly<Record<string, Method<Mapping>>> = {
  keys: entries('keys', (object) => Object.keys(object)),
  values: entries('values', (object) => Object.values(object)),
  items: entries('items', (object) => Object.entries(object)),
  get(object, args) {
    const reader = read('get', args, 'key', 'default');
    const key = reader.text('key');
    return Object.hasOwn(object, key) ? object[key] : (reader.value('default') ?? null);
  },
};

function entries(name: string, list: (object: Mapping) => unknown[]): Method<Mapping> {
  return (object, args, budget) => {
    read(name, args);
    const found = list(object);
    budget.spend(found.length);
    return found;
  };
}

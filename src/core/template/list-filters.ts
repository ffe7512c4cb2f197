/** The filters of lists. A text is the list of its characters, an object the list of its keys, as in Jinja. */
import type { Budget } from './budget.js';
import { ArgumentReader } from './call-arguments.js';
import type { Filter, FilterScope } from './filters.js';
import { isMapping } from './mapping.js';
import { memberOf } from './members.js';
import { TemplateError } from './template-error.js';
import { typeName, type CallArguments } from './template-object.js';
import { applyTest, TOLERANT_TESTS } from './tests.js';
import { joinTexts } from './texts.js';
import { compareValues, isEqual, isTruthy, printValue } from './values.js';

/** The elements of a value; each costs a step. */
export function elementsOf(value: unknown, budget: Budget): readonly unknown[] {
  const elements = Array.isArray(value)
    ? (value as readonly unknown[])
    : typeof value === 'string'
      ? [...value]
      : isMapping(value)
        ? Object.keys(value)
        : null;
  if (!elements) throw new TemplateError('type', `${typeName(value)} has no elements`);
  budget.spend(elements.length);
  return elements;
}

/** `a.b.0` from an element; undefined: it has none. */
function findAttribute(item: unknown, path: string, budget: Budget): unknown {
  return path.split('.').reduce((found, name) => memberOf(found, /^\d+$/.test(name) ? Number(name) : name, budget), item);
}

function attributeOf(item: unknown, path: string, budget: Budget): unknown {
  const found = findAttribute(item, path, budget);
  if (found === undefined) throw new TemplateError('undefined', `an element has no attribute "${path}"`);
  return found;
}

function readAttribute(reader: ArgumentReader, budget: Budget): (item: unknown) => unknown {
  return attributeReader(reader.value('attribute'), undefined, budget);
}

/** Without an attribute the element itself. */
function attributeReader(path: unknown, fallback: unknown, budget: Budget): (item: unknown) => unknown {
  if (path === undefined || path === null) return (item) => item;
  if (typeof path !== 'string' && typeof path !== 'number') {
    throw new TemplateError('type', `an attribute is named by a text, got ${typeName(path)}`);
  }
  const names = String(path);
  if (fallback === undefined) return (item) => attributeOf(item, names, budget);
  return (item) => {
    const found = findAttribute(item, names, budget);
    return found === undefined ? fallback : found;
  };
}

function sorted(items: readonly unknown[], key: (item: unknown) => unknown, isReversed: boolean, budget: Budget): unknown[] {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  keyed.sort((one, other) => (isReversed ? compareValues(other.key, one.key, budget) : compareValues(one.key, other.key, budget)));
  return keyed.map(({ item }) => item);
}

const folded =
  (isCaseSensitive: boolean, key: (item: unknown) => unknown) =>
  (item: unknown): unknown => {
    const value = key(item);
    return typeof value === 'string' && !isCaseSensitive ? value.toLowerCase() : value;
  };

const extreme =
  (isGreatest: boolean): Filter =>
  (value, args, { budget }, name) => {
    const reader = new ArgumentReader(name, args, ['case_sensitive', 'attribute']);
    const key = folded(reader.flag('case_sensitive', false), readAttribute(reader, budget));
    const items = elementsOf(value, budget);
    return sorted(items, key, isGreatest, budget)[0];
  };

/** `select('odd')`, `selectattr('done')`, and their opposites. */
const selection =
  (isKept: boolean, hasAttribute: boolean): Filter =>
  (value, args, { budget }, name) => {
    const [path, test = null, ...positional] = hasAttribute ? args.positional : [null, ...args.positional];
    if (hasAttribute && typeof path !== 'string') throw new TemplateError('type', `${name} needs the name of an attribute`);
    if (test !== null && typeof test !== 'string') throw new TemplateError('type', `${name} needs the name of a test`);
    // A missing attribute is nothing to fail for where it is asked whether there is one.
    const find = TOLERANT_TESTS.includes(test as string) ? findAttribute : attributeOf;
    return elementsOf(value, budget).filter((item) => {
      const examined = typeof path === 'string' ? find(item, path, budget) : item;
      const holds =
        test === null ? isTruthy(examined) : applyTest(test as string, examined, { positional, named: args.named }, budget);
      return holds === isKept;
    });
  };

function mapItems(value: unknown, args: CallArguments, scope: FilterScope): unknown[] {
  const { attribute, default: fallback, ...named } = args.named;
  const items = elementsOf(value, scope.budget);
  const [filter, ...positional] = args.positional;
  if (attribute === undefined) {
    if (typeof filter !== 'string') throw new TemplateError('type', 'map needs the name of a filter, or attribute=');
    return items.map((item) => scope.apply(filter, item, { positional, named }));
  }
  return items.map(attributeReader(attribute, fallback, scope.budget));
}

const length: Filter = (value, args, { budget }, name) => {
  new ArgumentReader(name, args, []);
  return typeof value === 'string' ? [...value].length : elementsOf(value, budget).length;
};

export const LIST_FILTERS: Readonly<Record<string, Filter>> = {
  length,
  count: length,
  first: (value, args, { budget }, name) => (new ArgumentReader(name, args, []), elementsOf(value, budget)[0]),
  last: (value, args, { budget }, name) => (new ArgumentReader(name, args, []), elementsOf(value, budget).at(-1)),
  list: (value, args, { budget }, name) => (new ArgumentReader(name, args, []), [...elementsOf(value, budget)]),
  reverse(value, args, { budget }, name) {
    new ArgumentReader(name, args, []);
    const turned = [...elementsOf(value, budget)].reverse();
    return typeof value === 'string' ? turned.join('') : turned;
  },
  join(value, args, { budget }, name) {
    const reader = new ArgumentReader(name, args, ['d', 'attribute']);
    const separator = reader.text('d', '');
    const attribute = readAttribute(reader, budget);
    const texts = elementsOf(value, budget).map((item) => printValue(attribute(item), budget));
    return joinTexts(texts, separator, budget);
  },
  sort(value, args, { budget }, name) {
    const reader = new ArgumentReader(name, args, ['reverse', 'case_sensitive', 'attribute']);
    const key = folded(reader.flag('case_sensitive', false), readAttribute(reader, budget));
    return sorted(elementsOf(value, budget), key, reader.flag('reverse', false), budget);
  },
  unique(value, args, { budget }, name) {
    const reader = new ArgumentReader(name, args, ['case_sensitive', 'attribute']);
    const key = folded(reader.flag('case_sensitive', false), readAttribute(reader, budget));
    const items = elementsOf(value, budget);
    const keys = items.map(key);
    return items.filter((_, index) => keys.findIndex((other) => isEqual(other, keys[index], budget)) === index);
  },
  min: extreme(false),
  max: extreme(true),
  sum(value, args, { budget }, name) {
    const reader = new ArgumentReader(name, args, ['attribute', 'start']);
    const key = readAttribute(reader, budget);
    return elementsOf(value, budget).reduce(
      (total: number, item) => {
        const number = key(item);
        if (typeof number !== 'number') throw new TemplateError('type', `sum needs numbers, got ${typeName(number)}`);
        return total + number;
      },
      reader.number('start', 0),
    );
  },
  map: mapItems,
  select: selection(true, false),
  reject: selection(false, false),
  selectattr: selection(true, true),
  rejectattr: selection(false, true),
  attr: (value, args, { budget }, name) => attributeOf(value, new ArgumentReader(name, args, ['name']).text('name'), budget),
  items(value, args, { budget }, name) {
    new ArgumentReader(name, args, []);
    if (!isMapping(value)) throw new TemplateError('type', `items needs an object, got ${typeName(value)}`);
    budget.spend(Object.keys(value).length);
    return Object.entries(value);
  },
  dictsort(value, args, { budget }, name) {
    const reader = new ArgumentReader(name, args, ['case_sensitive', 'by', 'reverse']);
    if (!isMapping(value)) throw new TemplateError('type', `dictsort needs an object, got ${typeName(value)}`);
    const index = ['key', 'value'].indexOf(reader.text('by', 'key'));
    if (index < 0) throw new TemplateError('value', 'dictsort sorts by "key" or "value"');
    const key = folded(reader.flag('case_sensitive', false), (item) => (item as readonly unknown[])[index]);
    return sorted(Object.entries(value), key, reader.flag('reverse', false), budget);
  },
  batch(value, args, { budget }, name) {
    const reader = new ArgumentReader(name, args, ['linecount', 'fill_with']);
    const size = reader.integer('linecount');
    if (size < 1) throw new TemplateError('value', 'batch needs at least one element in a line');
    const items = elementsOf(value, budget);
    const lines: unknown[][] = [];
    for (let start = 0; start < items.length; start += size) lines.push(items.slice(start, start + size));
    const fill = reader.value('fill_with') ?? null;
    const last = lines.at(-1);
    if (fill !== null && last) {
      budget.spend(size);
      while (last.length < size) last.push(fill);
    }
    return lines;
  },
  groupby(value, args, { budget }, name) {
    const reader = new ArgumentReader(name, args, ['attribute', 'default', 'case_sensitive']);
    const attribute = attributeReader(reader.value('attribute'), reader.value('default'), budget);
    const key = folded(reader.flag('case_sensitive', false), attribute);
    const groups: { readonly key: unknown; readonly name: unknown; readonly items: unknown[] }[] = [];
    for (const item of sorted(elementsOf(value, budget), key, false, budget)) {
      const own = key(item);
      const group = groups.at(-1);
      if (group && isEqual(group.key, own, budget)) group.items.push(item);
      else groups.push({ key: own, name: attribute(item), items: [item] });
    }
    return groups.map((group) => [group.name, group.items]);
  },
  random(value, args, { budget, random }, name) {
    new ArgumentReader(name, args, []);
    const items = elementsOf(value, budget);
    return items[Math.floor(random() * items.length)];
  },
};

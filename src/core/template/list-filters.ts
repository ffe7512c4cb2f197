/** The filters of lists. A text is the list of its characters, an object the list of its keys, as in Jinja. */
import type { Budget } from './budget.js';
import { ArgumentReader } from './call-arguments.js';
import type { Filter, FilterScope } from './filters.js';
import { memberOf } from './members.js';
import { TemplateError } from './template-error.js';
import { typeName, type CallArguments } from './template-object.js';
import { applyTest } from './tests.js';
import { compareValues, isEqual, isMapping, isTruthy, printValue } from './values.js';

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

/** `a.b.0` from an element. */
function attributeOf(item: unknown, path: string, budget: Budget): unknown {
  let found = item;
  for (const name of path.split('.')) {
    const next = memberOf(found, /^\d+$/.test(name) ? Number(name) : name, budget);
    if (next === undefined) throw new TemplateError('undefined', `an element has no attribute "${path}"`);
    found = next;
  }
  return found;
}

function readAttribute(reader: ArgumentReader, budget: Budget): (item: unknown) => unknown {
  const path = reader.value('attribute') ?? null;
  if (path === null) return (item) => item;
  const names = String(path);
  return (item) => attributeOf(item, names, budget);
}

/** Sorting compares each element about as often as the list has binary digits. */
function sorted(items: readonly unknown[], key: (item: unknown) => unknown, isReversed: boolean, budget: Budget): unknown[] {
  budget.spend(items.length * Math.ceil(Math.log2(items.length + 1)));
  const keyed = items.map((item) => ({ item, key: key(item) }));
  keyed.sort((one, other) => compareValues(one.key, other.key) * (isReversed ? -1 : 1));
  return keyed.map(({ item }) => item);
}

const folded =
  (isCaseSensitive: boolean, key: (item: unknown) => unknown) =>
  (item: unknown): unknown => {
    const value = key(item);
    return typeof value === 'string' && !isCaseSensitive ? value.toLowerCase() : value;
  };

const extreme =
  (sign: 1 | -1): Filter =>
  (value, args, { budget }, name) => {
    const reader = new ArgumentReader(name, args, ['case_sensitive', 'attribute']);
    const key = folded(reader.flag('case_sensitive', false), readAttribute(reader, budget));
    const items = elementsOf(value, budget);
    return sorted(items, key, sign < 0, budget)[0];
  };

/** `select('odd')`, `selectattr('done')`, and their opposites. */
const selection =
  (isKept: boolean, hasAttribute: boolean): Filter =>
  (value, args, { budget }, name) => {
    const [first, ...rest] = args.positional;
    const path = hasAttribute ? String(first) : null;
    const [test, ...testArgs] = hasAttribute ? rest : args.positional;
    if (hasAttribute && typeof first !== 'string') throw new TemplateError('type', `${name} needs the name of an attribute`);
    return elementsOf(value, budget).filter((item) => {
      const examined = path === null ? item : attributeOf(item, path, budget);
      const holds =
        test === undefined ? isTruthy(examined) : applyTest(String(test), examined, { positional: testArgs, named: args.named });
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
  return items.map((item) => {
    const path = String(attribute);
    if (fallback === undefined) return attributeOf(item, path, scope.budget);
    return memberOf(item, path, scope.budget) ?? fallback;
  });
}

const length: Filter = (value, args, { budget }, name) => {
  new ArgumentReader(name, args, []);
  return typeof value === 'string' ? value.length : elementsOf(value, budget).length;
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
    const texts = elementsOf(value, budget).map(readAttribute(reader, budget)).map(printValue);
    budget.text(texts.reduce((sum, item) => sum + item.length + separator.length, 0));
    return texts.join(separator);
  },
  sort(value, args, { budget }, name) {
    const reader = new ArgumentReader(name, args, ['reverse', 'case_sensitive', 'attribute']);
    const key = folded(reader.flag('case_sensitive', false), readAttribute(reader, budget));
    return sorted(elementsOf(value, budget), key, reader.flag('reverse', false), budget);
  },
  unique(value, args, { budget }, name) {
    const reader = new ArgumentReader(name, args, ['case_sensitive', 'attribute']);
    const key = folded(reader.flag('case_sensitive', false), readAttribute(reader, budget));
    const seen: unknown[] = [];
    return elementsOf(value, budget).filter((item) => {
      const own = key(item);
      budget.spend(seen.length);
      if (seen.some((other) => isEqual(other, own))) return false;
      seen.push(own);
      return true;
    });
  },
  min: extreme(1),
  max: extreme(-1),
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
    const index = reader.text('by', 'key') === 'value' ? 1 : 0;
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
    const fill = reader.value('fill_with');
    const last = lines.at(-1);
    if (fill !== undefined && last) {
      budget.spend(size);
      while (last.length < size) last.push(fill);
    }
    return lines;
  },
  groupby(value, args, { budget }, name) {
    const reader = new ArgumentReader(name, args, ['attribute']);
    const key = readAttribute(reader, budget);
    const groups: [unknown, unknown[]][] = [];
    for (const item of sorted(elementsOf(value, budget), key, false, budget)) {
      const own = key(item);
      const group = groups.at(-1);
      if (group && isEqual(group[0], own)) group[1].push(item);
      else groups.push([own, [item]]);
    }
    return groups;
  },
  random(value, args, { budget, random }, name) {
    new ArgumentReader(name, args, []);
    const items = elementsOf(value, budget);
    return items[Math.floor(random() * items.length)];
  },
};

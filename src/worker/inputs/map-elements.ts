/** The elements that belong to one copy of a mapped task, or of a mapped group. */
import { ABSENT } from '../../model/codec.js';
import type { InputSpec, MapSpec } from '../../model/dag-spec.js';
import type { TaggedJson } from '../../model/tagged-json.js';

/** Gives the value of an input in which no element can stand: of a source as a whole, or of a part of a list or object that is written down. */
export type Compose = (input: InputSpec, as: 'source' | 'part') => TaggedJson | undefined;

interface Elements {
  readonly length: number;
  at(index: number): TaggedJson | undefined;
}

const NONE: Elements = { length: 0, at: () => undefined };

/**
 * The positions that belong to a copy within each source of its mapping; null where that depends on how long other sources are. Who knows them need not
 * read the rest of a source.
 */
export function positionsFor(
  { kind, chunk = 1 }: MapSpec,
  mapIndex: number,
): { readonly from: number; readonly to: number } | null {
  if (kind === 'product' || mapIndex < 0) return null;
  return { from: mapIndex * chunk, to: (mapIndex + 1) * chunk };
}

/**
 * What the source at `position` of `map` gives to the copy with this map index: one element, or with `chunk` the list of its elements. Undefined
 * where there is none. An element of an object is `[key, value]`, in the sorted order of the keys: a database does not keep the order in
 * which they were written, and every copy must see the same.
 */
export function elementFor(map: MapSpec, position: number, mapIndex: number, compose: Compose): TaggedJson | undefined {
  const source = map.sources[position];
  if (!source || mapIndex < 0) return undefined;
  const elements = elementsOf(source, compose);
  switch (map.kind) {
    case 'each': {
      const { chunk = 1 } = map;
      return chunk === 1 ? elements.at(mapIndex) : slice(elements, mapIndex * chunk, (mapIndex + 1) * chunk);
    }
    case 'zip':
      return mapIndex < elements.length ? elements.at(mapIndex) : map.fill;
    case 'product': {
      // The last source varies fastest: one step of this one is a whole turn of those after it.
      const turn = map.sources.slice(position + 1).reduce((product, one) => product * elementsOf(one, compose).length, 1);
      return elements.at(Math.floor(mapIndex / turn) % elements.length);
    }
  }
}

function slice(elements: Elements, from: number, to: number): TaggedJson {
  const items: TaggedJson[] = [];
  for (let index = from; index < Math.min(to, elements.length); index++) items.push(elements.at(index) ?? ABSENT);
  return items;
}

/** Parts of a literal list or object are put together only when they are asked for. */
function elementsOf(source: InputSpec, compose: Compose): Elements {
  if (source.kind === 'list') {
    const { items } = source;
    return { length: items.length, at: (index) => valueOf(items[index], compose) };
  }
  if (source.kind === 'object') return entriesAt(source.fields, (field) => valueOf(field, compose));
  const value = compose(source, 'source');
  if (value === undefined || value === null || typeof value !== 'object') return NONE;
  if (isList(value)) return { length: value.length, at: (index) => value[index] };
  if (!('$type' in value)) return entriesAt(value, (field) => field);
  if (value['$type'] !== 'object') return NONE;
  const entries = value['value'] as readonly TaggedJson[];
  return { length: entries.length, at: (index) => entries[index] };
}

function valueOf(input: InputSpec | undefined, compose: Compose): TaggedJson | undefined {
  return input && (compose(input, 'part') ?? ABSENT);
}

function entriesAt<T>(fields: { readonly [key: string]: T }, valueIn: (field: T) => TaggedJson | undefined): Elements {
  const keys = sortedKeys(fields);
  return {
    length: keys.length,
    at: (index) => {
      const key = keys[index];
      return key === undefined ? undefined : [key, valueIn(fields[key] as T) ?? ABSENT];
    },
  };
}

const known = new WeakMap<object, readonly string[]>();

/** Remembered as long as the object is: each of its copies asks. */
function sortedKeys(fields: object): readonly string[] {
  let keys = known.get(fields);
  if (!keys) known.set(fields, (keys = Object.keys(fields).sort()));
  return keys;
}

function isList(value: TaggedJson): value is readonly TaggedJson[] {
  return Array.isArray(value);
}

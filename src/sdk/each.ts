import type { Ref } from './ref.js';

const EACH = Symbol.for('airflow-like:each');

declare const ELEMENT: unique symbol;

/** A further source of `mapZip` or `mapProduct`, whose first two arguments always are sources. */
export interface Each<A> {
  readonly [EACH]: unknown;
  /** Only for the compiler: no such property exists. */
  readonly [ELEMENT]: A;
}

/** What has elements: a list or an object, or a task that returns one. */
export type Mappable = Elements | Ref<Elements>;
type Elements = readonly unknown[] | Readonly<Record<string, unknown>>;

/** An item of a list; of an object `[key, value]`. */
export type ElementOf<S> = S extends Ref<infer V> ? PartOf<V> : PartOf<S>;
type PartOf<V> = V extends readonly (infer A)[]
  ? ValueOf<A>
  : V extends Readonly<Record<string, infer A>>
    ? [string, ValueOf<A>]
    : never;
/** A list that is written down may have Refs in it. */
type ValueOf<A> = A extends Ref<infer V> ? V : A;

/** Marks an argument of `mapZip` or `mapProduct` as one to map over: `t.plot.mapProduct(days, regions, each(products))`. */
export function each<S extends Mappable>(source: S): Each<ElementOf<S>> {
  return Object.freeze({ [EACH]: source }) as unknown as Each<ElementOf<S>>;
}

/** The source behind the mark, in a list of its own so that any value can be one; null for a value without it. */
export function eachSourceOf(value: unknown): readonly [unknown] | null {
  return typeof value === 'object' && value !== null && EACH in value ? [(value as Each<unknown>)[EACH]] : null;
}

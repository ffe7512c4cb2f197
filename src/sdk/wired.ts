import type { Each, ElementOf, Mappable } from './each.js';
import type { Lazy } from './lazy.js';
import type { MapOptions, ProductOptions, ZipOptions } from './map-options.js';
import type { Group, Ref } from './ref.js';
import type { Operator } from './operator.js';
import type { PokeResult } from './poke-result.js';
import type { TaskDefaults } from './task-options.js';

/** The compile-time side of wiring: how the methods of a DAG class look inside `wire`. Nothing here exists at run time. */

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- parameters of any method
export type AnyFunction = (...parameters: any[]) => unknown;

/** Values that are handed over whole; a Ref can replace them, but not a part of them. */
type Whole =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | Date
  | Uint8Array
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | Lazy<unknown>
  | AnyFunction;

/** What an argument of type `A` may be while wiring: the value, a Ref of it, or an object or list whose parts may be Refs. */
export type In<A> = unknown extends A ? A : Ref<A> | Part<A>;
type Part<A> = A extends Whole ? A : { [K in keyof A]: In<A[K]> };

/** `In` for each parameter; optional parameters stay optional. */
export type InAll<P extends readonly unknown[]> = { [K in keyof P]: In<P[K]> };

/**
 * What a task hands on: its awaited return value; of a PokeResult, the value in it. Nothing is stored of null, so who takes it gets `undefined`, as
 * from a task that returns nothing.
 */
export type Output<R> = Arriving<OutputOf<Awaited<R>>>;
type Arriving<T> = T extends null | void ? Skipped : T;
/** What the copies of a mapped task hand on: those that returned nothing are not in the list. */
type Outputs<R> = ListOf<Output<R>>;
type ListOf<T> = [Exclude<T, Skipped>] extends [never] ? T[] : Exclude<T, Skipped>[];
type OutputOf<R> = [Extract<R, PokeResult<unknown>>] extends [never]
  ? R
  : Extract<R, PokeResult<unknown>> extends PokeResult<infer V>
    ? V
    : never;

/** What a task can be mapped over: a list of `A`, or an object, whose elements are `[key, value]` pairs. */
export type MapSource<A> =
  | Ref<readonly A[]>
  | readonly In<A>[]
  | (A extends readonly [string, infer V] ? Ref<Readonly<Record<string, V>>> | Readonly<Record<string, In<V>>> : never);

/** A task inside `wire`: call it to place it in the graph. */
export interface WiredTask<P extends readonly unknown[], R> {
  (...inputs: InAll<P>): Ref<Output<R>>;
  /** One copy of the task for each element of the first argument; the others are the same for all copies. Options may follow. */
  readonly map: MapCall<P, R>;
  /**
   * One copy for the first elements of the first two arguments, one for the second ones, and so on. Further arguments are the same for all copies
   * unless they are marked with `each(...)`. Options may follow.
   */
  readonly mapZip: ZipCall<P, R>;
  /** One copy for each combination of elements of the first two arguments, the last varying fastest. Otherwise as `mapZip`. */
  readonly mapProduct: ProductCall<P, R>;
  /** The same task under another id, for a second call of it: `t.load.as('load_eu')(rows)`. */
  as(taskId: string): WiredTask<P, R>;
}

type MapCall<P extends readonly unknown[], R> = P extends readonly []
  ? never
  : P extends readonly [(infer A)?, ...infer Rest]
    ? (source: MapSource<A>, ...rest: [...InAll<Rest>, options?: MapOptions<A>]) => Ref<Outputs<R>>
    : never;

/** Needs two parameters: with fewer there is nothing to combine. */
type ZipCall<P extends readonly unknown[], R> = P extends readonly [unknown?]
  ? never
  : P extends readonly [(infer A)?, (infer B)?, ...infer Rest]
    ? (a: MapSource<A>, b: MapSource<B>, ...rest: [...InOrEach<Rest>, options?: ZipOptions<A, A & B>]) => Ref<Outputs<R>>
    : never;

type ProductCall<P extends readonly unknown[], R> = P extends readonly [unknown?]
  ? never
  : P extends readonly [(infer A)?, (infer B)?, ...infer Rest]
    ? (a: MapSource<A>, b: MapSource<B>, ...rest: [...InOrEach<Rest>, options?: ProductOptions<A>]) => Ref<Outputs<R>>
    : never;

type InOrEach<P extends readonly unknown[]> = { [K in keyof P]: In<P[K]> | Each<P[K]> };

/** Names of the members of `T` that can be wired. `wire` is left out first: its own type depends on this one. */
type TaskName<T> = {
  [K in keyof T]: K extends 'wire' ? never : T[K] extends AnyFunction | Operator<never, unknown> ? K : never;
}[keyof T];

type WiredMember<M> =
  M extends Operator<infer P, infer R> ? WiredTask<P, R> : M extends (...parameters: infer P) => infer R ? WiredTask<P, R> : never;

/** The tasks of the DAG class `T` as `wire` sees them: each method takes values or Refs, and returns a Ref. */
export type Wired<T> = { readonly [K in TaskName<T>]: WiredMember<T[K]> } & GroupWiring<Wired<T>> &
  Pick<FlowWiring<Wired<T>>, Exclude<keyof FlowWiring<never>, keyof T>>;

export interface GroupWiring<Tasks> {
  readonly group: GroupCall<Tasks>;
}

/** What else shapes the graph. A task of the same name hides a tool in its DAG. */
export interface FlowWiring<Tasks> {
  readonly choose: ChooseCall;
  readonly when: WhenCall;
  /**
   * The scope of setups and teardowns: the first tasks that `wireInside` wires follow the setups, the teardowns follow its last tasks and the
   * setups. Answers what `wireInside` returned.
   */
  scope<R>(
    setups: Ref<unknown> | readonly Ref<unknown>[],
    teardowns: Ref<unknown> | readonly Ref<unknown>[],
    wireInside: (t: Tasks) => NotAsync<R>,
  ): R;
}

export interface GroupCall<Tasks> {
  /**
   * Tasks called while `wireGroup` runs belong to the group: their ids begin with `id.`, and `defaults` are their options unless they
   * say otherwise.
   */
  <R>(id: string, wireGroup: (g: Tasks) => NotAsync<R>, defaults?: TaskDefaults): Group<R>;
  /** A mapped group: its tasks have one copy for each element of the source, and follow each other within the element. */
  map<S extends Mappable, R>(
    id: string,
    source: S,
    wireGroup: (g: Tasks, element: Ref<ElementOf<S>>) => NotAsync<R>,
    options?: MappedGroupOptions,
  ): Group<Collected<R>>;
  /** The same over the elements of two sources side by side. */
  mapZip<A extends Mappable, B extends Mappable, R>(
    id: string,
    a: A,
    b: B,
    wireGroup: (g: Tasks, a: Ref<ElementOf<A>>, b: Ref<ElementOf<B>>) => NotAsync<R>,
    options?: MappedGroupOptions & { readonly fill?: ElementOf<A> & ElementOf<B> },
  ): Group<Collected<R>>;
  /** The same over all combinations of the elements of two sources, the second varying fastest. */
  mapProduct<A extends Mappable, B extends Mappable, R>(
    id: string,
    a: A,
    b: B,
    wireGroup: (g: Tasks, a: Ref<ElementOf<A>>, b: Ref<ElementOf<B>>) => NotAsync<R>,
    options?: MappedGroupOptions,
  ): Group<Collected<R>>;
}

/** Options of a mapped group: those of its tasks, and how many elements are worked on at once, and may fail, under which names. */
export interface MappedGroupOptions extends TaskDefaults {
  /** Copies of each task that may run at once in one run. Default: no limit of its own. */
  readonly concurrency?: number;
  /**
   * So many copies of each task, or `'1%'` of them, may fail without the task counting as failed. A copy that cannot run because a task before it failed for
   * the same element counts as well. Default 0.
   */
  readonly allowFailures?: number | `${number}%`;
  /** Template of the name under which people see a copy, in place of its index. */
  readonly name?: string;
}

/** What a mapped group hands out: of each Ref the list over its copies. */
type Collected<R> = R extends Ref<infer T> ? Ref<ListOf<T>> : R extends object ? { [K in keyof R]: Collected<R[K]> } : R;

/** What a task that was skipped hands on: nothing. Who takes its output must have room for that. */
export type Skipped = undefined;

/** Outputs of tasks that may be skipped. */
type Skippable<R> =
  R extends Ref<infer T>
    ? Ref<T | Skipped>
    : R extends Group<infer G>
      ? Group<Skippable<G>>
      : R extends AnyFunction
        ? R
        : R extends object
          ? { readonly [K in keyof R]: Skippable<R[K]> }
          : R;

export interface ChooseCall {
  /**
   * Goes on with the case that the output of a task names; the other cases are skipped. There must be one for each value that the output can
   * have. Answers what each case returned, with outputs that may be skipped.
   */
  <T extends string | number | boolean, C extends Cases<T>>(
    value: Ref<T> & CheckedValue<T>,
    cases: C & CheckedCases<T, C>,
  ): { readonly [K in keyof C]: C[K] extends () => infer R ? Skippable<R> : never };
  /** The same with an id of its own; default: `choose_` and the id of the task that is asked. */
  as(taskId: string): ChooseCall;
}

type Cases<T extends string | number | boolean> = { readonly [K in `${T}`]: () => unknown };
/** Refuses outputs of which the cases cannot be counted. */
type CheckedValue<T> = string extends T
  ? 'a text can have any value: let the task return a union such as "big" | "small"'
  : number extends T
    ? 'a number can have any value: let the task return a union such as 1 | 2'
    : unknown;
type CheckedCases<T extends string | number | boolean, C> = {
  readonly [K in keyof C]: `${K & (string | number)}` extends `${T}`
    ? C[K] extends () => PromiseLike<unknown>
      ? 'wiring must not be async: the graph is complete when it returns'
      : unknown
    : 'the task never returns this';
};

export interface WhenCall {
  /** Goes on with what `wireThen` wires if the output of a task is truthy; otherwise it is skipped. Answers what `wireThen` returned. */
  <T, R>(value: Ref<T>, wireThen: (value: Ref<Exclude<T, Falsy>>) => NotAsync<R>): Skippable<R>;
  /** The same with an id of its own; default: `when_` and the id of the task that is asked. */
  as(taskId: string): WhenCall;
}

type Falsy = null | undefined | false | 0 | 0n | '' | void;

/** Refuses functions that return a promise: edges added later would be lost. */
export type NotAsync<R> = R extends PromiseLike<unknown> ? 'wiring must not be async: the graph is complete when it returns' : R;

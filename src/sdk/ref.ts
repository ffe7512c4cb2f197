import { AirflowLikeError } from '../model/errors.js';
import type { Lazy } from './lazy.js';
import { capturePosition, type LazyPosition } from './source-position.js';

declare const OUTPUT: unique symbol;
declare const RESULT: unique symbol;

/**
 * Stands for the output of a task while a DAG is wired. It is inert: it can be handed to another task, put in an object that is handed
 * to one, and ordered; its value exists only inside tasks.
 */
export interface Ref<T> {
  /** Only for the compiler: no such property exists. */
  readonly [OUTPUT]: T;
  /** This task runs after the others, without taking their data. */
  after(...upstream: readonly Upstream[]): Ref<T>;
  /** Gives this call of the task its own id; needed when `wire` calls a task more than once. */
  as(taskId: string): Ref<T>;
  /** The same output, with a value in its place where the task has none: it was skipped or, not being critical, failed. */
  orElse<V>(value: V): Ref<Exclude<T, undefined> | V>;
  /** The same list, for a parameter of type `Lazy`: it is read piece by piece while the task works through it. */
  lazy<E>(this: Ref<readonly E[]>): Ref<Lazy<E>>;
}

/** A group of tasks, as an end of order-only edges: others wait for its last tasks, its first tasks wait for others. */
export interface Group<R = unknown> {
  /** What the group's function returned, typically the Ref that others need. */
  readonly result: R;
  /** Only for the compiler: no such property exists. */
  readonly [RESULT]: R;
  /** The first tasks of the group run after the others. */
  after(...upstream: readonly Upstream[]): Group<R>;
}

/** What `.after(...)` takes. */
export type Upstream = Ref<unknown> | Group<unknown>;

/** What a Ref or a Group stands for, given by the recorder. */
export interface EndpointActions {
  /** For messages: the task's or group's id as far as it is known. */
  readonly label: string;
  after(upstream: readonly unknown[], position: LazyPosition): void;
  as(id: unknown, position: LazyPosition): void;
  orElse(value: unknown, position: LazyPosition): Ref<unknown>;
  lazy(position: LazyPosition): Ref<unknown>;
}

/** The object behind `Ref`. Frozen, without `then`, so that `await ref` is harmless; every attempt to use it as a value throws D101. */
class RecordedRef {
  readonly #actions: EndpointActions;

  constructor(actions: EndpointActions) {
    this.#actions = actions;
    Object.freeze(this);
  }

  after(...upstream: readonly unknown[]): this {
    this.#actions.after(upstream, capturePosition(RecordedRef.prototype.after));
    return this;
  }

  as(id: unknown): this {
    this.#actions.as(id, capturePosition(RecordedRef.prototype.as));
    return this;
  }

  orElse(value: unknown): Ref<unknown> {
    return this.#actions.orElse(value, capturePosition(RecordedRef.prototype.orElse));
  }

  lazy(): Ref<unknown> {
    return this.#actions.lazy(capturePosition(RecordedRef.prototype.lazy));
  }

  [Symbol.toPrimitive](): never {
    throw usedAsValue(this.#actions.label, 'it was put into a text or a calculation', RecordedRef.prototype[Symbol.toPrimitive]);
  }

  [Symbol.iterator](): never {
    throw usedAsValue(this.#actions.label, 'it was iterated', RecordedRef.prototype[Symbol.iterator]);
  }

  [Symbol.asyncIterator](): never {
    throw usedAsValue(this.#actions.label, 'it was iterated', RecordedRef.prototype[Symbol.asyncIterator]);
  }

  toJSON(): never {
    throw usedAsValue(this.#actions.label, 'it was turned into JSON', RecordedRef.prototype.toJSON);
  }
}

export function createRef(actions: EndpointActions): Ref<unknown> {
  return new RecordedRef(actions) as unknown as Ref<unknown>;
}

function usedAsValue(label: string, how: string, callee: () => never): AirflowLikeError {
  const position = capturePosition(callee)();
  return new AirflowLikeError('D101', {
    place: 'wire',
    message: `output of ${label} is not known yet, but ${how}; move this into a task or use t.when`,
    ...(position ?? {}),
  });
}

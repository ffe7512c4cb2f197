import { wrongConvention } from './dag.js';
import { declareTask, type TaskKind } from './metadata.js';
import type { PokeResult } from './poke-result.js';
import { capturePosition, type LazyPosition } from './source-position.js';
import type { SensorOptions, ShortCircuitOptions, TaskOptions, TeardownOptions } from './task-options.js';
import type { AnyFunction } from './wired.js';

/** Refuses methods whose result cannot be stored, with the reason in the compiler's message. */
type CheckedOutput<F extends AnyFunction> =
  HasFunction<Awaited<ReturnType<F>>> extends true ? 'a task must return plain data: its result contains a function' : F;

type Opaque = Date | Uint8Array | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | PokeResult<unknown>;
/** Looks four levels deep, which keeps recursive types finite. */
type HasFunction<T, Depth extends readonly unknown[] = []> = unknown extends T
  ? false
  : Depth['length'] extends 4
    ? false
    : true extends (
          T extends AnyFunction
            ? true
            : T extends Opaque
              ? false
              : T extends object
                ? { [K in keyof Parts<T>]: HasFunction<Parts<T>[K], [...Depth, 0]> }[keyof Parts<T>]
                : false
        )
      ? true
      : false;
/** Of a list only the elements count, not its methods. */
type Parts<T> = T extends readonly (infer E)[] ? { element: E } : Required<T>;

/** Only `value` of a property descriptor is looked at: the whole type would add lines about setters to every error. */
type TaskDecorator = <F extends AnyFunction>(
  target: object,
  member: string,
  descriptor: { value?: F } & { value?: CheckedOutput<F> },
) => void;
type Look = boolean | PokeResult<unknown>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- parameters of any sensor
type SensorDecorator = <F extends (...parameters: any[]) => Look | Promise<Look>>(
  target: object,
  member: string,
  descriptor: { value?: F },
) => void;

/** Names of the members a branch says it can choose; ids that the compiler cannot know (`string`, patterns, groups' `a.b`) are left alone. */
type LiteralIds<R> = R extends string
  ? {} extends Record<R, 1>
    ? never
    : R extends `${string}.${string}`
      ? never
      : R
  : R extends readonly (infer E)[]
    ? LiteralIds<E>
    : never;
type CheckedBranch<T, F extends AnyFunction> =
  Exclude<LiteralIds<Awaited<ReturnType<F>>>, keyof T> extends infer Unknown
    ? [Unknown] extends [never]
      ? F
      : `"${Unknown & string}" is not a task of this class; for an id given with .as() or a group, return a string`
    : never;
/** Task ids, one or several; null or none: nothing below it runs. */
type Choice = string | readonly string[] | null | undefined | void;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- parameters of any branch
type BranchDecorator = <T extends object, F extends (...parameters: any[]) => Choice | Promise<Choice>>(
  target: T,
  member: string,
  descriptor: { value?: F } & { value?: CheckedBranch<T, F> },
) => void;

/**
 * Makes a task of a method. Its parameters are its data, its return value is what it hands on; everything else about the run comes
 * from `context()`.
 * @throws AirflowLikeError D001 when the compiler uses the new decorator convention. All other mistakes are reported together when the
 * file is loaded.
 */
export const task: {
  (options?: TaskOptions): TaskDecorator;
  /** Makes a sensor of a method: it is called again and again until it returns true, or a `PokeResult` that is done. */
  sensor(options?: SensorOptions): SensorDecorator;
  /** Makes ready what the tasks below it need, up to its teardown. When it fails, they do not run. */
  setup(options?: TaskOptions): TaskDecorator;
  /** Cleans up what the setups above it made, however the tasks between them ended. */
  teardown(options?: TeardownOptions): TaskDecorator;
  /** Returns the ids of the direct children to go on with; the others are skipped. */
  branch(options?: TaskOptions): BranchDecorator;
  /** A falsy return value skips everything below. */
  shortCircuit(options?: ShortCircuitOptions): TaskDecorator;
} = Object.assign(
  function task(...parameters: readonly unknown[]): TaskDecorator {
    return decorator('@task', 'task', parameters, capturePosition(task));
  },
  {
    sensor: function sensor(...parameters: readonly unknown[]): SensorDecorator {
      return decorator('@task.sensor', 'sensor', parameters, capturePosition(sensor));
    },
    setup: function setup(...parameters: readonly unknown[]): TaskDecorator {
      return decorator('@task.setup', 'setup', parameters, capturePosition(setup));
    },
    teardown: function teardown(...parameters: readonly unknown[]): TaskDecorator {
      return decorator('@task.teardown', 'teardown', parameters, capturePosition(teardown));
    },
    branch: function branch(...parameters: readonly unknown[]): BranchDecorator {
      return decorator('@task.branch', 'branch', parameters, capturePosition(branch));
    },
    shortCircuit: function shortCircuit(...parameters: readonly unknown[]): TaskDecorator {
      return decorator('@task.shortCircuit', 'shortCircuit', parameters, capturePosition(shortCircuit));
    },
  },
);

function decorator(name: string, kind: TaskKind, factoryParameters: readonly unknown[], position: LazyPosition) {
  const decorate = (...parameters: readonly unknown[]): void => {
    const [target, member, descriptor] = parameters;
    if (typeof member === 'object' && member !== null && 'kind' in member) throw wrongConvention(name, position()?.file);
    const isStatic = typeof target === 'function' && member !== undefined;
    if (typeof target === 'function' && member === undefined) {
      const misuse = `${name}() is for methods; a class takes @dag()`;
      declareTask(target.prototype as object, { member: target.name, kind, options: {}, position, misuse });
      return;
    }
    declareTask(isStatic ? (target.prototype as object) : (target as object), {
      member: String(member),
      kind,
      options: isBare ? {} : factoryParameters[0],
      // The compiler's own code called, or the call is part of another statement: the place of the member is used.
      position: isBare || typeof descriptor === 'number' ? () => null : position,
      misuse: isBare
        ? `write ${name}() with parentheses before "${String(member)}"`
        : misuseOf(name, String(member), isStatic, descriptor as PropertyDescriptor | number | undefined),
    });
  };
  // `@task` without parentheses: the compiler has just called the factory as if it were the decorator.
  const isBare = factoryParameters.length > 1;
  if (isBare) decorate(...factoryParameters);
  return isBare ? (undefined as never) : decorate;
}

function misuseOf(
  name: string,
  member: string,
  isStatic: boolean,
  descriptor: PropertyDescriptor | number | undefined,
): string | null {
  if (typeof descriptor === 'number') return `${name}() is for methods, not for a parameter of "${member}"`;
  if (isStatic) return `"${member}" is static; a task is called on an instance: remove static`;
  if (descriptor?.get || descriptor?.set) return `"${member}" is an accessor; write a method: async ${member}() { ... }`;
  if (typeof descriptor?.value !== 'function') {
    return `"${member}" is a field; ${name}() is for methods, and an operator in a field needs no decorator`;
  }
  if (member.startsWith('#')) return `"${member}" is private; a task must be a public method`;
  if (member === 'wire') return '"wire" says how tasks hang together and cannot be one';
  if (member === 'group') return '"group" is what t.group(...) is called; give the method another name';
  return null;
}

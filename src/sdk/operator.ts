import type { DecisionSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import type { TaskContext } from './context.js';
import { capturePosition, type LazyPosition } from './source-position.js';
import { TASK_OPTION_NAMES } from './check-task-options.js';
import type { TaskOptions } from './task-options.js';

const OPERATOR = Symbol.for('airflow-like:operator');

declare const INPUTS: unique symbol;
declare const RESULT: unique symbol;

/** A task made of options instead of a method: a class field such as `ingest = bash({ command: '...' })`, wired like a method. */
export interface Operator<P extends readonly unknown[], R> {
  readonly [OPERATOR]: OperatorUse;
  /** Only for the compiler: no such properties exist. */
  readonly [INPUTS]: (inputs: P) => void;
  readonly [RESULT]: R;
}

/** A value of a template field: itself, with texts that may be templates, or a function that makes it when the task runs. */
export type Templated<V> = V | ((context: TaskContext) => V | Promise<V>);

/** Options as `execute` gets them: those named by `T` are values by then. */
export type RenderedOptions<O extends object, T extends keyof O> = {
  readonly [Name in keyof O]: Name extends T ? Exclude<O[Name], (context: TaskContext) => unknown> : O[Name];
};

/** How a kind of operator is defined, by this package and by plugins. `T` names the options that are templates. */
export interface OperatorDefinition<O extends object, P extends readonly unknown[], R, T extends keyof O & string = never> {
  /** Shown as the task's operator, for example `bash`. */
  readonly name: string;
  /** Names of its own options. Everything else an author writes must be an option of a task. */
  readonly optionNames: readonly (keyof O & string)[];
  /** How its return value decides what runs below it: task ids, or a truthy or falsy value. Default: it does not. */
  readonly decides?: DecisionSpec;
  /** True: there is nothing to execute, it succeeds as soon as it may run. Default false. */
  readonly isInstant?: boolean;
  /**
   * Options that are templates: the texts in them, also inside lists and objects, are rendered before `execute` gets them, and a function in
   * place of a value is called with the context. What they were rendered to is shown with the attempt.
   */
  readonly templateFields?: readonly T[];
  /** Throws when options cannot be right; called when the DAG file is loaded. */
  readonly checkOptions?: (options: O) => void;
  /** Does the work. `inputs` are the arguments it was wired with, `context()` works. What it returns is the task's output. */
  readonly execute: (options: RenderedOptions<O, T>, inputs: P) => R;
}

/** What an operator field holds. */
export interface OperatorUse {
  readonly name: string;
  /** A sensor is called again and again. */
  readonly kind: 'task' | 'sensor';
  readonly taskOptions: Readonly<Record<string, unknown>>;
  readonly position: LazyPosition;
  /** Names that are neither options of the operator nor of a task. */
  readonly unknownOptions: readonly { readonly name: string; readonly value: unknown; readonly suggestion: string | null }[];
  readonly allowedOptions: readonly string[];
  readonly decides: DecisionSpec | null;
  readonly isInstant: boolean;
  readonly templateFields: readonly string[];
  /** Those of them that were given, as the author wrote them. */
  readonly templates: Readonly<Record<string, unknown>>;
  checkOptions(): void;
  /** @param rendered What takes the place of `templates`. */
  execute(inputs: readonly unknown[], rendered?: Readonly<Record<string, unknown>>): unknown;
}

/**
 * Defines a kind of operator. The answer is what authors call with its options and those of a task in one object.
 * @throws AirflowLikeError PLUGIN_INVALID when an option has the name of a task option.
 */
export function operator<O extends object, R, P extends readonly unknown[] = [], T extends keyof O & string = never>(
  definition: OperatorDefinition<O, P, R, T>,
): (...options: OptionsOf<O>) => Operator<P, R> {
  return defineUse<O, P, R, T, OperatorTaskOptions>('task', TASK_OPTION_NAMES, definition);
}

/** A definition of either kind: `execute` of a sensor is also told the options of the task. */
interface UseDefinition<O extends object, P extends readonly unknown[], R, T extends keyof O & string> extends Omit<
  OperatorDefinition<O, P, R, T>,
  'execute'
> {
  readonly execute: (options: RenderedOptions<O, T>, inputs: P, taskOptions: OperatorUse['taskOptions']) => R;
}

/**
 * What `operator` and `sensor` share.
 * @param taskOptionNames Options of the task that it becomes.
 */
export function defineUse<O extends object, P extends readonly unknown[], R, T extends keyof O & string, TaskPart>(
  kind: OperatorUse['kind'],
  taskOptionNames: readonly string[],
  definition: UseDefinition<O, P, R, T>,
): (...options: OptionsOf<O, TaskPart>) => Operator<P, R> {
  const own = new Set<string>(definition.optionNames);
  const clash = definition.optionNames.find((name) => taskOptionNames.includes(name));
  if (clash !== undefined) {
    throw new AirflowLikeError('PLUGIN_INVALID', {
      place: `${kind === 'task' ? 'operator' : kind} ${definition.name}`,
      message: `an option of ${kind === 'task' ? 'an operator' : 'a sensor'} has the name of a task option`,
      value: clash,
    });
  }
  const allowedOptions = [...definition.optionNames, ...taskOptionNames];
  return function use(...[options]) {
    const position = capturePosition(use);
    const ownOptions: Record<string, unknown> = {};
    const taskOptions: Record<string, unknown> = {};
    const unknownOptions: OperatorUse['unknownOptions'][number][] = [];
    for (const [name, value] of Object.entries(options ?? {})) {
      if (own.has(name)) ownOptions[name] = value;
      else if (taskOptionNames.includes(name)) taskOptions[name] = value;
      else unknownOptions.push({ name, value, suggestion: nearestName(name, allowedOptions) });
    }
    const bound: OperatorUse = {
      name: definition.name,
      kind,
      taskOptions,
      position,
      unknownOptions,
      allowedOptions,
      decides: definition.decides ?? null,
      isInstant: definition.isInstant ?? false,
      checkOptions: () => definition.checkOptions?.(ownOptions as O),
      templateFields: definition.templateFields ?? [],
      templates: Object.fromEntries(
        Object.entries(ownOptions).filter(([name]) => definition.templateFields?.includes(name as T) === true),
      ),
      execute: (inputs, rendered) =>
        definition.execute({ ...ownOptions, ...rendered } as RenderedOptions<O, T>, inputs as P, taskOptions),
    };
    return Object.freeze({ [OPERATOR]: bound }) as unknown as Operator<P, R>;
  };
}

/** An operator all of whose options can be left out is called without any. */
export type OptionsOf<O extends object, TaskPart = OperatorTaskOptions> =
  Partial<O> extends O ? [options?: O & TaskPart] : [options: O & TaskPart];

/** Options of a task that make sense on an operator: its code has no edges to declare in a decorator. */
export type OperatorTaskOptions = Omit<TaskOptions, 'upstream'>;

/** The use behind an operator value; null for anything else. */
export function operatorUseOf(value: unknown): OperatorUse | null {
  return typeof value === 'object' && value !== null && OPERATOR in value ? (value as Operator<never, unknown>)[OPERATOR] : null;
}

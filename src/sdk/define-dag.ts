import type { DagClass } from './dag.js';
import type { DagOptions } from './dag-options.js';
import type { Operator } from './operator.js';
import type { PokeResult } from './poke-result.js';
import { capturePosition, type LazyPosition } from './source-position.js';
import type { SensorOptions, ShortCircuitOptions, TaskOptions, TeardownOptions } from './task-options.js';
import type { AnyFunction, FlowWiring, GroupWiring, NotAsync, WiredTask } from './wired.js';

/** DAGs without classes, and families of DAGs. Both end in the same recorder as `@dag`, with the same types and mistakes. */

const DEFINED = Symbol.for('airflow-like:defined-dag');
const FAMILY = Symbol.for('airflow-like:dag-family');

/** What `defineDag` returns: export it from a file in the DAGs folder. */
export interface DefinedDag {
  readonly dagId: string;
  readonly [DEFINED]: DagDefinitionParts;
}

export interface DagDefinitionParts {
  readonly dagId: unknown;
  readonly options: unknown;
  readonly wire: (d: DagBuilder) => unknown;
  readonly position: LazyPosition;
}

type WithoutIds<O extends TaskOptions> = Omit<O, 'taskId' | 'upstream'>;
type FunctionTaskOptions = WithoutIds<TaskOptions>;
/** Makes a task of a function, with or without options. */
interface TaskMaker<O> {
  <F extends AnyFunction>(taskId: string, run: F): TaskOf<F>;
  <F extends AnyFunction>(taskId: string, options: O, run: F): TaskOf<F>;
}
type Choice = string | readonly string[] | null | undefined | void;
interface BranchMaker {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- parameters of any branch
  <F extends (...parameters: any[]) => Choice | Promise<Choice>>(taskId: string, choose: F): TaskOf<F>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- parameters of any branch
  <F extends (...parameters: any[]) => Choice | Promise<Choice>>(
    taskId: string,
    options: FunctionTaskOptions,
    choose: F,
  ): TaskOf<F>;
}
type Look = boolean | PokeResult<unknown>;
type TaskOf<F extends AnyFunction> = WiredTask<Parameters<F>, ReturnType<F>>;

/** What the function of `defineDag` is given: it makes tasks of functions, and what it returns is called to place them in the graph. */
export interface DagBuilder extends GroupWiring<DagBuilder>, FlowWiring<DagBuilder> {
  readonly task: TaskMaker<FunctionTaskOptions>;
  readonly setup: TaskMaker<FunctionTaskOptions>;
  readonly teardown: TaskMaker<Omit<TeardownOptions, 'taskId' | 'upstream'>>;
  readonly branch: BranchMaker;
  readonly shortCircuit: TaskMaker<WithoutIds<ShortCircuitOptions>>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- parameters of any sensor
  sensor<F extends (...parameters: any[]) => Look | Promise<Look>>(
    taskId: string,
    options: Omit<SensorOptions, 'taskId' | 'upstream'>,
    poke: F,
  ): TaskOf<F>;
  operator<P extends readonly unknown[], R>(taskId: string, operator: Operator<P, R>): WiredTask<P, R>;
}

/** A DAG as a function: the same tasks, options and mistakes as a class with `@dag`. */
export function defineDag<R>(dagId: string, options: DagOptions, wire: (d: DagBuilder) => NotAsync<R>): DefinedDag {
  const position = capturePosition(defineDag);
  return Object.freeze({ dagId, [DEFINED]: { dagId, options, wire, position } });
}

export function definitionPartsOf(value: unknown): DagDefinitionParts | null {
  return typeof value === 'object' && value !== null && DEFINED in value ? (value as DefinedDag)[DEFINED] : null;
}

/** What `defineDags` returns: export it from a file in the DAGs folder. */
export interface DagFamily {
  readonly dags: readonly (DagClass | DefinedDag)[];
  readonly [FAMILY]: true;
}

/**
 * One DAG for each entry of a manifest. `define` returns a class with `@dag({ dagId })`, or what `defineDag` returned; each must have
 * an id of its own. Of an object, `define` gets the value and the key.
 */
export function defineDags<E>(
  manifest: readonly E[] | Readonly<Record<string, E>>,
  define: (entry: E, key: string) => DagClass | DefinedDag,
): DagFamily {
  const dags = Object.entries<E>(manifest as Readonly<Record<string, E>>).map(([key, entry]) => define(entry, key));
  return Object.freeze({ dags: Object.freeze(dags), [FAMILY]: true as const });
}

export function isDagFamily(value: unknown): value is DagFamily {
  return typeof value === 'object' && value !== null && FAMILY in value;
}

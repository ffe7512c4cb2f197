/** What the compiler knows of a DAG class in a test: the names of its tasks, what they take and what they return. */
import type { DagClass } from '../sdk/dag.js';
import type { DefinedDag } from '../sdk/define-dag.js';
import type { Operator } from '../sdk/operator.js';
import type { AnyFunction, Output } from '../sdk/wired.js';
import type { TimedStub } from './stubs.js';

/** What can be run: a class with `@dag`, what `defineDag` returned, or one of the `dags` of a `defineDags`. */
export type TestableDag = DagClass | DefinedDag;

/** Tasks of which only run time knows the names: those of `defineDag`. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any task
export type UntypedTasks = Record<string, (...parameters: any[]) => any>;

/** The tasks of a DAG: the members of its class. */
export type TasksOf<D extends TestableDag> = D extends new () => infer T
  ? keyof T extends never
    ? UntypedTasks
    : T
  : UntypedTasks;

/** Names of the members that are methods or operators; `wire` is none. */
export type TaskName<T> = {
  [K in keyof T & string]: K extends 'wire' ? never : T[K] extends AnyFunction | Operator<never, unknown> ? K : never;
}[keyof T & string];

/** Ids a task may go by: its member's name, behind the groups it stands in, or an id given with `.as('id')`. */
export type TaskId<T> = TaskName<T> | (string & {});

/** The member that an id belongs to, as far as the compiler can tell. */
export type MemberOf<T, Id extends string> = Id extends keyof T
  ? T[Id]
  : Id extends `${string}.${infer Rest}`
    ? MemberOf<T, Rest>
    : unknown;

/** Arguments of a task. */
export type InputsOf<M> =
  M extends Operator<infer P, unknown> ? P : M extends (...parameters: infer P) => unknown ? P : readonly unknown[];

/** What a task hands on. */
export type OutputOf<M> = M extends Operator<never, infer R> ? Output<R> : M extends AnyFunction ? Output<ReturnType<M>> : unknown;

/** What a task's code returns, a sensor's verdict included. */
type ResultOf<M> = M extends Operator<never, infer R> ? Awaited<R> : M extends AnyFunction ? Awaited<ReturnType<M>> : never;

/** Stands for a task's code: what it would return, at once or after some time, or a function that is called with the task's inputs. */
export type Stub<M> =
  ResultOf<M> | TimedStub<ResultOf<M>> | ((...inputs: InputsOf<M> & readonly unknown[]) => ResultOf<M> | Promise<ResultOf<M>>);

/** Stubs by member, or by task id where a member has several tasks or stands in a group. */
export type Stubs<T> = { readonly [K in TaskName<T>]?: Stub<T[K]> } & {
  readonly [K in `${string}.${TaskName<T>}`]?: K extends `${string}.${infer Rest}` ? Stub<MemberOf<T, Rest>> : never;
};

import 'reflect-metadata';
import type { LazyPosition } from './source-position.js';

/**
 * What decorators leave on classes, and how it is read again. Keys are registered symbols, so that two copies of this package (a linked
 * one and an installed one) understand each other. Nothing here depends on the `design:*` metadata of a compiler.
 */

const DAG_KEY = Symbol.for('airflow-like:dag');
const TASKS_KEY = Symbol.for('airflow-like:tasks');

/** One `@dag(...)`: the options as written, not yet checked. */
export interface DagDeclaration {
  readonly options: unknown;
  readonly position: LazyPosition;
  /** Why it cannot stand as it is written (D002); null when it can. */
  readonly misuse: string | null;
}

/** Which decorator was used: each has options of its own. */
export const TASK_KINDS = ['task', 'sensor', 'setup', 'teardown', 'branch', 'shortCircuit'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** One `@task(...)`, `@task.sensor(...)`...: the options as written, not yet checked. */
export interface TaskDeclaration {
  readonly member: string;
  readonly kind: TaskKind;
  readonly options: unknown;
  readonly position: LazyPosition;
  /** Why the decorated member cannot be a task (D002); null when it can. */
  readonly misuse: string | null;
}

export function declareDag(target: object, declaration: DagDeclaration): void {
  const misuse = dagDeclarationOf(target) ? 'a class takes one @dag()' : declaration.misuse;
  Reflect.defineMetadata(DAG_KEY, { ...declaration, misuse }, target);
}

/** The `@dag` of this very class; one that it inherits does not count. */
export function dagDeclarationOf(target: object): DagDeclaration | null {
  return (Reflect.getOwnMetadata(DAG_KEY, target) as DagDeclaration | undefined) ?? null;
}

export function declareTask(prototype: object, declaration: TaskDeclaration): void {
  const own = (Reflect.getOwnMetadata(TASKS_KEY, prototype) as TaskDeclaration[] | undefined) ?? [];
  const isRepeated = declaration.misuse === null && own.some(({ member }) => member === declaration.member);
  const misuse = isRepeated ? `"${declaration.member}" has two task decorators; leave one` : declaration.misuse;
  Reflect.defineMetadata(TASKS_KEY, [...own, { ...declaration, misuse }], prototype);
}

/** The task declarations of a class in the order they are written, those of base classes first; a repeated member's last one counts. */
export function taskDeclarationsOf(prototype: object | null): readonly TaskDeclaration[] {
  const byMember = new Map<string, TaskDeclaration>();
  const collect = (level: object | null): void => {
    if (level === null || level === Object.prototype) return;
    collect(Object.getPrototypeOf(level) as object | null);
    const own = (Reflect.getOwnMetadata(TASKS_KEY, level) as TaskDeclaration[] | undefined) ?? [];
    for (const declaration of own) byMember.set(declaration.member, declaration);
  };
  collect(prototype);
  return [...byMember.values()];
}

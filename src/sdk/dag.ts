import { AirflowLikeError } from '../model/errors.js';
import type { DagOptions } from './dag-options.js';
import { declareDag, declareTask } from './metadata.js';
import { capturePosition } from './source-position.js';

/** A class that `@dag` accepts: made without arguments, with a `wire` that is not async. */
export type DagClass = new () => object;

type WireOf<C extends DagClass> = InstanceType<C> extends { wire: (...parameters: never[]) => infer R } ? R : void;
type CheckedClass<C extends DagClass> =
  WireOf<C> extends PromiseLike<unknown> ? C & 'wire must not be async: the graph is complete when it returns' : C;

/**
 * Makes a DAG of a class: its methods with `@task()` are the tasks, its `wire` method says how they hang together. Export the class
 * from a file in the DAGs folder.
 * @throws AirflowLikeError D001 when the compiler uses the new decorator convention. All other mistakes are reported together when the
 * file is loaded.
 */
export function dag(options: DagOptions = {}): <C extends DagClass>(target: CheckedClass<C>) => void {
  const position = capturePosition(dag);
  // `@dag` without parentheses: the compiler has just called the factory as if it were the decorator.
  if (typeof options === 'function') {
    // The compiler's own code called, so the place is unknown.
    declareDag(options, { options: {}, position: () => null, misuse: 'write @dag() with parentheses' });
    return undefined as never;
  }
  return (...parameters: readonly unknown[]) => {
    const [target, second] = parameters;
    if (typeof second === 'object' && second !== null && 'kind' in second) throw wrongConvention('@dag', position()?.file);
    if (typeof target === 'function' && second === undefined) {
      declareDag(target, { options, position, misuse: null });
      return;
    }
    const member = String(second);
    const prototype = (typeof target === 'function' ? target.prototype : target) as object;
    const misuse = `@dag() is for classes; "${member}" takes @task()`;
    declareTask(prototype, { member, kind: 'task', options: {}, position, misuse });
  };
}

/** D001, with the one-line fix. */
export function wrongConvention(decorator: string, file: string | undefined): AirflowLikeError {
  return new AirflowLikeError('D001', {
    place: decorator,
    message:
      `${decorator} was called with the new decorator convention. Add "experimentalDecorators": true to the compilerOptions of the tsconfig ` +
      `that covers ${file ?? 'this file'} (tsx and esbuild ignore a tsconfig whose "include" does not contain the file)`,
    ...(file === undefined ? {} : { file }),
  });
}

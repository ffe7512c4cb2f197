import { AirflowLikeError } from '../model/errors.js';
import type { DagOptions } from './dag-options.js';
import { declareDag } from './metadata.js';
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
  return (...parameters: readonly unknown[]) => {
    const [target, decoratorContext] = parameters;
    if (typeof decoratorContext === 'object' && decoratorContext !== null && 'kind' in decoratorContext)
      throw wrongConvention('@dag', position()?.file);
    declareDag(target as object, { options, position });
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

/**
 * What an author's file gets for `airflow-like` and its sub-paths: the modules of the package that is running, never a second copy, so that
 * decorators and their readers share one state wherever the author's folder lies.
 */
import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import { namedExports } from './named-exports.js';

const NAME = 'airflow-like';

/** Not literals in an `import()`: the author band must not depend on the bands that these belong to. */
const SUBPATHS: Readonly<Record<string, string>> = {
  [NAME]: '../sdk/index.js',
  [`${NAME}/config`]: '../config/index.js',
  [`${NAME}/plugin`]: '../plugins/index.js',
  [`${NAME}/testing`]: '../testing/index.js',
};

export function isOwnSpecifier(specifier: string): boolean {
  return specifier === NAME || specifier.startsWith(`${NAME}/`);
}

/**
 * @throws AirflowLikeError IMPORT_ERROR for a sub-path that the package does not export.
 */
export async function importOwn(specifier: string): Promise<object> {
  const file = SUBPATHS[specifier];
  if (!file) {
    throw new AirflowLikeError('IMPORT_ERROR', {
      message: 'the package has no such entry point',
      value: specifier,
      allowed: Object.keys(SUBPATHS).join(', '),
      suggestion: nearestName(specifier, Object.keys(SUBPATHS)),
    });
  }
  return namedExports(specifier, (await import(file)) as object);
}

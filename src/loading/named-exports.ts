import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';

/**
 * A module as its importers see it. Reading an export that does not exist throws with the nearest name, where plain CommonJS would give
 * undefined and a puzzle further on.
 */
export function namedExports(specifier: string, namespace: object): object {
  return new Proxy(namespace, {
    get(target, name) {
      if (typeof name === 'symbol' || name in target || name === 'then') return Reflect.get(target, name) as unknown;
      if (name === '__esModule') return true;
      throw new AirflowLikeError('IMPORT_ERROR', {
        message: `"${specifier}" has no export named "${name}"`,
        suggestion: nearestName(name, Object.keys(target)),
      });
    },
  });
}

import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import { capturePosition } from './source-position.js';

/**
 * The object that `wire` is given: task handles by name. Anything else that is asked for is answered with a mistake that says why.
 * @param methods names of methods of the class that are not tasks.
 */
export function wiringObject(tools: Readonly<Record<string, unknown>>, className: string, methods: readonly string[]): object {
  return new Proxy(Object.freeze({ ...tools }), {
    get: function get(target, name) {
      if (typeof name === 'symbol' || name === 'then' || name === 'toJSON' || Object.hasOwn(target, name)) {
        return Reflect.get(target, name) as unknown;
      }
      const at = { place: `${className}.wire`, ...capturePosition(get)() };
      if (methods.includes(name)) {
        throw new AirflowLikeError('TASK_MISSING_WRAPPER', {
          ...at,
          message: `"${name}" is a method of ${className} but has no @task()`,
        });
      }
      throw new AirflowLikeError('UNKNOWN_NAME', {
        ...at,
        message: `${className} has no task "${name}"`,
        allowed: Object.keys(target).join(', '),
        suggestion: nearestName(name, [...Object.keys(target), ...methods]),
      });
    },
  });
}

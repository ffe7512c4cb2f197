import { AirflowLikeError, showValue } from '../model/errors.js';
import type { ParamsSpec } from '../model/dag-spec.js';
import type { Conf } from './parse-conf.js';

/**
 * Checks the params of a run, the DAG's defaults with `conf` laid over them, against the DAG's JSON Schema.
 * @throws AirflowLikeError PARAM_INVALID that lists every param that is wrong; PARAM_SCHEMA_INVALID when the stored schema cannot be used.
 */
export async function checkParams(params: ParamsSpec | null, conf: Conf): Promise<void> {
  if (params === null) return;
  const { z } = await import('zod'); // 60 ms to load, needed by DAGs with params only
  let schema;
  try {
    schema = z.fromJSONSchema(params.jsonSchema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch (error) {
    throw new AirflowLikeError('PARAM_SCHEMA_INVALID', { place: 'params', message: (error as Error).message, cause: error });
  }
  const given: Conf = { ...params.defaults, ...conf };
  const checked = schema.safeParse(given);
  if (checked.success) return;
  const mistakes = checked.error.issues.map(({ path, message }) => {
    const value = path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key], given);
    return `${['params', ...path.map(String)].join('.')}: ${message}, got ${showValue(path.length === 0 ? Object.keys(given) : value)}`;
  });
  const [only] = mistakes;
  throw new AirflowLikeError('PARAM_INVALID', {
    place: 'conf',
    message: mistakes.length === 1 ? (only as string) : [`${mistakes.length} params are wrong`, ...mistakes].join('\n  '),
  });
}

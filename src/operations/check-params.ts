import { AirflowLikeError, showPlace, showValue } from '../model/errors.js';
import type { ParamsSpec } from '../model/dag-spec.js';
import { nearestName } from '../model/nearest-name.js';
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
  const mistakes = checked.error.issues.flatMap((issue) => {
    const { path, message } = issue;
    if (issue.code === 'unrecognized_keys' && path.length === 0) return issue.keys.map((key) => unknownParam(key, given, params));
    const value = path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key], given);
    return `${['params', ...path.map(String)].join('.')}: ${message}, got ${showValue(value)}`;
  });
  const [only] = mistakes;
  throw new AirflowLikeError('PARAM_INVALID', {
    place: 'conf',
    message: mistakes.length === 1 ? (only as string) : [`${mistakes.length} params are wrong`, ...mistakes].join('\n  '),
  });
}

function unknownParam(name: string, given: Conf, { jsonSchema }: ParamsSpec): string {
  const known = Object.keys((jsonSchema as { readonly properties?: object }).properties ?? {});
  const nearest = nearestName(name, known);
  const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
  return `params.${showPlace(name)}: there is no such param, got ${showValue(given[name])}; allowed: ${known.join(', ')}${hint}`;
}

import { encodeTagged } from '../model/codec.js';
import type { ParamsSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import type { TaggedJson } from '../model/tagged-json.js';
import { nearestName } from '../model/nearest-name.js';
import { isCatastrophic } from './regex-ambiguity.js';
import { describeIssues, isStandardSchema, type StandardSchema } from './standard-schema.js';

/**
 * The `params` of a DAG as data: a JSON Schema, which every later check and form uses, and the defaults. The author's schema object itself
 * is asked only here; no schema library is imported.
 */

/**
 * @param isScheduled a DAG with a schedule must have a default for every param: nobody is there to give it.
 * @throws AirflowLikeError PARAM_SCHEMA_INVALID, or ARG_NOT_SERIALIZABLE for a default that cannot be stored.
 */
export function checkParams(params: unknown, place: string, isScheduled: boolean): ParamsSpec {
  if (isStandardSchema(params)) return fromSchema(params, place, isScheduled);
  if (typeof params === 'object' && params !== null && !Array.isArray(params)) return fromValues(params, place);
  throw new AirflowLikeError('PARAM_SCHEMA_INVALID', {
    place,
    message: 'params must be a Standard Schema (for example z.object({...})) or an object of default values',
    value: params,
  });
}

function fromValues(values: object, place: string): ParamsSpec {
  // Taken as defaults it would check nothing: its author would not learn of it before a wrong run.
  if ('$schema' in values || '$ref' in values || ('properties' in values && 'type' in values && values.type === 'object')) {
    throw invalid(
      place,
      'this looks like a JSON Schema, and would be taken for default values; give a Standard Schema, for example z.fromJSONSchema({...})',
    );
  }
  const defaults = encodeDefaults(Object.entries(values), place);
  const properties = Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, { default: value }]));
  return { jsonSchema: { type: 'object', properties }, defaults };
}

function fromSchema(schema: StandardSchema, place: string, isScheduled: boolean): ParamsSpec {
  const jsonSchema = toJsonSchema(schema, place);
  refuseUnsafe(jsonSchema, place);
  if (jsonSchema['type'] !== 'object') throw invalid(place, 'the schema of params must be that of an object', jsonSchema['type']);
  const result = validate(schema, {}, place);
  if (!result.issues) {
    const again = validate(schema, result.value, place);
    if (again.issues) throw invalid(place, `a default does not fit the schema: ${describeIssues(again.issues)}`);
    return { jsonSchema: asTagged(jsonSchema, place), defaults: encodeDefaults(Object.entries(result.value as object), place) };
  }
  if (isScheduled) {
    throw invalid(place, `a DAG with a schedule needs a default for every param: ${describeIssues(result.issues)}`);
  }
  const properties = Object.entries((jsonSchema['properties'] ?? {}) as Record<string, { default?: unknown }>);
  const withDefault = properties.filter(([, property]) => property.default !== undefined);
  return {
    jsonSchema: asTagged(jsonSchema, place),
    defaults: encodeDefaults(
      withDefault.map(([name, property]) => [name, property.default]),
      place,
    ),
  };
}

function toJsonSchema(schema: StandardSchema, place: string): Record<string, unknown> {
  const { jsonSchema, vendor } = schema['~standard'];
  if (!jsonSchema) throw invalid(place, `this ${vendor} schema cannot say itself as JSON Schema`);
  try {
    return jsonSchema.input({ target: 'draft-2020-12' });
  } catch (error) {
    throw invalid(place, `the schema cannot be said as JSON Schema: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function validate(schema: StandardSchema, value: unknown, place: string) {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw invalid(place, 'the schema of params must not be asynchronous, and must not throw');
  }
  return result;
}

/** No schema makes us fetch something, or lets a text of an outsider block the event loop. */
function refuseUnsafe(part: unknown, place: string): void {
  if (typeof part !== 'object' || part === null) return;
  for (const [key, value] of Object.entries(part)) {
    if (key === '$ref' && typeof value === 'string' && !value.startsWith('#')) {
      throw invalid(`${place}.$ref`, 'a schema can only refer to itself', value);
    }
    if (VALUES.has(key)) continue;
    // Among `properties` there may be one of this name, which is a schema.
    if (key === 'type' && (typeof value === 'string' || Array.isArray(value)) && !isJsonType(value)) {
      throw new AirflowLikeError('PARAM_SCHEMA_INVALID', {
        place: `${place}.type`,
        message: 'there is no such type',
        value,
        allowed: JSON_TYPES.join(', '),
        suggestion: typeof value === 'string' ? nearestName(value, JSON_TYPES) : null,
      });
    }
    if (key === 'pattern' && typeof value === 'string') checkPattern(value, `${place}.pattern`, part);
    else refuseUnsafe(value, `${place}.${key}`);
  }
}

/** Keywords that hold values and no schemas. */
const VALUES = new Set(['default', 'const', 'enum', 'examples']);
const JSON_TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];

function isJsonType(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isJsonType) : JSON_TYPES.includes(value as string);
}

function checkPattern(pattern: string, place: string, schema: object): void {
  try {
    new RegExp(pattern, 'u');
  } catch (error) {
    throw invalid(place, `not a regular expression: ${(error as Error).message}`, pattern);
  }
  // Patterns that come with a format (dates, e-mail addresses) are the schema library's own.
  if (!('format' in schema) && isCatastrophic(pattern))
    throw invalid(place, 'this pattern can take for ever: a repeated part of it matches some texts in many ways', pattern);
}

function encodeDefaults(entries: readonly (readonly [string, unknown])[], place: string): Record<string, TaggedJson> {
  const given = entries.filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, encodeTagged(value, `${place}.${name}`, 'ARG_NOT_SERIALIZABLE')]));
}

/** Through JSON, because schema libraries leave `undefined` and hidden functions in what they answer. */
function asTagged(jsonSchema: Record<string, unknown>, place: string): TaggedJson {
  return encodeTagged(JSON.parse(JSON.stringify(jsonSchema)), place, 'ARG_NOT_SERIALIZABLE');
}

function invalid(place: string, message: string, ...value: readonly unknown[]): AirflowLikeError {
  return new AirflowLikeError('PARAM_SCHEMA_INVALID', value.length > 0 ? { place, message, value: value[0] } : { place, message });
}

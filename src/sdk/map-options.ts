import type { MapSpec } from '../model/dag-spec.js';
import { encodeTagged } from '../model/codec.js';
import { AirflowLikeError } from '../model/errors.js';
import { checkOptions, integer, type OptionPlace } from './check-options.js';
import { mapLabel, type TaskSettings } from './check-task-options.js';
import type { ProblemList } from './problems.js';
import type { MapLabel } from './task-options.js';

/** The options of a mapping: the last argument of `map`, `mapZip` and `mapProduct`. */

/** Options of `mapProduct`, and what the other forms share with it. */
export interface ProductOptions<A = never> {
  /** Copies that may run at once in one run. Default: no limit of its own. */
  readonly concurrency?: number;
  /** So many copies, or `'1%'` of them, may fail without the task counting as failed. Default 0. */
  readonly allowFailures?: number | `${number}%`;
  /** The name under which people see a copy, in place of its index: the task option `mapIndexTemplate` for this call. */
  readonly name?: string | ((element: A, ...rest: never[]) => string);
}

/** Options of `map`. */
export interface MapOptions<A = never> extends ProductOptions<A> {
  /** Elements that one copy works through, one call after the other. Default 1. */
  readonly chunk?: number;
}

/** Options of `mapZip`. */
export interface ZipOptions<A = never, Fill = unknown> extends ProductOptions<A> {
  /** Stands in for the elements that a shorter source lacks. Default: the copies end with the shortest source. */
  readonly fill?: Fill;
}

const MAX_INTEGER = 2_147_483_647;

const PRODUCT_TABLE = { concurrency: integer(1, MAX_INTEGER), allowFailures, name: mapLabel };
const TABLES = {
  each: { ...PRODUCT_TABLE, chunk: integer(1, MAX_INTEGER) },
  zip: { ...PRODUCT_TABLE, fill: storable },
  product: PRODUCT_TABLE,
} as const;
const HINTS = {
  limit: 'concurrency',
  maxActiveTisPerDagrun: 'concurrency',
  chunkSize: 'chunk',
  batch: 'chunk',
  mapIndexTemplate: 'name',
  fillvalue: 'fill',
  chunk: 'only map has chunks',
  fill: 'only mapZip fills up',
};

export interface CheckedMapOptions {
  readonly map: Pick<MapSpec, 'fill' | 'chunk' | 'allowFailures'>;
  readonly settings: Partial<TaskSettings>;
}

export function checkMapOptions(
  kind: MapSpec['kind'],
  options: unknown,
  at: OptionPlace,
  problems: ProblemList,
): CheckedMapOptions {
  const checked: { [K in keyof MapSpec | 'concurrency' | 'name']?: unknown } = checkOptions(
    options,
    TABLES[kind] as (typeof TABLES)['each'],
    { ...at, hints: HINTS },
    problems,
  );
  const { concurrency, name, chunk, ...map } = checked;
  return {
    map: { ...map, ...(chunk === undefined || chunk === 1 ? {} : { chunk }) } as CheckedMapOptions['map'],
    settings: {
      ...(concurrency === undefined ? {} : { maxActiveTisPerDagrun: concurrency as number }),
      ...(name === undefined ? {} : { mapIndexTemplate: name as string | MapLabel }),
    },
  };
}

/** Whether a value can only be meant as options: for tasks of which the number of parameters is not known. */
export function looksLikeMapOptions(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) === null || Array.isArray(value)) return false;
  const names = Object.keys(value);
  return names.length > 0 && names.every((name) => Object.values(TABLES).some((table) => Object.hasOwn(table, name)));
}

function allowFailures(value: unknown, place: string): MapSpec['allowFailures'] {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_INTEGER) return { count: value };
  const percent = typeof value === 'string' && /^\d+(?:\.\d+)?%$/.test(value) ? Number(value.slice(0, -1)) : -1;
  if (percent >= 0 && percent <= 100) return { percent };
  throw new AirflowLikeError('VALUE_RANGE', {
    place,
    message: 'this does not say how many copies may fail',
    value,
    allowed: "a number of copies, or a share of them from '0%' to '100%'",
  });
}

function storable(value: unknown, place: string): MapSpec['fill'] {
  return encodeTagged(value, place, 'ARG_NOT_SERIALIZABLE');
}

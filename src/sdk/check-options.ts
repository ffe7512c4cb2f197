import { durationMeant, parseSpan } from '../model/duration.js';
import { AirflowLikeError } from '../model/errors.js';
import { checkId } from '../model/ids.js';
import { nearestName } from '../model/nearest-name.js';
import type { ProblemList } from './problems.js';
import type { LazyPosition } from './source-position.js';

/** Checks of option objects by a table: one function per option name, which returns the value in the form the spec holds, or throws. */

export type OptionCheck<T> = (value: unknown, place: string) => T;
export type OptionTable = Readonly<Record<string, OptionCheck<unknown>>>;
export type CheckedOptions<Table extends OptionTable> = { -readonly [K in keyof Table]?: ReturnType<Table[K]> };

export interface OptionPlace {
  /** Begins the place in messages: `tasks.load`, `dag`, `defaultArgs`. */
  readonly place: string;
  readonly position: LazyPosition | null;
  /** What other names a person may try stand for: Airflow's spelling where it is not ours, or an option that belongs elsewhere. */
  readonly hints?: Readonly<Record<string, string>>;
}

/** Checks every option of `options`, each by itself, so that all mistakes are found. Options that are `undefined` count as not given. */
export function checkOptions<Table extends OptionTable>(
  options: unknown,
  table: Table,
  at: OptionPlace,
  problems: ProblemList,
): CheckedOptions<Table> {
  const checked: Record<string, unknown> = {};
  if (options === undefined) return checked as CheckedOptions<Table>;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    problems.add('VALUE_TYPE', { place: at.place, message: 'options must be an object', value: options }, at.position);
    return checked as CheckedOptions<Table>;
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const check = Object.hasOwn(table, name) ? table[name] : undefined;
    if (check) {
      const result = problems.try(() => ({ value: check(value, `${at.place}.${name}`) }), problems.partOf(at.position, name));
      if (result) checked[name] = result.value;
    } else {
      reportUnknown(name, value, Object.keys(table), at, problems);
    }
  }
  return checked as CheckedOptions<Table>;
}

export function reportUnknown(
  name: string,
  value: unknown,
  known: readonly string[],
  at: OptionPlace,
  problems: ProblemList,
): void {
  const hints = at.hints ?? {};
  const nearest = Object.hasOwn(hints, name) ? name : nearestName(name, [...known, ...Object.keys(hints)]);
  const hint = nearest !== null && Object.hasOwn(hints, nearest) ? (hints[nearest] as string) : null;
  const isSentence = hint?.includes(' ') ?? false;
  problems.add(
    'OPTION_UNKNOWN',
    {
      place: `${at.place}.${name}`,
      message: `there is no option "${name}"${isSentence ? ` here: ${hint}` : ''}`,
      value,
      allowed: known.join(', '),
      suggestion: isSentence ? (nearest === name ? null : nearest) : (hint ?? nearest),
    },
    problems.partOf(at.position, name),
  );
}

/** A whole number within the limits. */
export const integer =
  (min: number, max: number): OptionCheck<number> =>
  (value, place) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    const name = place.slice(place.lastIndexOf('.') + 1);
    throw new AirflowLikeError('VALUE_RANGE', { place, message: `${name} must be an integer ${min}-${max}`, value });
  };

export const orNull =
  <T>(check: OptionCheck<T>): OptionCheck<T | null> =>
  (value, place) =>
    value === null ? null : check(value, place);

export const flag: OptionCheck<boolean> = (value, place) => {
  if (typeof value === 'boolean') return value;
  throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this must be true or false', value });
};

/** Half of a pair: no encoding can store it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A text of at most `maxLength` characters that can be stored: no NUL. */
export const text =
  (maxLength: number): OptionCheck<string> =>
  (value, place) => {
    if (typeof value !== 'string') throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this must be a text', value });
    if (value.includes('\0'))
      throw new AirflowLikeError('ARG_HAS_NUL', { place, message: 'a text cannot contain a NUL character', value });
    if (LONE_SURROGATE.test(value))
      throw new AirflowLikeError('VALUE_TYPE', {
        place,
        message: 'this is half of a surrogate pair, which no encoding can store',
        value,
      });
    if (value.length <= maxLength) return value;
    throw new AirflowLikeError('VALUE_RANGE', { place, message: `this is longer than ${maxLength} characters`, value });
  };

/** The name of something of the installation, such as a pool or a queue. */
export const name: OptionCheck<string> = (value, place) => {
  if (
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= 250 &&
    !/[\0-\x1f]/.test(value) &&
    !LONE_SURROGATE.test(value)
  )
    return value;
  throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this must be a name of 1-250 characters', value });
};

export const id: OptionCheck<string> = (value, place) => {
  checkId(value, place);
  return value;
};

/** A list without repeats. */
export const listOf =
  (check: OptionCheck<string>): OptionCheck<readonly string[]> =>
  (value, place) => {
    if (!Array.isArray(value)) throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this must be a list', value });
    return [...new Set(value.map((item: unknown, index) => check(item, `${place}[${index}]`)))];
  };

export const oneOf =
  <T extends string>(allowed: readonly T[]): OptionCheck<T> =>
  (value, place) => {
    if (allowed.includes(value as T)) return value as T;
    throw new AirflowLikeError('UNKNOWN_NAME', {
      place,
      message: 'there is no such choice',
      value,
      allowed: allowed.join(', '),
      suggestion: typeof value === 'string' ? nearestName(value, allowed) : null,
    });
  };

/** A duration in milliseconds, with its limits as texts for messages. */
export const duration =
  (minMs: number, maxDays: number): OptionCheck<number> =>
  (value, place) => {
    const span = typeof value === 'string' ? parseSpan(value) : null;
    if (!span || span.months !== 0) {
      throw new AirflowLikeError('DURATION_INVALID', {
        place,
        message: span ? 'months and years have no fixed length; use days' : 'this is not a duration',
        value,
        allowed: "a number with ms, s, m, h, d or w, for example '30s', '5m', '1h30m'",
        suggestion: meantWithin(value, minMs, maxDays),
      });
    }
    if (span.ms >= minMs && span.ms <= maxDays * 86_400_000) return span.ms;
    throw new AirflowLikeError('VALUE_RANGE', {
      place,
      message: span.ms < minMs ? 'this is too short' : 'this is too long',
      value,
      allowed: `${minMs === 0 ? '0' : `${minMs} ms`} to ${maxDays} days`,
    });
  };

/** What was probably meant, unless that would be refused as well. */
function meantWithin(value: unknown, minMs: number, maxDays: number): string | null {
  const meant = durationMeant(value);
  const ms = meant === null ? null : (parseSpan(meant.slice(1, -1))?.ms ?? null);
  return ms !== null && ms >= minMs && ms <= maxDays * 86_400_000 ? meant : null;
}

/**
 * The kinds of value an option can have: how a kind is checked, how it is read from the text of an environment variable, and how it
 * is named in messages and docs. `options.ts` is written in these.
 */

export interface Option<Value> {
  /** For people: `integer 1-65535`, `true or false`, `list of texts`... */
  readonly type: string;
  readonly default: Value;
  /** `ms`, `bytes`, `MB`, `slots`... or null where the value has no unit. */
  readonly unit: string | null;
  /** What the option does, as a whole sentence. */
  readonly meaning: string;
  /** A path: made absolute, against the folder of the place that set it. */
  readonly isPath: boolean;
  /** May hold a password, which is masked wherever the value is shown. */
  readonly isSecret: boolean;
  /** What is wrong with `value`, as a clause beginning with `must`; null when nothing is. */
  problem(value: unknown): string | null;
  /** Reads the text of an environment variable or a flag; text that is not of the kind comes back as it is, for `problem` to refuse. */
  fromText(text: string): unknown;
}

type Facts = { readonly unit?: string; readonly meaning: string };

function option<Value>(
  type: string,
  fallback: Value,
  facts: Facts,
  problem: (value: unknown) => string | null,
  fromText: (text: string) => unknown = (text) => text,
  marks: { isPath?: boolean; isSecret?: boolean } = {},
): Option<Value> {
  return {
    type,
    default: fallback,
    unit: facts.unit ?? null,
    meaning: facts.meaning,
    isPath: marks.isPath ?? false,
    isSecret: marks.isSecret ?? false,
    problem,
    fromText,
  };
}

/** A whole number within bounds, both inclusive. */
export function integer(fallback: number, min: number, max: number, facts: Facts): Option<number> {
  const problem = (value: unknown) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) return 'must be an integer';
    return value < min || value > max ? `must be ${min} to ${max}` : null;
  };
  return option(`integer ${min}-${max}`, fallback, facts, problem, readInteger);
}

/** A number within bounds, both inclusive. */
export function fraction(fallback: number, min: number, max: number, facts: Facts): Option<number> {
  const problem = (value: unknown) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) return 'must be a number';
    return value < min || value > max ? `must be ${min} to ${max}` : null;
  };
  return option(`number ${min}-${max}`, fallback, facts, problem, readNumber);
}

/** true or false; in an environment variable also 1, 0, yes, no, on, off. */
export function flag(fallback: boolean, facts: Facts): Option<boolean> {
  const problem = (value: unknown) => (typeof value === 'boolean' ? null : 'must be true or false');
  return option('true or false', fallback, facts, problem, readFlag);
}

export function text(fallback: string, facts: Facts): Option<string> {
  return option('text', fallback, facts, nonEmptyText);
}

/** A text that may be absent (null) and may hold a password. */
export function optionalSecret(facts: Facts): Option<string | null> {
  const problem = (value: unknown) => (value === null ? null : nonEmptyText(value));
  return option<string | null>('text or null', null, facts, problem, (raw) => raw, { isSecret: true });
}

export function path(fallback: string, facts: Facts): Option<string> {
  return option('path', fallback, facts, nonEmptyText, (raw) => raw, { isPath: true });
}

export function choice<const Names extends readonly string[]>(
  names: Names,
  fallback: Names[number],
  facts: Facts,
): Option<Names[number]> {
  const shown = names.map((name) => `'${name}'`).join(', ');
  const problem = (value: unknown) => (typeof value === 'string' && names.includes(value) ? null : `must be one of ${shown}`);
  return option(shown, fallback, facts, problem);
}

/** A list of texts; in an environment variable separated by commas. */
export function list(fallback: readonly string[], facts: Facts): Option<readonly string[]> {
  const problem = (value: unknown) =>
    Array.isArray(value) && value.every((item) => nonEmptyText(item) === null) ? null : 'must be a list of non-empty texts';
  return option<readonly string[]>('list of texts', fallback, facts, problem, (raw) => raw.split(',').map((item) => item.trim()));
}

export function timezone(fallback: string, facts: Facts): Option<string> {
  return option('IANA time zone', fallback, facts, (value) =>
    typeof value === 'string' && isTimezone(value) ? null : 'must be an IANA time zone such as Europe/Paris',
  );
}

function nonEmptyText(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return 'must be a non-empty text';
  return value.includes('\0') ? 'must not contain a NUL character' : null;
}

function readInteger(raw: string): unknown {
  return /^-?\d{1,15}$/.test(raw) ? Number(raw) : raw;
}

function readNumber(raw: string): unknown {
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(raw) ? Number(raw) : raw;
}

const FLAG_TEXTS: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  yes: true,
  on: true,
  false: false,
  0: false,
  no: false,
  off: false,
};

function readFlag(raw: string): unknown {
  return FLAG_TEXTS[raw.trim().toLowerCase()] ?? raw;
}

/** Offsets such as `+05:30` are refused although newer engines accept them: they are not zones. */
function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

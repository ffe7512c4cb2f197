import type { Duration } from '../model/duration.js';
import { AirflowLikeError, showValue } from '../model/errors.js';
import { duration, type OptionCheck } from './check-options.js';

/** The author's own rule per error whether a failed try is repeated: how it is written, checked and asked. */

/**
 * `'retry'`: again after the task's delay, as long as tries are left. `'fail'`: no further try. `'default'`: as without a policy.
 * `retryIn`: again after this pause in place of the task's delay.
 */
export type RetryDecision = 'retry' | 'fail' | 'default' | { readonly retryIn: Duration };

/** Which try failed, and how many there may be. */
export interface FailedTry {
  readonly tryNumber: number;
  readonly maxTries: number;
}

/** What a rule looks at: the class of the error, its `code` or `name`, or its text. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the constructor of any error
export type ErrorMatcher = (abstract new (...parameters: any[]) => Error) | string | RegExp;

export interface RetryRule {
  readonly on: ErrorMatcher;
  readonly do: RetryDecision;
}

/** A function that decides, or rules of which the first that matches does; an error that no rule matches is decided as without a policy. */
export type RetryPolicy = ((error: unknown, failed: FailedTry) => RetryDecision | Promise<RetryDecision>) | readonly RetryRule[];

/** What came of asking a policy. */
export type RetryVerdict =
  | { readonly kind: 'fail' | 'default' }
  /** `delayMs` null: after the task's own delay. */
  | { readonly kind: 'retry'; readonly delayMs: number | null };

const DECISIONS = "'retry', 'fail', 'default' or { retryIn: '5m' }";
const LONGEST_WAIT_DAYS = 366;
const retryIn = duration(0, LONGEST_WAIT_DAYS);

/** The option as written. Rules are checked when the file is loaded, a function when it is asked. */
export const retryPolicy: OptionCheck<RetryPolicy> = (value, place) => {
  if (typeof value === 'function') return value as RetryPolicy;
  if (!Array.isArray(value)) {
    throw new AirflowLikeError('VALUE_TYPE', {
      place,
      message: 'this is not a retry policy',
      value,
      allowed: `a function (error, { tryNumber, maxTries }) => ${DECISIONS}, or a list of rules { on, do }`,
    });
  }
  value.forEach((rule: unknown, index) => checkRule(rule, `${place}[${index}]`));
  return value as readonly RetryRule[];
};

/**
 * Asks `policy` about `error`.
 * @throws AirflowLikeError VALUE_TYPE or DURATION_INVALID (as a rejection) when its answer is none; whatever the author's function throws.
 */
export async function askRetryPolicy(policy: RetryPolicy, error: unknown, failed: FailedTry, place: string): Promise<RetryVerdict> {
  if (typeof policy === 'function') return verdictOf(await policy(error, failed), place);
  const rule = policy.find(({ on }) => matches(on, error));
  return rule ? verdictOf(rule.do, place) : { kind: 'default' };
}

function checkRule(rule: unknown, place: string): void {
  const { on, do: decision, ...others } = (typeof rule === 'object' && rule !== null ? rule : {}) as Partial<RetryRule>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new AirflowLikeError('OPTION_UNKNOWN', {
      place: `${place}.${unknown}`,
      message: `there is no option "${unknown}"`,
      allowed: 'on, do',
    });
  }
  if (typeof on !== 'function' && !(typeof on === 'string' && on !== '') && !isRegExp(on)) {
    throw new AirflowLikeError('VALUE_TYPE', {
      place: `${place}.on`,
      message: 'this cannot be matched with an error',
      value: on,
      allowed: 'a class of errors, the code or name of an error, or a regular expression for its text',
    });
  }
  verdictOf(decision, `${place}.do`);
}

function verdictOf(decision: unknown, place: string): RetryVerdict {
  if (decision === 'fail' || decision === 'default') return { kind: decision };
  if (decision === 'retry') return { kind: 'retry', delayMs: null };
  if (typeof decision === 'object' && decision !== null && Object.keys(decision).join() === 'retryIn') {
    return { kind: 'retry', delayMs: retryIn((decision as { retryIn: unknown }).retryIn, `${place}.retryIn`) };
  }
  throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this does not say what to do', value: decision, allowed: DECISIONS });
}

/** The class is also recognised by its name: an error that crossed a boundary has lost its own. */
function matches(on: ErrorMatcher, error: unknown): boolean {
  const { name, code, message } = describe(error);
  if (typeof on === 'string') return on === code || on === name;
  if (isRegExp(on)) return `${name}: ${message}`.search(on) >= 0;
  return error instanceof on || classNames(error).includes(on.name);
}

function describe(error: unknown): { readonly name: string; readonly code: unknown; readonly message: string } {
  if (typeof error !== 'object' || error === null) return { name: typeof error, code: null, message: showValue(error) };
  const { name, code, message } = error as { name?: unknown; code?: unknown; message?: unknown };
  return { name: String(name), code, message: String(message) };
}

function classNames(error: unknown): readonly string[] {
  const names: string[] = [];
  if (typeof error !== 'object') return names;
  for (let level: unknown = error; level; level = Object.getPrototypeOf(level)) {
    const { constructor } = level as { constructor?: { name?: unknown } };
    if (typeof constructor?.name === 'string') names.push(constructor.name);
  }
  return names;
}

/** Also one of another realm: DAG files are evaluated in one of their own. */
function isRegExp(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === '[object RegExp]';
}

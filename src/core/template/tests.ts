/** What may stand behind `is`: `{% if conf is defined %}`. */
import type { Budget } from './budget.js';
import { ArgumentReader } from './call-arguments.js';
import { isMapping } from './mapping.js';
import { TemplateError } from './template-error.js';
import { TemplateFunction, TemplateObject, typeName, type CallArguments } from './template-object.js';
import { compareValues, isEqual } from './values.js';

type Test = (value: unknown, args: CallArguments, name: string, budget: Budget) => boolean;

const plain =
  (holds: (value: unknown) => boolean): Test =>
  (value, args, name) => {
    new ArgumentReader(`is ${name}`, args, []);
    return holds(value);
  };
const against =
  (holds: (value: unknown, other: unknown, budget: Budget) => boolean): Test =>
  (value, args, name, budget) =>
    holds(value, new ArgumentReader(`is ${name}`, args, ['other']).value('other'), budget);
const compared = (holds: (order: number) => boolean): Test =>
  against((value, other, budget) => holds(compareValues(value, other, budget)));
const whole = (value: unknown): number => {
  if (Number.isSafeInteger(value)) return value as number;
  throw new TemplateError('type', `this needs a whole number, got ${typeName(value)}`);
};

/** They ask what a value is, if anything. */
const KIND_TESTS: Readonly<Record<string, Test>> = {
  defined: plain((value) => value !== undefined),
  undefined: plain((value) => value === undefined),
  none: plain((value) => value === null),
  null: plain((value) => value === null),
  true: plain((value) => value === true),
  false: plain((value) => value === false),
  boolean: plain((value) => typeof value === 'boolean'),
  string: plain((value) => typeof value === 'string'),
  number: plain((value) => typeof value === 'number'),
  integer: plain((value) => Number.isInteger(value)),
  float: plain((value) => typeof value === 'number' && !Number.isInteger(value)),
  mapping: plain(isMapping),
  sequence: plain((value) => typeof value === 'string' || Array.isArray(value)),
  iterable: plain((value) => typeof value === 'string' || Array.isArray(value) || isMapping(value)),
  callable: plain((value) => value instanceof TemplateFunction),
};

/** They ask about a value that there has to be. */
const VALUE_TESTS: Readonly<Record<string, Test>> = {
  lower: plain((value) => typeof value === 'string' && value === value.toLowerCase() && value !== value.toUpperCase()),
  upper: plain((value) => typeof value === 'string' && value === value.toUpperCase() && value !== value.toLowerCase()),
  odd: plain((value) => whole(value) % 2 !== 0),
  even: plain((value) => whole(value) % 2 === 0),
  divisibleby: against((value, other) => whole(value) % whole(other) === 0),
  in: against((value, other, budget) => contains(other, value, budget)),
  eq: against(isEqual),
  equalto: against(isEqual),
  sameas: against(isEqual),
  ne: against((value, other, budget) => !isEqual(value, other, budget)),
  lt: compared((order) => order < 0),
  lessthan: compared((order) => order < 0),
  le: compared((order) => order <= 0),
  gt: compared((order) => order > 0),
  greaterthan: compared((order) => order > 0),
  ge: compared((order) => order >= 0),
};
const TESTS: Readonly<Record<string, Test>> = { ...KIND_TESTS, ...VALUE_TESTS };

export const TEST_NAMES: readonly string[] = Object.keys(TESTS);

/** Tests that take a value that does not exist. */
export const TOLERANT_TESTS: readonly string[] = Object.keys(KIND_TESTS);

/** @throws TemplateError when the value or the arguments have the wrong type. */
export function applyTest(name: string, value: unknown, args: CallArguments, budget: Budget): boolean {
  const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
  if (!test) throw new TemplateError('name', `unknown test "${name}"`);
  budget.read(value);
  return test(value, args, name, budget);
}

/** `value in holder`: a part of a text, an element of a list, a key of an object. */
export function contains(holder: unknown, value: unknown, budget: Budget): boolean {
  budget.read(holder);
  if (typeof holder === 'string' && typeof value === 'string') return holder.includes(value);
  if (Array.isArray(holder)) return holder.some((item) => isEqual(item, value, budget));
  if (isMapping(holder)) return typeof value === 'string' && Object.hasOwn(holder, value);
  if (holder instanceof TemplateObject && typeof value === 'string') return holder.member(value) !== undefined;
  throw new TemplateError('type', `${typeName(value)} cannot be in ${typeName(holder)}`);
}

/** What may stand behind `is`: `{% if conf is defined %}`. */
import { ArgumentReader } from './call-arguments.js';
import { TemplateError } from './template-error.js';
import { TemplateFunction, TemplateObject, typeName, type CallArguments } from './template-object.js';
import { compareValues, isEqual, isMapping } from './values.js';

type Test = (value: unknown, args: CallArguments, name: string) => boolean;

const plain =
  (holds: (value: unknown) => boolean): Test =>
  (value, args, name) => {
    new ArgumentReader(`is ${name}`, args, []);
    return holds(value);
  };
const against =
  (holds: (value: unknown, other: unknown) => boolean): Test =>
  (value, args, name) =>
    holds(value, new ArgumentReader(`is ${name}`, args, ['other']).value('other'));
const whole = (value: unknown): number => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new TemplateError('type', `this needs a whole number, got ${typeName(value)}`);
};
const isIn = (value: unknown, other: unknown): boolean => contains(other, value);

const TESTS: Readonly<Record<string, Test>> = {
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
  lower: plain((value) => typeof value === 'string' && value === value.toLowerCase()),
  upper: plain((value) => typeof value === 'string' && value === value.toUpperCase()),
  odd: plain((value) => Math.abs(whole(value) % 2) === 1),
  even: plain((value) => whole(value) % 2 === 0),
  divisibleby: against((value, other) => whole(value) % whole(other) === 0),
  in: against(isIn),
  eq: against(isEqual),
  equalto: against(isEqual),
  sameas: against(isEqual),
  ne: against((value, other) => !isEqual(value, other)),
  lt: against((value, other) => compareValues(value, other) < 0),
  lessthan: against((value, other) => compareValues(value, other) < 0),
  le: against((value, other) => compareValues(value, other) <= 0),
  gt: against((value, other) => compareValues(value, other) > 0),
  greaterthan: against((value, other) => compareValues(value, other) > 0),
  ge: against((value, other) => compareValues(value, other) >= 0),
};

export const TEST_NAMES: readonly string[] = Object.keys(TESTS);

/** @throws TemplateError when the value or the arguments have the wrong type. */
export function applyTest(name: string, value: unknown, args: CallArguments): boolean {
  const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
  if (!test) throw new TemplateError('name', `unknown test "${name}"`);
  return test(value, args, name);
}

/** `value in holder`: a part of a text, an element of a list, a key of an object. */
export function contains(holder: unknown, value: unknown): boolean {
  if (typeof holder === 'string' && typeof value === 'string') return holder.includes(value);
  if (Array.isArray(holder)) return holder.some((item) => isEqual(item, value));
  if (isMapping(holder)) return typeof value === 'string' && Object.hasOwn(holder, value);
  if (holder instanceof TemplateObject && typeof value === 'string') return holder.member(value) !== undefined;
  throw new TemplateError('type', `${typeName(value)} cannot be in ${typeName(holder)}`);
}

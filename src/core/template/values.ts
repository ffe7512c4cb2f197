/** What values of templates are: how they print, when they count as true, when two are equal and which one is less. */
import type { Budget } from './budget.js';
import { jsonText } from './json-text.js';
import { isMapping } from './mapping.js';
import { Moment } from './moment.js';
import { TemplateError } from './template-error.js';
import { TemplateFunction, TemplateObject, typeName } from './template-object.js';
import { TimeSpan } from './time-span.js';

/** A value from TypeScript as templates see it: dates are instants, maps are objects, sets are lists. */
export function asTemplateValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asTemplateValue);
  if (!isMapping(value)) return value;
  if (value instanceof Date) return new Moment(value.getTime(), 0);
  if (value instanceof Set) return [...(value as ReadonlySet<unknown>)].map(asTemplateValue);
  const entries: readonly (readonly [unknown, unknown])[] = value instanceof Map ? [...value] : Object.entries(value);
  // `Object.fromEntries` defines its properties: a key such as `__proto__` touches no prototype.
  return Object.fromEntries(entries.map(([key, part]) => [String(key), asTemplateValue(part)]));
}

/** As `{{ value }}` prints it: texts as they are, lists and objects as JSON, everything else as JavaScript does. */
export function printValue(value: unknown, budget: Budget): string {
  if (value instanceof TemplateFunction) throw new TemplateError('type', `${value.name} is a function; call it with ()`);
  if (typeof value === 'function') throw new TemplateError('type', 'a function of TypeScript prints as nothing');
  return Array.isArray(value) || isMapping(value) ? jsonText(value, budget) : String(value);
}

/** As in Python: false, null, zero, the empty text, list and object, and a span of no time are not. */
export function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isMapping(value)) return Object.keys(value).length > 0;
  if (value instanceof TimeSpan) return value.months !== 0 || value.ms !== 0;
  return Boolean(value);
}

/** By value and by type: `1` is not `'1'`. */
export function isEqual(left: unknown, right: unknown, budget: Budget): boolean {
  budget.spend(1);
  if (left instanceof TemplateObject) return left.equals(right);
  if (right instanceof TemplateObject) return right.equals(left);
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((item, index) => isEqual(item, right[index], budget));
  }
  if (isMapping(left)) {
    const keys = Object.keys(left);
    return (
      isMapping(right) &&
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && isEqual(left[key], right[key], budget))
    );
  }
  return left === right;
}

/** Negative, zero or positive, as sorting wants it. */
export function compareValues(left: unknown, right: unknown, budget: Budget): number {
  budget.spend(1);
  if (left instanceof Moment && right instanceof Moment) return left.instant - right.instant;
  if (left instanceof TimeSpan && right instanceof TimeSpan && left.months === right.months) return left.ms - right.ms;
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (Array.isArray(left) && Array.isArray(right)) {
    const index = left.findIndex((item, at) => !isEqual(item, right[at], budget));
    return index < 0 || index >= right.length ? left.length - right.length : compareValues(left[index], right[index], budget);
  }
  throw new TemplateError('type', `${typeName(left)} and ${typeName(right)} have no order`);
}

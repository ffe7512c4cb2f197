/** What `+`, `-`, `*`, `/`, `//`, `%`, `**` and `~` do to two values of a template. */
import type { Budget } from './budget.js';
import { Moment } from './moment.js';
import { printf } from './printf.js';
import { TemplateError } from './template-error.js';
import { typeName } from './template-object.js';
import type { BinaryOperator } from './template-node.js';
import { TimeSpan } from './time-span.js';
import { printValue } from './values.js';

/** @throws TemplateError when the operator means nothing for these values. */
export function operate(operator: BinaryOperator, left: unknown, right: unknown, budget: Budget): unknown {
  if (operator === '~') {
    const [first, second] = [printValue(left, budget), printValue(right, budget)];
    budget.text(first.length + second.length);
    return first + second;
  }
  const result =
    typeof left === 'number' && typeof right === 'number'
      ? calculate(operator, left, right)
      : combine(operator, left, right, budget);
  if (result !== undefined) return result;
  const hint = operator === '+' && (typeof left === 'string' || typeof right === 'string') ? '; texts are joined with ~' : '';
  throw new TemplateError('type', `${operator} cannot take ${typeName(left)} and ${typeName(right)}${hint}`);
}

type Arithmetic = Exclude<BinaryOperator, '~'>;

/** As in Python: whole division and remainder go down. */
const ARITHMETIC: Readonly<Record<Arithmetic, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '//': (left, right) => Math.floor(left / right),
  '%': (left, right) => left - right * Math.floor(left / right),
  '**': (left, right) => left ** right,
};
const DIVISIONS: readonly BinaryOperator[] = ['/', '//', '%'];

function calculate(operator: Arithmetic, left: number, right: number): number {
  if (right === 0 && DIVISIONS.includes(operator)) throw new TemplateError('value', `${operator} by zero`);
  const result = ARITHMETIC[operator](left, right);
  if (Number.isFinite(result)) return result;
  throw new TemplateError('value', `${left} ${operator} ${right} is no number`);
}

/** Undefined: the operator means nothing for these values. */
function combine(operator: Arithmetic, left: unknown, right: unknown, budget: Budget): unknown {
  if (operator === '+') return add(left, right, budget);
  if (operator === '-') return subtract(left, right);
  if (operator === '*') {
    if (left instanceof TimeSpan && typeof right === 'number') return left.times(right);
    if (typeof left === 'number' && right instanceof TimeSpan) return right.times(left);
    if (typeof left === 'string' && typeof right === 'number') return repeat(left, right, budget);
  }
  if (operator === '%' && typeof left === 'string') return printf(left, Array.isArray(right) ? right : [right], budget);
  return undefined;
}

function add(left: unknown, right: unknown, budget: Budget): unknown {
  if (typeof left === 'string' && typeof right === 'string') {
    budget.text(left.length + right.length);
    return left + right;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    budget.spend(left.length + right.length);
    return [...(left as unknown[]), ...(right as unknown[])];
  }
  if (!(right instanceof TimeSpan)) return left instanceof TimeSpan && right instanceof Moment ? right.plus(left, 1) : undefined;
  if (left instanceof TimeSpan) return left.plus(right);
  return left instanceof Moment ? left.plus(right, 1) : undefined;
}

function subtract(left: unknown, right: unknown): unknown {
  if (left instanceof Moment && right instanceof Moment) return new TimeSpan(0, left.instant - right.instant);
  if (!(right instanceof TimeSpan)) return undefined;
  if (left instanceof TimeSpan) return left.plus(right.times(-1));
  return left instanceof Moment ? left.plus(right, -1) : undefined;
}

/** Less than once is an empty text. */
function repeat(text: string, times: number, budget: Budget): string {
  const count = Math.max(0, Math.floor(times));
  budget.text(text.length * count);
  return text.repeat(count);
}

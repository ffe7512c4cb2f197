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

/** Numbers as in Python: whole division and remainder go down, a division by zero is an error. */
function calculate(operator: BinaryOperator, left: number, right: number): number | undefined {
  if (right === 0 && (operator === '/' || operator === '//' || operator === '%')) {
    throw new TemplateError('value', `${operator} by zero`);
  }
  const result = ((): number | undefined => {
    switch (operator) {
      case '+':
        return left + right;
      case '-':
        return left - right;
      case '*':
        return left * right;
      case '/':
        return left / right;
      case '//':
        return Math.floor(left / right);
      case '%':
        return left - right * Math.floor(left / right);
      case '**':
        return left ** right;
      default:
        return undefined;
    }
  })();
  if (result !== undefined && !Number.isFinite(result))
    throw new TemplateError('value', `${left} ${operator} ${right} is no number`);
  return result;
}

function combine(operator: BinaryOperator, left: unknown, right: unknown, budget: Budget): unknown {
  switch (operator) {
    case '+':
      if (typeof left === 'string' && typeof right === 'string') {
        budget.text(left.length + right.length);
        return left + right;
      }
      if (Array.isArray(left) && Array.isArray(right)) {
        budget.spend(left.length + right.length);
        return [...(left as unknown[]), ...(right as unknown[])];
      }
      if (left instanceof Moment && right instanceof TimeSpan) return left.plus(right, 1);
      if (left instanceof TimeSpan && right instanceof Moment) return right.plus(left, 1);
      if (left instanceof TimeSpan && right instanceof TimeSpan)
        return new TimeSpan(left.months + right.months, left.ms + right.ms);
      return undefined;
    case '-':
      if (left instanceof Moment && right instanceof TimeSpan) return left.plus(right, -1);
      if (left instanceof Moment && right instanceof Moment) return new TimeSpan(0, left.instant - right.instant);
      if (left instanceof TimeSpan && right instanceof TimeSpan)
        return new TimeSpan(left.months - right.months, left.ms - right.ms);
      return undefined;
    case '*':
      if (left instanceof TimeSpan && typeof right === 'number') return new TimeSpan(left.months * right, left.ms * right);
      if (typeof left === 'number' && right instanceof TimeSpan) return new TimeSpan(right.months * left, right.ms * left);
      if (typeof left === 'string' && typeof right === 'number') return repeat(left, right, budget);
      return undefined;
    case '%':
      return typeof left === 'string' ? printf(left, Array.isArray(right) ? right : [right], budget) : undefined;
    default:
      return undefined;
  }
}

/** Less than once is an empty text. */
function repeat(text: string, times: number, budget: Budget): string {
  const count = Math.max(0, Math.floor(times));
  budget.text(text.length * count);
  return text.repeat(count);
}

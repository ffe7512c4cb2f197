import { TemplateError } from './template-error.js';
import { typeName } from './template-object.js';
import type { Budget } from './budget.js';

/** Python's `'%03d' % 7`: `%s`, `%d`, `%f`, `%x` and their like, with flags, width and precision; `%(name)s` takes a key of an object. */
export function printf(format: string, values: readonly unknown[], print: (value: unknown) => string, budget: Budget): string {
  let next = 0;
  const pattern = /%(?:\((\w+)\))?([-+ 0#]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g;
  const text = format.replace(pattern, (whole, key, flags: string, width: string, precision, letter: string): string => {
    if (letter === '%') return '%';
    const value = key === undefined ? values[next++] : (values[0] as Record<string, unknown> | null | undefined)?.[key as string];
    if (value === undefined) throw new TemplateError('type', `there is no value for "${whole}" in "${format}"`);
    budget.text(Number(width) + Number(precision ?? 0));
    const body = formatOne(value, letter, precision === undefined ? undefined : Number(precision), print);
    const signed = flags.includes('+') && typeof value === 'number' && value >= 0 ? `+${body}` : body;
    if (flags.includes('-')) return signed.padEnd(Number(width));
    if (!flags.includes('0') || letter === 's') return signed.padStart(Number(width));
    const sign = /^[+-]/.exec(signed)?.[0] ?? '';
    return sign + signed.slice(sign.length).padStart(Number(width) - sign.length, '0');
  });
  budget.text(text.length);
  return text;
}

function formatOne(value: unknown, letter: string, precision: number | undefined, print: (value: unknown) => string): string {
  if (letter === 's' || letter === 'r') return precision === undefined ? print(value) : print(value).slice(0, precision);
  if (typeof value !== 'number') throw new TemplateError('type', `%${letter} needs a number, got ${typeName(value)}`);
  switch (letter) {
    case 'd':
    case 'i':
      return String(Math.trunc(value));
    case 'f':
    case 'F':
      return value.toFixed(Math.min(precision ?? 6, 100));
    case 'e':
      return value.toExponential(Math.min(precision ?? 6, 100)).replace(/e([+-])(\d)$/, 'e$10$2');
    case 'x':
      return Math.trunc(value).toString(16);
    case 'X':
      return Math.trunc(value).toString(16).toUpperCase();
    case 'o':
      return Math.trunc(value).toString(8);
    default:
      throw new TemplateError('value', `%${letter} is not known`);
  }
}

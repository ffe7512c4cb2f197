import type { Budget } from './budget.js';
import { isMapping } from './mapping.js';
import { MAX_DIGITS, toFixedEven } from './rounding.js';
import { TemplateError } from './template-error.js';
import { typeName } from './template-object.js';
import { printValue } from './values.js';

/** What stands between `%` and the letter. */
interface Spec {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly letter: string;
}

/**
 * Python's `'%03d' % 7`: `%s`, `%d`, `%f`, `%x` and their like, with flags, width and precision; `%(name)s` takes a key of an object.
 * @throws TemplateError of kind `type` when there are too few or too many values, or one of the wrong type.
 */
export function printf(format: string, values: readonly unknown[], budget: Budget): string {
  let next = 0;
  const pattern = /%(?:\((\w+)\))?([-+ 0#]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g;
  const text = format.replace(
    pattern,
    (whole, key: string | undefined, flags: string, width: string, precision, letter: string) => {
      if (letter === '%') return '%';
      const value = key === undefined ? values[next++] : namedValue(values[0], key);
      if (value === undefined) throw new TemplateError('type', `there is no value for "${whole}" in "${format}"`);
      const spec: Spec = {
        flags,
        width: Number(width),
        precision: precision === undefined ? undefined : Number(precision),
        letter,
      };
      budget.text(Math.max(spec.width, spec.precision ?? 0));
      return letter === 's' || letter === 'r' ? textOf(value, spec, budget) : numberOf(value, spec);
    },
  );
  budget.text(text.length);
  if (next < values.length && !isMapping(values[0])) throw new TemplateError('type', `"${format}" does not use all of its values`);
  return text;
}

function namedValue(holder: unknown, key: string): unknown {
  return isMapping(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined;
}

function textOf(value: unknown, { flags, width, precision }: Spec, budget: Budget): string {
  const text = printValue(value, budget).slice(0, precision);
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width);
}

function numberOf(value: unknown, { flags, width, precision, letter }: Spec): string {
  if (typeof value !== 'number') throw new TemplateError('type', `%${letter} needs a number, got ${typeName(value)}`);
  const number = 'dixXo'.includes(letter) ? Math.trunc(value) : value;
  const sign = number < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const start = sign + (flags.includes('#') ? (PREFIXES[letter] ?? '') : '');
  const digits = digitsOf(Math.abs(number), letter, precision);
  if (flags.includes('-')) return (start + digits).padEnd(width);
  return flags.includes('0') ? start + digits.padStart(width - start.length, '0') : (start + digits).padStart(width);
}

const PREFIXES: Readonly<Record<string, string>> = { x: '0x', X: '0X', o: '0o' };

function digitsOf(number: number, letter: string, precision: number | undefined): string {
  const decimals = Math.min(precision ?? 6, MAX_DIGITS);
  switch (letter) {
    case 'd':
    case 'i':
      return String(number).padStart(precision ?? 0, '0');
    case 'f':
    case 'F':
      return toFixedEven(number, decimals);
    case 'e':
      return number.toExponential(decimals).replace(/e([+-])(\d)$/, 'e$10$2');
    case 'x':
      return number.toString(16).padStart(precision ?? 0, '0');
    case 'X':
      return number
        .toString(16)
        .toUpperCase()
        .padStart(precision ?? 0, '0');
    case 'o':
      return number.toString(8).padStart(precision ?? 0, '0');
    default:
      throw new TemplateError('value', `%${letter} is not known`);
  }
}

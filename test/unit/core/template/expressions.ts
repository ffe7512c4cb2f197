/** Renders expressions with a few values of every kind, for the tests of the parts of templates. Answers are Python's and Jinja's. */
import { expect, it } from '@jest/globals';
import { createMacros } from '../../../../src/core/template/macros.js';
import { Moment } from '../../../../src/core/template/moment.js';
import { parseTemplate } from '../../../../src/core/template/parse-template.js';
import { renderTemplate } from '../../../../src/core/template/render-template.js';
import { TemplateError } from '../../../../src/core/template/template-error.js';
import { TimeSpan } from '../../../../src/core/template/time-span.js';
import { asTemplateValue } from '../../../../src/core/template/values.js';

const RANDOM = 0.4;
const VALUES: Readonly<Record<string, unknown>> = {
  at: new Moment(Date.UTC(2026, 4, 31, 21, 5, 9, 70), 0),
  sunday: new Moment(Date.UTC(2024, 0, 7), 0),
  span: new TimeSpan(0, 93_784_005),
  ...(asTemplateValue({
    big: 10n,
    set: new Set([1, 2]),
    date: new Date(0),
    rows: [
      { n: 'b', v: 2, in: { deep: [7] } },
      { n: 'A', v: 1, in: { deep: [8] } },
      { n: 'b', v: 3, in: { deep: [9] } },
    ],
    text: 'One two',
    no: null,
    odd: {
      text: 'x',
      missing: undefined,
      action: (): string => 'called',
      toJSON: (): string => 'called',
      list: [undefined, (): number => 1],
    },
  }) as object),
};
const names = {
  ...Object.fromEntries(Object.entries(VALUES).map(([name, value]) => [name, (): unknown => value])),
  macros: () => createMacros({ now: () => Date.UTC(2026, 0, 2), random: () => RANDOM }),
};

export const render = (template: string): string => renderTemplate(parseTemplate(template), { names, random: () => RANDOM });

export function errorOf(template: string): TemplateError {
  try {
    render(template);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error(`no error in ${template}`);
}

/** `[expression, what it prints]` */
export type Row = readonly [string, string];

export const prints = (rows: readonly Row[]): void => {
  it.each(rows)('%s', (expression, expected) => expect(render(`{{ ${expression} }}`)).toBe(expected));
};

/** `[expression, kind of its error, its message if it matters]` */
export const fails = (rows: readonly (Row | readonly [string, string, string])[]): void => {
  it.each(rows.map(([expression, ...expected]) => ({ expression, expected })))(
    '$expression is an error',
    ({ expression, expected }) => {
      const { kind, message } = errorOf(`{{ ${expression} }}`);
      expect([kind, message].slice(0, expected.length)).toEqual(expected);
    },
  );
};

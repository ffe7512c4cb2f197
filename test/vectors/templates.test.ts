import { expect, it } from '@jest/globals';
import { datetimeDiffForHumans, dsAdd, dsFormat } from '../../src/core/template/macros.js';
import { errorName, renderVector, type VectorContext } from './template-facts.js';
import { runVectors, type VectorCase } from './vector-file.js';

interface TemplateCase extends VectorCase {
  readonly context: string;
  readonly template: string;
}

interface MacroCase extends VectorCase {
  readonly op: 'ds_add' | 'ds_format' | 'datetime_diff_for_humans';
  readonly args: readonly (string | number)[];
}

it('templates render as in Airflow 3.3.2', () => {
  const failures = runVectors<TemplateCase>({
    path: 'time/templates.json',
    answer: ({ template, context }, head) =>
      renderVector(template, (head['contexts'] as Readonly<Record<string, VectorContext>>)[context] as VectorContext),
  });
  expect(failures).toEqual([]);
});

it('macros of templates answer as in Airflow 3.3.2', () => {
  const failures = runVectors<MacroCase>({
    path: 'time/macros.json',
    answer({ op, args }) {
      try {
        return { result: answerMacro(op, args) };
      } catch (error) {
        return { error: errorName(error) };
      }
    },
  });
  expect(failures).toEqual([]);
});

function answerMacro(op: MacroCase['op'], args: MacroCase['args']): string {
  const [first = '', second = '', third = ''] = args;
  if (op === 'ds_add') return dsAdd(String(first), Number(second));
  if (op === 'ds_format') return dsFormat(String(first), String(second), String(third));
  return datetimeDiffForHumans(Date.parse(String(first)), Date.parse(String(second)), 0);
}

/** `docs/reference/templates.md` names every variable, filter and macro, and says truly what its examples give. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { FILTER_NAMES } from '../../src/core/template/filters.js';
import { createMacros } from '../../src/core/template/macros.js';
import { parseTemplate } from '../../src/core/template/parse-template.js';
import { renderTemplate } from '../../src/core/template/render-template.js';
import { templateNames, type TemplateFacts } from '../../src/core/template/variables.js';

const FACTS: TemplateFacts = {
  dagId: 'daily_sales',
  taskId: 'load',
  runId: 'scheduled__2026-01-11T00:00:00+00:00',
  runType: 'scheduled',
  mapIndex: -1,
  tryNumber: 1,
  maxTries: 1,
  logicalDate: Date.UTC(2026, 0, 10),
  dataInterval: { start: Date.UTC(2026, 0, 10), end: Date.UTC(2026, 0, 11) },
  runAfter: Date.UTC(2026, 0, 11),
  runStartedAt: Date.UTC(2026, 0, 11),
  clearNumber: 0,
  startedAt: Date.UTC(2026, 0, 11),
  conf: {},
  params: {
    n: 3,
    name: 'Ann',
    list: [3, 1, 2],
    rows: [
      { id: 1, ok: true },
      { id: 2, ok: false },
    ],
  },
  dag: {},
  task: {},
  inputs: ['first'],
  inlets: [],
  outlets: [],
  mapIndexTemplate: null,
  rescheduleCount: 0,
  isTest: false,
};
const sources = { now: () => 1, random: () => 0, answer: () => ({ value: undefined }) };
const names = templateNames(FACTS, sources);
const page = readFileSync(new URL('../../docs/reference/templates.md', import.meta.url), 'utf8');

interface Row {
  readonly name: string;
  readonly example: string;
  readonly gives: string;
}

function rowsOf(section: string): readonly Row[] {
  const text = page.split(`## ${section}\n`)[1]?.split('\n## ')[0] ?? '';
  return text.split('\n').flatMap((line) => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
    const [, name = '', , example = '', gives = ''] = cells;
    return name.startsWith('`') ? [{ name: bare(name), example: bare(example), gives: bare(gives) }] : [];
  });
}

const bare = (cell: string): string => cell.replace(/^`(.*)`$/, '$1');

describe.each([
  ['Variables', Object.keys(names)],
  ['Filters', FILTER_NAMES],
  [
    'Macros',
    createMacros(sources)
      .memberNames()
      .map((name) => `macros.${name}`),
  ],
])('%s', (section, known) => {
  const rows = rowsOf(section);

  it('are all documented, and no others', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual([...known].sort());
  });

  it.each(rows)('$name: $example', ({ name, example, gives }) => {
    expect(example).toContain(name);
    expect(renderTemplate(parseTemplate(example), { names, random: () => 0 })).toBe(gives);
  });
});

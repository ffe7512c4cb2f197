import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { printProperties, printRecords, type OutputFormat } from '../../../src/cli/output/records.js';
import { cellText, printable, renderPlain, renderTable, type Row } from '../../../src/cli/output/table.js';
import { FakeTerminal } from './fake-cli.js';

const COLUMNS = ['dag_id', 'is_paused', 'tags', 'runs', 'note'];
const ROWS: readonly Row[] = [
  { dag_id: 'sales', is_paused: false, tags: ['etl', 'daily'], runs: 3, note: null },
  { dag_id: 'a', is_paused: true, tags: [], runs: 12, note: { limit: 1 } },
];

async function print(format: OutputFormat, rows: readonly Row[] = ROWS): Promise<string> {
  const terminal = new FakeTerminal();
  await printRecords(terminal, format, COLUMNS, rows);
  expect(terminal.stderr).toBe('');
  return terminal.stdout;
}

describe('table', () => {
  it("looks like Airflow's", async () => {
    expect(await print('table')).toBe(
      [
        'dag_id | is_paused | tags      | runs | note',
        '=======+===========+===========+======+============',
        'sales  | False     | etl,daily | 3    | None',
        'a      | True      |           | 12   | {"limit":1}',
        '',
      ].join('\n'),
    );
  });

  it('wraps the widest columns to the width of the terminal, and never off a terminal', () => {
    const rows = [{ place: 'dags/x.ts:1:2', error: `unknown option retires; ${'did you mean retries? '.repeat(6)}` }];
    const wide = renderTable(['place', 'error'], rows, { width: null });
    expect(wide.split('\n')).toHaveLength(4);
    const narrow = renderTable(['place', 'error'], rows, { width: 60 });
    for (const line of narrow.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
    expect(narrow.split('\n').length).toBeGreaterThan(5);
    expect(narrow.replace(/\s*\n\s*\|\s*/g, ' ').replace(/ +/g, ' ')).toContain('retires; did you mean retries?');
  });

  it('never breaks an id, so that it can be copied', () => {
    const runId = 'manual__2026-03-01T06:00:00.123000+00:00_386ecfcf';
    const table = renderTable(['dag_id', 'run_id', 'note'], [{ dag_id: 'sales', run_id: runId, note: 'x'.repeat(60) }], {
      width: 80,
    });
    expect(table).toContain(runId);
    expect(table).not.toContain('x'.repeat(20));
  });

  it('breaks a word that is wider than its column, and gives up below the narrowest', () => {
    const [, , first, second] = renderTable(['error'], [{ error: 'x'.repeat(30) }], { width: 20 }).split('\n');
    expect([first, second]).toEqual(['x'.repeat(20), 'x'.repeat(10)]);
    const tiny = renderTable(['error', 'other'], [{ error: 'x'.repeat(30), other: 'y'.repeat(30) }], { width: 10 });
    expect(tiny.split('\n')[1]).toBe(`${'='.repeat(16)}=+=${'='.repeat(16)}`);
  });

  it('keeps the lines of a text as lines of the cell', () => {
    expect(renderTable(['a', 'b'], [{ a: 'one\ntwo', b: 'x' }], { width: null })).toBe('a   | b\n====+==\none | x\ntwo |\n');
  });

  it('paints without moving columns', () => {
    const paint = (column: string, text: string): string => (column === 'state' ? `<${text}>` : text);
    expect(renderTable(['state', 'id'], [{ state: 'ok', id: 1 }], { width: null, paint })).toBe(
      'state | id\n======+===\n<ok>    | 1\n',
    );
  });
});

describe('plain', () => {
  it('pads with blanks, a line per row', () => {
    expect(
      renderPlain(
        ['id', 'error'],
        [
          { id: 'sales', error: 'one\ntwo' },
          { id: 'b', error: null },
        ],
      ),
    ).toBe('id     error\nsales  one two\nb      None\n');
  });
});

describe('machine formats', () => {
  it('keep the types of values', async () => {
    expect(JSON.parse(await print('json'))).toEqual(ROWS);
    expect(parse(await print('yaml'))).toEqual(ROWS);
  });

  it.each<[OutputFormat, string]>([
    ['json', '[]\n'],
    ['yaml', '[]\n'],
    ['table', 'No data found\n'],
    ['plain', 'No data found\n'],
  ])('%s of nothing', async (format, text) => {
    expect(await print(format, [])).toBe(text);
  });

  it('print one thing as rows of properties for people, as a list of one object for programs', async () => {
    const terminal = new FakeTerminal();
    await printProperties(terminal, 'plain', { id: 'sales', runs: 3 });
    expect(terminal.stdout).toBe('property_name  property_value\nid             sales\nruns           3\n');
    const machine = new FakeTerminal();
    await printProperties(machine, 'json', { id: 'sales', runs: 3 });
    expect(JSON.parse(machine.stdout)).toEqual([{ id: 'sales', runs: 3 }]);
  });
});

describe('text that comes from outside', () => {
  it('cannot move the cursor or change colours', () => {
    expect(printable('a\u001b[2Jb\u0007\tc\r\nd\u009b')).toBe('a\\u001b[2Jb\\u0007  c\nd\\u009b');
    expect(cellText('\u001b]0;x')).toBe('\\u001b]0;x');
  });

  it('colours states on a terminal that may be coloured only', async () => {
    const terminal = new FakeTerminal();
    terminal.color = true;
    await printRecords(terminal, 'table', ['state', 'x'], [{ state: 'failed', x: 'failed' }]);
    expect(terminal.stdout).toContain('\u001b[31mfailed\u001b[0m | failed');
    expect(await print('table', [{ dag_id: 'failed' }])).not.toContain('\u001b');
  });
});

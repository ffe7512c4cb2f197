import type { Terminal } from '../terminal.js';
import { renderPlain, renderTable, type Row } from './table.js';

export const OUTPUT_FORMATS = ['table', 'json', 'yaml', 'plain'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Prints a list in the format asked for. Values keep their own types in JSON and YAML; no rows are `[]` there and a sentence otherwise. */
export async function printRecords(
  terminal: Terminal,
  format: OutputFormat,
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  const records = rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));
  switch (format) {
    case 'json':
      terminal.out(`${JSON.stringify(records, null, 2)}\n`);
      return;
    case 'yaml': {
      const { stringify } = await import('yaml');
      terminal.out(stringify(records));
      return;
    }
    case 'plain':
    case 'table':
      if (rows.length === 0) terminal.out('No data found\n');
      else if (format === 'plain') terminal.out(renderPlain(columns, rows));
      else terminal.out(renderTable(columns, rows, { width: terminal.outWidth, paint: terminal.color ? paintState : undefined }));
  }
}

/** Prints one thing: in table and plain as rows of property and value, in JSON and YAML as a list with one object. */
export async function printProperties(terminal: Terminal, format: OutputFormat, record: Row): Promise<void> {
  if (format === 'json' || format === 'yaml') return printRecords(terminal, format, Object.keys(record), [record]);
  const rows = Object.entries(record).map(([name, value]) => ({ property_name: name, property_value: value }));
  return printRecords(terminal, format, ['property_name', 'property_value'], rows);
}

const STATE_COLORS: Readonly<Record<string, number>> = {
  success: 32,
  running: 36,
  failed: 31,
  partial: 33,
  upstream_failed: 33,
  up_for_retry: 33,
  up_for_reschedule: 36,
  deferred: 36,
  awaiting_input: 36,
  queued: 90,
  scheduled: 90,
  skipped: 35,
  removed: 90,
};

function paintState(column: string, text: string): string {
  const color = column === 'state' || column === 'new_state' ? STATE_COLORS[text.trim()] : undefined;
  return color === undefined ? text : `\u001b[${color}m${text}\u001b[0m`;
}

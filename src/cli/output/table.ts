/** A value of a cell, with its own type in JSON. */
export type Cell = string | number | boolean | null | readonly unknown[] | { readonly [key: string]: unknown };
export type Row = Readonly<Record<string, Cell>>;

export interface TableLook {
  /**
   * Lines are kept below this many characters by wrapping the widest columns; null: never wrap. Columns of ids are not wrapped, so that they
   * can be copied: a line may become longer by that.
   */
  readonly width: number | null;
  /** Colours the text of a cell; it must not change its visible length. */
  readonly paint?: (column: string, text: string) => string;
}

const NARROWEST = 16;
const ID_COLUMN = /(^|_)id$/;

/** Airflow's table: a header, a line of `=` and `+`, cells joined by ` | `. */
export function renderTable(columns: readonly string[], rows: readonly Row[], look: TableLook): string {
  const paint = look.paint ?? ((_column: string, text: string) => text);
  const texts = rows.map((row) => columns.map((column) => cellText(row[column] ?? null)));
  const widths = fitWidths(columns, texts, look.width);
  const lines = [
    columns.map((column, index) => column.padEnd(widths[index] as number)).join(' | '),
    widths.map((width) => '='.repeat(width)).join('=+='),
  ];
  for (const row of texts) {
    const cells = row.map((text, index) => wrap(text, widths[index] as number));
    const height = Math.max(...cells.map((cell) => cell.length));
    for (let line = 0; line < height; line++) {
      lines.push(
        cells
          .map((cell, index) => {
            const text = cell[line] ?? '';
            return paint(columns[index] as string, text) + ' '.repeat((widths[index] as number) - text.length);
          })
          .join(' | '),
      );
    }
  }
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/** A header and columns padded with blanks, one line per row: for `awk` and `cut`. */
export function renderPlain(columns: readonly string[], rows: readonly Row[]): string {
  const texts = rows.map((row) => columns.map((column) => cellText(row[column] ?? null).replaceAll('\n', ' ')));
  const widths = columns.map((column, index) => Math.max(column.length, ...texts.map((row) => (row[index] as string).length)));
  return [columns, ...texts]
    .map(
      (row) =>
        `${row
          .map((text, index) => text.padEnd(widths[index] as number))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** A cell as text, as Airflow writes it: lists joined by commas, objects as JSON; control characters are made visible. */
export function cellText(value: Cell | undefined): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return value.map((item) => cellText(item as Cell)).join(',');
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/** Text that cannot move the cursor or change colours of the terminal it is printed on; line ends stay. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are the characters meant
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, (character) => {
    if (character === '\t') return '  ';
    if (character === '\r') return '';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function fitWidths(columns: readonly string[], texts: readonly (readonly string[])[], limit: number | null): number[] {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...texts.flatMap((row) => (row[index] as string).split('\n').map((line) => line.length))),
  );
  if (limit === null) return widths;
  const width = (index: number): number => widths[index] as number;
  const excess = (): number => widths.reduce((sum, each) => sum + each, 0) + 3 * (widths.length - 1) - limit;
  const wrapping = columns.flatMap((column, index) => (ID_COLUMN.test(column) ? [] : [index]));
  while (excess() > 0) {
    const [widest, second] = [...wrapping].sort((a, b) => width(b) - width(a));
    if (widest === undefined) break;
    const floor = Math.max(NARROWEST, (columns[widest] as string).length);
    if (width(widest) <= floor) break;
    // Down to the next one, so that both then shrink alike.
    const target = Math.max(floor, width(widest) - excess(), second === undefined ? 0 : width(second));
    widths[widest] = target < width(widest) ? target : target - 1;
  }
  return widths;
}

/** Breaks at blanks where that loses less than half a line, else in the middle of a word. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (let rest of text.split('\n')) {
    while (rest.length > width) {
      const blank = rest.lastIndexOf(' ', width);
      const end = blank > width / 2 ? blank : width;
      lines.push(rest.slice(0, end));
      rest = rest.slice(end).trimStart();
    }
    lines.push(rest);
  }
  return lines;
}

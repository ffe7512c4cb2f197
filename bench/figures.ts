/** Numbers of a workload, printed beside what they are measured against. */

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What this version promises, the final goal, and what the machine could do at best; as text, since some are "at least". */
  readonly target?: string;
  readonly goal?: string;
  readonly floor?: string;
}

/** The value below which a share `p` (0 to 1) of the samples lies. NaN without samples. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}

export function printFigures(title: string, figures: readonly Figure[]): void {
  const header = ['figure', 'measured', 'here at least', 'goal', 'floor'];
  const rows = figures.map(({ name, value, unit, target, goal, floor }) => [
    name,
    `${formatNumber(value)} ${unit}`,
    target ?? '',
    goal ?? '',
    floor ?? '',
  ]);
  const widths = header.map((text, column) => Math.max(text.length, ...rows.map((row) => (row[column] as string).length)));
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join('  ')}`.trimEnd();
  console.log(`\n${title}`);
  for (const row of [header, ...rows]) console.log(line(row));
}

function formatNumber(value: number): string {
  if (Number.isNaN(value)) return '-';
  return value >= 100 ? String(Math.round(value)) : String(Math.round(value * 100) / 100);
}

import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync, type Options } from '@swc/core';

const CONFIG = '../../../jest.config.mjs' as string;

/**
 * Stack traces in the author's coordinates for one test file, as the loader of DAG files gives them: jest maps stacks only when it prints
 * them. The file is compiled once more, with jest's own options, for the map.
 */
export async function mapStacksOf(moduleUrl: string): Promise<void> {
  const file = fileURLToPath(moduleUrl);
  // Not a literal: the config is JavaScript without types.
  const config = (await import(CONFIG)) as { default: { transform: Record<string, [string, Options]> } };
  const [, options] = config.default.transform['^.+\\.ts$'] as [string, Options];
  const { map } = transformSync(readFileSync(file, 'utf8'), { ...options, filename: file, sourceMaps: true });
  const sourceMap = new SourceMap(JSON.parse(map as string) as ConstructorParameters<typeof SourceMap>[0]);
  Error.prepareStackTrace = (error, sites) =>
    [
      String(error),
      ...sites.map((site) => {
        const text = site.toString();
        if (site.getFileName() !== file) return `    at ${text}`;
        const entry = sourceMap.findEntry((site.getLineNumber() ?? 1) - 1, (site.getColumnNumber() ?? 1) - 1);
        if (!('originalLine' in entry)) return `    at ${text}`;
        return `    at ${text.replace(/:\d+:\d+\)?$/, '')}:${entry.originalLine + 1}:${entry.originalColumn + 1}${text.endsWith(')') ? ')' : ''}`;
      }),
    ].join('\n');
}

/** Line of the comment `here: <name>` in a test file. */
export function lineFinder(moduleUrl: string): (name: string) => number {
  const lines = readFileSync(fileURLToPath(moduleUrl), 'utf8').split('\n');
  return (name) => {
    const index = lines.findIndex((line) => line.endsWith(`// here: ${name}`));
    if (index < 0) throw new Error(`no comment "here: ${name}"`);
    return index + 1;
  };
}

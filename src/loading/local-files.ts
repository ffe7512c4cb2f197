/**
 * How an import between files of one bundle finds its target. The same rules serve the compiler (which asks the disk) and the
 * evaluator (which asks the bundle), so that both see the same file. Paths are relative to the DAGs folder, with `/`.
 */
import { posix } from 'node:path';

/** Endings of files that are compiled, in the order in which an import without an ending tries them. */
export const SOURCE_ENDINGS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'] as const;

/** TypeScript writes `./x.js` for `x.ts`: the endings to try first for a given one. */
const WRITTEN_FOR: Readonly<Record<string, string>> = { '.js': '.ts', '.mjs': '.mts', '.cjs': '.cts' };

/** `./x`, `../x`: an import of a file, not of a package. */
export function isLocalSpecifier(specifier: string): boolean {
  return /^\.{1,2}(\/|$)/.test(specifier);
}

/** The path an import names, before any ending is tried. */
export function localTarget(importer: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(importer), specifier));
}

/** The file that `specifier` in `importer` means, or null when there is none. */
export function resolveLocal(importer: string, specifier: string, isFile: (path: string) => boolean): string | null {
  const target = localTarget(importer, specifier);
  const ending = posix.extname(target);
  const candidates = [
    ...(WRITTEN_FOR[ending] ? [target.slice(0, -ending.length) + WRITTEN_FOR[ending]] : []),
    ...(ending ? [target] : []),
    ...SOURCE_ENDINGS.map((one) => target + one),
    `${target}.json`,
    ...SOURCE_ENDINGS.map((one) => posix.join(target, `index${one}`)),
  ];
  return candidates.find(isFile) ?? null;
}

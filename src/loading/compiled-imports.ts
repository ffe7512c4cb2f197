/**
 * Reads the imports out of a compiled file. The compiler (pinned, comments stripped) writes what `import` and `export ... from` need as
 * one block of `require("...")` lines between the preamble and the code, in the author's order; a dynamic `import()` becomes a
 * `Promise.resolve().then(...)` around a require. Types are gone by then, so nothing is named here that is not needed at run time.
 */

const HOISTED =
  /^(?:const _[\w$]* = )?(?:\/\*#__PURE__\*\/ )?(?:_interop_require_(?:default|wildcard)\(|_export_star\()?require\(("(?:[^"\\]|\\.)*")\)(?:, exports\)|\))?;$/;
const PREAMBLE_START = /^(?:Object\.defineProperty\(exports, |function _export\(|_export\(exports, \{)/;
const DIRECTIVE = /^(?:#!.*|(['"])(?:(?!\1).)*\1;)$/;
const DYNAMIC = /(?<==>)\/\*#__PURE__\*\/ _interop_require_wildcard\(require\(/g;
/** A specifier with an escape in it is not looked for: file names have none. */
const LITERAL_REQUIRE = /\brequire\((?:"([^"\\]*)"|'([^'\\]*)')\)/g;

/** Whether a file is an ES module, by its ending or its text. A CommonJS file requires what it needs by itself and cannot wait. */
export function isEsModule(path: string, compiled: string): boolean {
  return !/\.(?:js|cjs|cts)$/.test(path) || compiled.includes('Object.defineProperty(exports, "__esModule", {');
}

/** Specifiers of the imports that are evaluated before the file itself, in order. */
export function staticImports(compiled: string): readonly string[] {
  const lines = compiled.split('\n');
  const { start, end } = hoistedRange(lines);
  return lines.slice(start, end).map((line) => JSON.parse((HOISTED.exec(line) as RegExpExecArray)[1] as string) as string);
}

/** Where in the source an import of `specifier` is written: its first quote. Lines and columns count from 1. */
export function importPosition(source: string, specifier: string): { readonly line: number; readonly column: number } | null {
  const escaped = specifier.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const found = new RegExp(`\\b(?:from|import|require\\()\\s*(['"])${escaped}\\1`).exec(source);
  if (!found) return null;
  const before = source.slice(0, found.index + found[0].length - specifier.length - 2).split('\n');
  return { line: before.length, column: (before.at(-1) as string).length + 1 };
}

/** Every literal specifier in the file, dynamic imports and plain `require` calls included. May name things that only look like one. */
export function mentionedSpecifiers(compiled: string): ReadonlySet<string> {
  return new Set(Array.from(compiled.matchAll(LITERAL_REQUIRE), (match) => (match[1] ?? match[2]) as string));
}

/**
 * Makes a compiled file wait for its imports: hoisted ones become `(await _load("...")).exports`, dynamic ones `_import("...")`. Positions
 * change in the hoisted lines only, to which no code of the author's belongs.
 */
export function waitForImports(compiled: string): string {
  const lines = compiled.split('\n');
  const { start, end } = hoistedRange(lines);
  for (let index = start; index < end; index++) {
    lines[index] = (lines[index] as string)
      .replace(/require\(("(?:[^"\\]|\\.)*")\)/, '(await _load($1)).exports')
      .replace(/^\(/, ';(');
  }
  return lines.join('\n').replace(DYNAMIC, (text) => text.replace('require(', '_import('));
}

function hoistedRange(lines: readonly string[]): { readonly start: number; readonly end: number } {
  let start = 0;
  for (; start < lines.length; start++) {
    const line = lines[start] as string;
    if (line === '' || DIRECTIVE.test(line)) continue;
    if (!PREAMBLE_START.test(line)) break;
    while (start < lines.length && !(lines[start] as string).startsWith('}')) start++;
  }
  let end = start;
  while (end < lines.length && HOISTED.test(lines[end] as string)) end++;
  return { start, end };
}

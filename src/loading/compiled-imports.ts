/**
 * Reads the imports out of a compiled file. The compiler (pinned, comments stripped) writes what `import` and `export ... from` need as
 * one block of `require("...")` lines between the preamble and the code, in the author's order; a dynamic `import()` becomes a
 * `Promise.resolve().then(...)` around a require. Types are gone by then, so nothing is named here that is not needed at run time.
 */

const HOISTED =
  /^(?:const [\w$]+ = )?(?:\/\*#__PURE__\*\/ )?(?:_interop_require_(?:default|wildcard)\(|_export_star\()?require\(("(?:[^"\\]|\\.)*")\)(?:, exports\)|\))?;$/;
const PREAMBLE_START = /^(?:Object\.defineProperty\(exports, |function _export\(|_export\(exports, \{)/;
const DIRECTIVE = /^(?:#!.*|(['"])(?:(?!\1).)*\1;)$/;
const DYNAMIC = /\/\*#__PURE__\*\/ _interop_require_wildcard\(require\(/g;
const LITERAL_REQUIRE = /\b(?:require|_import)\(("(?:[^"\\]|\\.)*")\)/g;

/** Specifiers of the imports that are evaluated before the file itself, in order. */
export function staticImports(compiled: string): readonly string[] {
  const specifiers: string[] = [];
  const lines = compiled.split('\n');
  let index = 0;
  for (; index < lines.length; index++) {
    const line = lines[index] as string;
    if (line === '' || DIRECTIVE.test(line)) continue;
    if (!PREAMBLE_START.test(line)) break;
    while (index < lines.length && !(lines[index] as string).startsWith('}')) index++;
  }
  for (; index < lines.length; index++) {
    const found = HOISTED.exec(lines[index] as string);
    if (!found) break;
    specifiers.push(JSON.parse(found[1] as string) as string);
  }
  return specifiers;
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
  return new Set(Array.from(compiled.matchAll(LITERAL_REQUIRE), (match) => JSON.parse(match[1] as string) as string));
}

/**
 * Turns the `require` of dynamic imports into `_import` (same length: the source map stays right), which may wait, as `import()`
 * does. Those of hoisted imports keep their name.
 */
export function markDynamicImports(compiled: string): string {
  return compiled.replace(DYNAMIC, (text, offset: number) => {
    const before = compiled.slice(Math.max(0, offset - 8), offset);
    return before.endsWith('=>') ? text.replace('require(', '_import(') : text;
  });
}

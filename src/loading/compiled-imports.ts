/**
 * Reads the imports out of a compiled file. The compiler (pinned, comments stripped) writes what `import` and `export ... from` need as
 * one block of `require("...")` lines between the preamble and the code, in the author's order; a dynamic `import()` becomes a
 * `Promise.resolve().then(...)` around a require. Types are gone by then, so nothing is named here that is not needed at run time.
 */

/** One `require` of a compiled file; line and column count from 1 and are those of the compiled text. */
export interface ImportSite {
  readonly specifier: string;
  readonly line: number;
  readonly column: number;
}

const HOISTED =
  /^(?:const [\w$]+ = )?(?:\/\*#__PURE__\*\/ )?(?:_interop_require_(?:default|wildcard)\(|_export_star\()?require\(("(?:[^"\\]|\\.)*")\)(?:, exports\)|\))?;$/;
const PREAMBLE_START = /^(?:Object\.defineProperty\(exports, |function _export\(|_export\(exports, \{)/;
const DIRECTIVE = /^(?:#!.*|(['"])(?:(?!\1).)*\1;)$/;
const DYNAMIC = /\/\*#__PURE__\*\/ _interop_require_wildcard\(require\(/g;
const LITERAL_REQUIRE = /\b(?:require|_import)\(("(?:[^"\\]|\\.)*")\)/g;

/** Imports that are evaluated before the file itself, in order. */
export function staticImports(compiled: string): readonly ImportSite[] {
  const sites: ImportSite[] = [];
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
    sites.push({
      specifier: JSON.parse(found[1] as string) as string,
      line: index + 1,
      column: found[0].indexOf('require("') + 1,
    });
  }
  return sites;
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

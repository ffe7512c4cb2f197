/**
 * The compiler gives decorator calls no position in its source map: all `@task(...)` of a class would seem to stand at the class's end. This
 * module finds them: the compiled call stands in a `_ts_decorate([...], owner, "member")` block, the member's own position is in the map, and
 * the decorator is written at it in the source.
 */
export interface LineColumn {
  readonly line: number;
  readonly column: number;
}

const BLOCK_START = /^(?:[\p{ID_Continue}$]+ = )?_ts_decorate\(\[$/u;
const MEMBER_END = /^\], ([\p{ID_Continue}$]+)(?:\.prototype)?, "([\p{ID_Continue}$]+)"/u;
const CLASS_END = /^\], ([\p{ID_Continue}$]+)\);$/u;
const DECORATOR_NAME = /^\s+\(?(?:0, )?(?:[\w$]+\.)*([\w$]+)/;
/** A class may have that many lines of decorators and a member that many of decorator options. */
const MAX_LINES = 100;

/**
 * @param compiled lines of the compiled text; `line`, from 1, is one without a mapping of its own.
 * @param lookUp maps a place in the compiled text to the source.
 * @returns where the `@` of the decorator stands; null when the line is no decorator call.
 */
export function decoratorPosition(
  compiled: readonly string[],
  source: readonly string[],
  line: number,
  lookUp: (line: number, column: number) => LineColumn | null,
): LineColumn | null {
  const name = DECORATOR_NAME.exec(compiled[line - 1] ?? '')?.[1];
  if (name === undefined) return null;
  let start = line - 1;
  while (start >= 0 && /^\s/.test(compiled[start] as string)) start--;
  if (!BLOCK_START.test(compiled[start] ?? '')) return null;
  let end = line;
  while (end < compiled.length && /^(?:\s|$)/.test(compiled[end] as string)) end++;
  const [, owner, member] = MEMBER_END.exec(compiled[end] ?? '') ?? CLASS_END.exec(compiled[end] ?? '') ?? [];
  const classLine = owner === undefined ? -1 : compiled.findIndex((text) => text.includes(`class ${owner} `));
  if (classLine < 0) return null;
  if (member === undefined) {
    const declared = lookUp(classLine + 1, (compiled[classLine] as string).indexOf(`class ${owner}`) + 1);
    return declared && findDecorator(source, name, declared.line, -1);
  }
  const declaration = new RegExp(
    `^    (?:(?:static|async|get|set) |\\*)*${member.replaceAll('$', '\\$')}(?![\\p{ID_Continue}$])`,
    'u',
  );
  const memberLine = compiled.findIndex((text, index) => index > classLine && declaration.test(text));
  const declared = memberLine < 0 ? null : lookUp(memberLine + 1, 5);
  if (!declared) return null;
  // Depending on the member's form, its position is that of its first decorator or that of its name.
  const isAtDecorator = source[declared.line - 1]?.[declared.column - 1] === '@';
  return findDecorator(source, name, declared.line, isAtDecorator ? 1 : -1);
}

function findDecorator(source: readonly string[], name: string, fromLine: number, step: 1 | -1): LineColumn | null {
  const written = new RegExp(`@(?:[\\w$]+\\.)*${name.replaceAll('$', '\\$')}\\b`);
  for (let offset = 0; offset < MAX_LINES; offset++) {
    const line = fromLine + step * offset;
    const found = written.exec(source[line - 1] ?? '');
    if (found) return { line, column: found.index + 1 };
  }
  return null;
}

/**
 * Gives stack traces the author's coordinates. Evaluated files are compiled text under the name of their source file; this module
 * remembers which script came from which compiled text and rewrites the frames of those scripts, and of no others, to
 * `<path relative to the DAGs folder>:line:column` of the TypeScript.
 */
import { SourceMap } from 'node:module';
import type { SourceFile } from '../model/dag.js';
import type { SourcePosition } from '../model/dag-spec.js';
import { decoratorPosition, type LineColumn } from './decorator-positions.js';

interface EvaluatedScript {
  readonly file: SourceFile;
  /** Made when a stack first passes through the script. */
  mapping: Mapping | null;
}

interface Mapping {
  readonly map: SourceMap | null;
  readonly compiled: readonly string[];
  readonly source: readonly string[];
}

const scripts = new Map<string, EvaluatedScript>();
const authorFrames = new WeakMap<object, SourcePosition>();
/** Functions that the compiler adds to a file; no line of the source belongs to them. */
const COMPILER_FUNCTION = /^_(?:ts_|interop_require|export|getRequireWildcardCache)/;
const INLINE_MAP = /\n\/\/# sourceMappingURL=data:application\/json;(?:charset=utf-8;)?base64,([A-Za-z0-9+/=]+)[\s})]*$/;

/**
 * Announces a script before it is evaluated. Returns the name to evaluate it under: `filename`, or, when another version of that file was
 * evaluated in this process already, the same with a version mark.
 */
export function registerScript(filename: string, file: SourceFile): string {
  let name = filename;
  const known = scripts.get(name);
  if (known && known.file.compiled !== file.compiled) name = `${filename}?v=${file.hash.slice(0, 8)}`;
  if (!scripts.has(name)) scripts.set(name, { file, mapping: null });
  return name;
}

/** Maps a position in compiled text (from 1) to the source; null where the map says nothing. */
export function originalPosition(compiled: string, line: number, column: number): LineColumn | null {
  return lookUp(parseMap(compiled), line, column);
}

/** The name of the source file in the inline map of a compiled text, without its folder; null: it has none. */
export function mappedFile(compiled: string): string | null {
  return parseMap(compiled)?.payload.sources[0] ?? null;
}

/** The innermost place in an author's file that `error` passed through; null when it never was in one. */
export function authorPosition(error: unknown): SourcePosition | null {
  if (typeof error !== 'object' || error === null) return null;
  try {
    void (error as Error).stack; // V8 formats a stack when it is first read
  } catch {
    return null;
  }
  return authorFrames.get(error) ?? null;
}

/**
 * Installs the formatter for this process. Frames below the author's outermost one (our own loader and runner) are left out. Calling it
 * again changes nothing.
 */
export function installSourceMaps(): void {
  Error.prepareStackTrace = formatStack;
}

function formatStack(error: Error, sites: NodeJS.CallSite[]): string {
  const frames: string[] = [];
  let lastAuthorFrame = -1;
  for (const site of sites) {
    const position = positionOf(site);
    if (position && COMPILER_FUNCTION.test(site.getFunctionName() ?? '')) continue;
    if (!position) {
      frames.push(site.toString());
      continue;
    }
    if (lastAuthorFrame < 0) authorFrames.set(error, position);
    lastAuthorFrame = frames.length;
    const place = `${position.file}:${position.line}:${position.column}`;
    const text = site.toString();
    const generated = `${site.getFileName()}:${site.getLineNumber()}:${site.getColumnNumber()}`;
    frames.push(text.includes(generated) ? text.replace(generated, () => place) : place);
  }
  const kept = lastAuthorFrame < 0 ? frames : frames.slice(0, lastAuthorFrame + 1);
  return [headline(error), ...kept.map((frame) => `    at ${frame}`)].join('\n');
}

function positionOf(site: NodeJS.CallSite): SourcePosition | null {
  const script = scripts.get(site.getFileName() ?? '');
  const line = site.getLineNumber();
  const column = site.getColumnNumber();
  if (!script || line === null || column === null) return null;
  const { file } = script;
  script.mapping ??= { map: parseMap(file.compiled), compiled: file.compiled.split('\n'), source: file.content.split('\n') };
  const { map, compiled, source } = script.mapping;
  const entry = map?.findEntry(line - 1, column - 1);
  const isMapped = entry && 'originalLine' in entry && entry.generatedLine === line - 1;
  const decorator = isMapped ? null : decoratorPosition(compiled, source, line, (...place) => lookUp(map, ...place));
  const found = decorator ?? lookUp(map, line, column);
  return { file: file.path, ...(found ? atName(source, found) : { line, column }) };
}

/** A call of an import is mapped to its parenthesis, `defineDag` at the `(` of `defineDag(`; people look for the name. */
function atName(source: readonly string[], { line, column }: LineColumn): LineColumn {
  const name = /[\p{ID_Continue}$]+(?=\($)/u.exec((source[line - 1] ?? '').slice(0, column));
  return { line, column: name ? name.index + 1 : column };
}

function lookUp(map: SourceMap | null, line: number, column: number): LineColumn | null {
  const entry = map?.findEntry(line - 1, column - 1);
  if (!entry || !('originalLine' in entry)) return null;
  return { line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

function parseMap(compiled: string): SourceMap | null {
  const found = INLINE_MAP.exec(compiled);
  if (!found) return null;
  return new SourceMap(
    JSON.parse(Buffer.from(found[1] as string, 'base64').toString('utf8')) as ConstructorParameters<typeof SourceMap>[0],
  );
}

function headline(error: unknown): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}

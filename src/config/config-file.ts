/**
 * Finds and evaluates the configuration file. A TypeScript file is compiled with swc and evaluated as CommonJS, because relative imports
 * and `import 'airflow-like/config'` then work from the file's own folder without writing next to it. The compiled text is kept in
 * `<home>/cache`, so that a command on an unchanged file does not load the compiler. What the values mean is not decided here.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire, SourceMap, type SourceMapPayload } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { AirflowLikeError } from '../model/errors.js';
import { findRepeatedName } from './find-repeated-name.js';
import * as authorExports from './index.js';

export const CONFIG_FILE_NAMES = ['ts', 'mts', 'js', 'mjs'].map((extension) => `airflow-like.config.${extension}`);

export interface ConfigFile {
  readonly path: string;
  /** Source text, in which `locateOption` finds lines. */
  readonly source: string;
  /** The default export, not checked yet. */
  readonly value: object;
}

/** Changes when the way of compiling does, so that an older cache is not used. */
const COMPILATION = 'swc-cjs-1';

/**
 * The path of the configuration file in `folder`, or null when there is none.
 * @throws AirflowLikeError CONFIG_CONFLICT when there are two.
 */
export function findConfigFile(folder: string): string | null {
  const found = CONFIG_FILE_NAMES.filter((name) => existsSync(join(folder, name)));
  if (found.length > 1) {
    throw new AirflowLikeError('CONFIG_CONFLICT', { place: folder, message: `there are ${found.join(' and ')}; keep one of them` });
  }
  return found[0] === undefined ? null : join(folder, found[0]);
}

/**
 * Reads and evaluates a configuration file. `cacheFolder` is only written if the folder above it exists: reading a configuration
 * creates no home.
 * @throws AirflowLikeError CONFIG_INVALID when it cannot be read, compiled or evaluated, or exports no object by default.
 */
export async function readConfigFile(path: string, cacheFolder: string): Promise<ConfigFile> {
  const source = readSource(path);
  const module = path.endsWith('ts') ? await evaluateTypeScript(path, source, cacheFolder) : await importJavaScript(path);
  const value = module['default'];
  if (!isPlainObject(value)) {
    throw new AirflowLikeError('CONFIG_INVALID', {
      place: basename(path),
      file: path,
      message: value === undefined ? 'the file has no default export' : 'the default export must be an object',
      allowed: 'export default defineConfig({ ... })',
      // An object may hold a password.
      ...(value === undefined || typeof value === 'object' ? {} : { value }),
    });
  }
  return { path, source, value };
}

/** Whether it is `{ ... }`: a promise or an instance of a class has no options of its own and would pass for an empty configuration. */
function isPlainObject(value: unknown): value is object {
  if (value === null || typeof value !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Line of `section.key` (or of `section`) in the source, counted from 1; null when the text does not show it. */
export function locateOption(source: string, section: string, key: string | null): number | null {
  const offsetOf = (name: string, from: number) => {
    const pattern = new RegExp(`(?<![\\w$.])(['"]?)${name.replace(/[^\w]/g, '\\$&')}\\1\\s*:`, 'g');
    pattern.lastIndex = from;
    return pattern.exec(source)?.index ?? -1;
  };
  let offset = offsetOf(section, 0);
  if (offset >= 0 && key !== null) offset = offsetOf(key, offset);
  return offset < 0 ? null : source.slice(0, offset).split('\n').length;
}

function readSource(path: string): string {
  const refuse = (message: string, cause?: unknown) =>
    new AirflowLikeError('CONFIG_INVALID', { place: basename(path), file: path, message, cause });
  let bytes: Buffer;
  try {
    if (statSync(path).isDirectory()) throw refuse('this is a folder, not a file');
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof AirflowLikeError) throw error;
    throw refuse(`the file cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`, error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes); // a byte order mark is dropped
  } catch (error) {
    throw refuse('the file is not UTF-8 text', error);
  }
}

async function importJavaScript(path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    throw describeFailure(path, error, stackPosition(path, error));
  }
}

async function evaluateTypeScript(path: string, source: string, cacheFolder: string): Promise<Record<string, unknown>> {
  let code: string;
  try {
    code = await compile(path, source, cacheFolder);
  } catch (error) {
    if (error instanceof AirflowLikeError) throw error;
    throw describeFailure(path, error, frameOfCompiler(String((error as Error).message)));
  }
  const requireByNode = createRequire(path);
  const require = (specifier: string): unknown =>
    specifier === 'airflow-like/config' ? authorExports : (requireByNode(specifier) as unknown);
  const module = { exports: {} as Record<string, unknown> };
  try {
    // The wrapper stays on the first line of the code, so that the lines of the source map stay right.
    const script = new Script(`(async function (exports, require, module, __filename, __dirname) {${code}\n})`, { filename: path });
    await script.runInThisContext()(module.exports, require, module, path, dirname(path));
  } catch (error) {
    const compiled = stackPosition(path, error);
    throw describeFailure(path, error, compiled && originalPosition(code, compiled));
  }
  return module.exports;
}

async function compile(path: string, source: string, cacheFolder: string): Promise<string> {
  const hash = createHash('sha256').update(`${COMPILATION}\0${path}\0${source}`).digest('hex');
  const cached = join(cacheFolder, `config-${hash.slice(0, 32)}.js`);
  try {
    return readFileSync(cached, 'utf8');
  } catch {
    // not compiled yet
  }
  const { parse, transform } = await import('@swc/core');
  const { code } = await transform(source, {
    filename: path,
    swcrc: false,
    configFile: false,
    sourceMaps: 'inline',
    module: { type: 'commonjs' },
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  });
  const repeated = findRepeatedName(await parse(source, { syntax: 'typescript', target: 'es2022' }));
  if (repeated !== null) {
    throw new AirflowLikeError('CONFIG_INVALID', {
      place: `${repeated} (${basename(path)})`,
      file: path,
      message: 'the name is given twice',
    });
  }
  try {
    if (existsSync(dirname(cacheFolder))) {
      mkdirSync(cacheFolder, { recursive: true });
      writeFileSync(`${cached}.${process.pid}`, code);
      renameSync(`${cached}.${process.pid}`, cached);
    }
  } catch {
    // A home that cannot be written is reported by what needs it; the cache only saves time.
  }
  return code;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** One error with the place in the author's text, whatever was thrown. */
function describeFailure(path: string, error: unknown, position: Position | null): AirflowLikeError {
  const message =
    error !== null && typeof error === 'object' && 'message' in error
      ? firstSentence(String(error.message))
      : `something that is not an Error was thrown: ${String(error)}`;
  return new AirflowLikeError('CONFIG_INVALID', {
    place: position ? `${basename(path)}:${position.line}:${position.column}` : basename(path),
    file: path,
    ...(position ?? {}),
    message: `the file could not be evaluated: ${message}`,
    cause: error,
  });
}

/** swc prints a frame such as `,-[/path/airflow-like.config.ts:3:1]` under its sentence. */
function frameOfCompiler(message: string): Position | null {
  const match = /\[[^\n\]]*:(\d+):(\d+)\]/.exec(message);
  return match ? { line: Number(match[1]), column: Number(match[2]) } : null;
}

/** The first place of the error's stack that lies in the file. */
function stackPosition(path: string, error: unknown): Position | null {
  const stack = String((error as { stack?: unknown } | null | undefined)?.stack ?? '');
  const at = stack.indexOf(`${path}:`);
  const match = at < 0 ? null : /^:(\d+)(?::(\d+))?/.exec(stack.slice(at + path.length));
  return match ? { line: Number(match[1]), column: Number(match[2] ?? 1) } : null;
}

/** Takes a place in compiled code back to the author's text by the source map at the end of the code. */
function originalPosition(code: string, compiled: Position): Position {
  const encoded = /sourceMappingURL=data:application\/json;[^,]*,([\w+/=]+)\s*$/.exec(code)?.[1];
  if (encoded === undefined) return compiled;
  const map = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as SourceMapPayload);
  const entry = map.findEntry(compiled.line - 1, compiled.column - 1);
  return 'originalLine' in entry ? { line: entry.originalLine + 1, column: entry.originalColumn + 1 } : compiled;
}

function firstSentence(message: string): string {
  const lines = message.split('\n').map((line) => line.replace(/^\s*[x×]\s+/u, '').trim()); // swc marks its sentence with x
  return lines.find((line) => line !== '') ?? 'no message';
}

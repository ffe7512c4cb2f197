/**
 * Evaluates the compiled files of a bundle in this process. Nothing of it enters Node's module cache, so a new version of a file is
 * simply another evaluation, and an old version can be evaluated on a machine that never had the files.
 *
 * A file begins with its imports, each awaited in the order in which they are written; in a cycle, a file sees of its partner what an ES
 * module would: functions, and values once they are set. Top-level await works everywhere.
 */
import { isAbsolute, join, dirname } from 'node:path';
import { Script } from 'node:vm';
import type { SourceBundle, SourceFile } from '../model/dag.js';
import { AirflowLikeError, isAirflowLikeError, type ErrorDetails } from '../model/errors.js';
import { importPosition, isEsModule, waitForImports } from './compiled-imports.js';
import { isLocalSpecifier, resolveLocal } from './local-files.js';
import { placeOfJsonError } from './json-error.js';
import { namedExports } from './named-exports.js';
import { isMissing, packageName, Packages } from './packages.js';
import { registerScript } from './source-maps.js';

export interface EvaluateOptions {
  /** The DAGs folder on the machine that compiled the bundle. Need not exist here. */
  readonly originalRoot: string;
  readonly observer?: EvaluationObserver;
}

/** Hears what is being evaluated: files by path, packages by specifier. */
export interface EvaluationObserver {
  started(module: string): void;
  /** `ms`: without the imports that were loaded before it. */
  finished(module: string, ms: number): void;
}

/**
 * Evaluates the entry file and what it imports.
 *
 * @returns the exports of the entry.
 * @throws what the author's code throws, of any type; AirflowLikeError IMPORT_ERROR, with file, line and column, for an import that
 * leads nowhere.
 */
export async function evaluateBundle(bundle: SourceBundle, options: EvaluateOptions): Promise<Record<string, unknown>> {
  const entry = await new Evaluation(bundle, options).load(bundle.entry, []);
  return entry.exports as Record<string, unknown>;
}

interface LocalModule {
  exports: unknown;
  /** Settles when the file has been evaluated; null for a file that was required in CommonJS style, which cannot be waited for. */
  done: Promise<void> | null;
}

const PARAMETERS = 'exports, require, _load, _import, module, __filename, __dirname';

class Evaluation {
  readonly #files: ReadonlyMap<string, SourceFile>;
  readonly #modules = new Map<string, LocalModule>();
  readonly #packages: Packages;
  readonly #root: string;
  readonly #observer: EvaluationObserver | undefined;

  constructor(bundle: SourceBundle, options: EvaluateOptions) {
    this.#files = new Map(bundle.files.map((file) => [file.path, file]));
    this.#packages = new Packages(options.originalRoot);
    this.#root = options.originalRoot;
    this.#observer = options.observer;
  }

  /** @param importers the chain of files whose static imports led here. */
  async load(path: string, importers: readonly string[]): Promise<LocalModule> {
    let module = this.#modules.get(path);
    if (!module) {
      module = { exports: {}, done: null };
      this.#modules.set(path, module);
      module.done = this.#evaluate(path, module, [...importers, path]);
    }
    if (!importers.includes(path)) await module.done;
    return module;
  }

  async #evaluate(path: string, module: LocalModule, chain: readonly string[]): Promise<void> {
    const file = this.#file(path);
    if (path.endsWith('.json')) return this.#runJson(file, module);
    const clock = new Stopwatch();
    this.#observer?.started(path);
    try {
      const load = async (specifier: string): Promise<{ exports: unknown }> => {
        clock.pause();
        const target = this.#resolve(path, specifier);
        const exports = target === null ? await this.#loadPackage(file, specifier) : (await this.load(target, chain)).exports;
        clock.resume();
        return { exports: target !== null && isCompiledModule(exports) ? namedExports(specifier, exports) : exports };
      };
      await this.#run(file, module, isEsModule(path, file.compiled) ? load : null);
    } finally {
      this.#observer?.finished(path, clock.elapsedMs());
    }
  }

  /** Runs the file to its end. With `load`, imports are awaited and a promise comes back; without, they are required. */
  #run(file: SourceFile, module: LocalModule, load: ((specifier: string) => Promise<{ exports: unknown }>) | null): unknown {
    const filename = join(this.#root, file.path);
    const head = `(${load ? 'async ' : ''}function (${PARAMETERS}) {`;
    const script = new Script(`${head}${load ? waitForImports(file.compiled) : file.compiled}\n})`, {
      filename: registerScript(filename, file),
      columnOffset: -head.length,
    });
    const body = script.runInThisContext() as (...parameters: unknown[]) => unknown;
    const requireOf = (specifier: string): unknown => this.#require(file.path, specifier);
    const importOf = (specifier: string): Promise<unknown> => this.#importDynamically(file, specifier);
    return body.call(undefined, module.exports, requireOf, load, importOf, module, filename, dirname(filename));
  }

  #runJson(file: SourceFile, module: LocalModule): void {
    const text = file.content.replace(/^\uFEFF/, '');
    try {
      module.exports = JSON.parse(text);
    } catch (error) {
      throw new AirflowLikeError('IMPORT_ERROR', {
        place: file.path,
        file: file.path,
        ...placeOfJsonError(text),
        message: `not valid JSON: ${String(error)}`,
      });
    }
  }

  #require(importer: string, specifier: string): unknown {
    const target = this.#resolve(importer, specifier);
    if (target === null) return this.#packages.require(specifier);
    const known = this.#modules.get(target);
    if (known) return known.exports;
    const file = this.#file(target);
    if (file.compiled.includes('await')) {
      throw new AirflowLikeError('IMPORT_ERROR', {
        place: importer,
        message: `"${specifier}" uses await and cannot be required; write import instead of require`,
      });
    }
    const module: LocalModule = { exports: {}, done: null };
    this.#modules.set(target, module);
    if (target.endsWith('.json')) this.#runJson(file, module);
    else this.#run(file, module, null);
    return module.exports;
  }

  /**
   * For `import()`. The compiled code hands the answer to its interop function, which leaves whatever claims to be an ES module alone: the
   * mark on the promise brings it through, so that the caller's `await` waits for it.
   */
  #importDynamically(file: SourceFile, specifier: string): Promise<unknown> {
    const target = this.#resolve(file.path, specifier);
    const loaded =
      target === null ? this.#loadPackage(file, specifier) : this.load(target, []).then((module) => asNamespace(module.exports));
    return Object.assign(loaded, { __esModule: true });
  }

  #resolve(importer: string, specifier: string): string | null {
    if (isAbsolute(specifier))
      throw new AirflowLikeError('IMPORT_ERROR', { place: importer, message: 'write a relative path', value: specifier });
    if (!isLocalSpecifier(specifier)) return null;
    const target = resolveLocal(importer, specifier, (path) => this.#files.has(path));
    if (target !== null) return target;
    throw new AirflowLikeError('IMPORT_ERROR', {
      place: importer,
      file: importer,
      message: 'no such file in the bundle',
      value: specifier,
    });
  }

  #file(path: string): SourceFile {
    const file = this.#files.get(path);
    if (file) return file;
    throw new AirflowLikeError('INTERNAL', { place: path, message: 'the bundle does not hold this file' });
  }

  async #loadPackage(file: SourceFile, specifier: string): Promise<object> {
    const known = this.#packages.get(specifier);
    if (known) return known;
    const clock = new Stopwatch();
    this.#observer?.started(specifier);
    try {
      return await this.#packages.load(specifier);
    } catch (error) {
      throw this.#explainImport(file, specifier, error);
    } finally {
      this.#observer?.finished(specifier, clock.elapsedMs());
    }
  }

  #explainImport(file: SourceFile, specifier: string, error: unknown): unknown {
    const position = importPosition(file.content, specifier) ?? { line: 1, column: 1 };
    const where = { place: `${file.path}:${position.line}:${position.column}`, file: file.path, ...position };
    if (isAirflowLikeError(error)) return new AirflowLikeError(error.code, { ...(error.details as ErrorDetails), ...where });
    if (!isMissing(error, specifier)) return error;
    return new AirflowLikeError('IMPORT_ERROR', {
      ...where,
      message: `the package "${packageName(specifier)}" is not installed where the DAGs folder can see it`,
      value: specifier,
      cause: error,
    });
  }
}

/** Time spent in a module itself, without its imports. */
function isCompiledModule(exports: unknown): exports is object {
  return typeof exports === 'object' && exports !== null && '__esModule' in exports;
}

class Stopwatch {
  #elapsedMs = 0;
  #since = performance.now();

  pause(): void {
    this.#elapsedMs += performance.now() - this.#since;
  }

  resume(): void {
    this.#since = performance.now();
  }

  elapsedMs(): number {
    return this.#elapsedMs + performance.now() - this.#since;
  }
}

function asNamespace(exports: unknown): unknown {
  if (typeof exports !== 'object' || exports === null) return { default: exports };
  return '__esModule' in exports ? exports : { ...exports, default: exports };
}

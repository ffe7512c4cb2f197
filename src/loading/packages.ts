/**
 * Packages that an author's file imports: resolved by Node's own ESM rules from the DAGs folder if it exists on this machine, else from the
 * working directory, else from this package; built-in modules by name. Whatever comes back looks like a compiled ES module, with the default
 * and named exports that Node would give.
 */
import { existsSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';
import { importOwn, isOwnSpecifier } from './own-package.js';

type Import = (specifier: string) => Promise<object>;

export class Packages {
  readonly #bases: readonly string[];
  readonly #imports = new Map<string, Import>();
  readonly #loaded = new Map<string, object>();

  /** @param originalRoot the DAGs folder, whether or not it exists here. */
  constructor(originalRoot: string) {
    this.#bases = [
      ...(existsSync(originalRoot) ? [originalRoot] : []),
      process.cwd(),
      fileURLToPath(new URL('.', import.meta.url)),
    ];
  }

  /** What was loaded before; undefined when `specifier` was not. */
  get(specifier: string): object | undefined {
    return this.#loaded.get(specifier);
  }

  /** @throws whatever the package throws, or Node's own error when there is no such package. */
  async load(specifier: string): Promise<object> {
    const known = this.#loaded.get(specifier);
    if (known) return known;
    const loaded = isOwnSpecifier(specifier) ? await importOwn(specifier) : asCompiledModule(await this.#import(specifier));
    this.#loaded.set(specifier, loaded);
    return loaded;
  }

  /** For a `require` in CommonJS style: synchronous. */
  require(specifier: string): unknown {
    const known = this.#loaded.get(specifier);
    if (known) return known;
    return this.#fromFirstBase((base) => createRequire(join(base, 'dag.js'))(specifier) as unknown, specifier);
  }

  async #import(specifier: string): Promise<object> {
    if (isBuiltin(specifier)) return (await import(specifier)) as object;
    let firstError: unknown;
    for (const base of this.#bases) {
      try {
        return await withoutExperimentalWarning(() => this.#importFrom(base)(specifier));
      } catch (error) {
        if (!isMissing(error, specifier)) throw error;
        firstError ??= error;
      }
    }
    throw firstError;
  }

  #fromFirstBase<T>(attempt: (base: string) => T, specifier: string): T {
    let firstError: unknown;
    for (const base of this.#bases) {
      try {
        return attempt(base);
      } catch (error) {
        if (!isMissing(error, specifier)) throw error;
        firstError ??= error;
      }
    }
    throw firstError;
  }

  /** An `import()` that resolves as if it stood in a file of `base`. */
  #importFrom(base: string): Import {
    let known = this.#imports.get(base);
    if (!known) {
      const script = new Script('(specifier) => import(specifier)', {
        filename: join(base, 'dag.js'),
        importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      });
      known = script.runInThisContext() as Import;
      this.#imports.set(base, known);
    }
    return known;
  }
}

/** Node 20 says at its first use that the loader constant is experimental; people who run a DAG cannot do anything about that. */
function withoutExperimentalWarning<T>(startImport: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return startImport();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** The package itself is missing, not something that it imports. */
export function isMissing(error: unknown, specifier: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  if (error.code === 'ERR_MODULE_NOT_FOUND') return error.message.includes(`'${packageName(specifier)}'`);
  return error.code === 'MODULE_NOT_FOUND' && error.message.includes(`'${specifier}'`);
}

/** `@scope/name/sub` -> `@scope/name`. */
export function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** A module namespace as the compiled code expects it; of a CommonJS package also the members that Node's lexer did not see. */
export function asCompiledModule(namespace: object): object {
  const view = Object.create(null, { __esModule: { value: true } }) as object;
  const fallback = (namespace as { default?: unknown }).default;
  const expose = (source: object, name: string): void => {
    if (Object.hasOwn(view, name)) return;
    Object.defineProperty(view, name, { enumerable: true, get: () => (source as Record<string, unknown>)[name] });
  };
  for (const name of Object.keys(namespace)) expose(namespace, name);
  if (typeof fallback === 'function' || (typeof fallback === 'object' && fallback !== null)) {
    for (const name of Object.keys(fallback)) expose(fallback, name);
  }
  return view;
}

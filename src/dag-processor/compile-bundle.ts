/**
 * Makes the bundle of one entry file: the file and every local file it reaches, compiled, named by content hash. All mistakes of the bundle
 * come at once.
 */
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import type { ImportProblem, SourceBundle, SourceFile } from '../model/dag.js';
import { nearestName } from '../model/nearest-name.js';
import { importPosition, mentionedSpecifiers, staticImports } from '../loading/compiled-imports.js';
import { isLocalSpecifier, localTarget, resolveLocal } from '../loading/local-files.js';
import { compileFile } from './compile-file.js';
import { importProblem } from './import-problem.js';
import { codeOf } from './scan-folder.js';

export interface CompileOptions {
  /** A second folder from which files may be imported. */
  readonly pluginsFolder?: string | null;
  /** Compiled files of earlier bundles; lives as long as the caller keeps it. */
  readonly cache?: CompileCache;
}

/** Compiled text by path and content hash, the oldest leaving first. */
export class CompileCache {
  readonly #compiled = new Map<string, string>();

  constructor(readonly maxFiles = 500) {}

  get(path: string, hash: string): string | undefined {
    return this.#compiled.get(`${hash} ${path}`);
  }

  set(path: string, hash: string, compiled: string): void {
    this.#compiled.set(`${hash} ${path}`, compiled);
    if (this.#compiled.size > this.maxFiles) this.#compiled.delete(this.#compiled.keys().next().value as string);
  }
}

/** Part of every bundle hash: grows when the compiled form changes, so that an upgrade stores what its evaluator expects. */
const BUNDLE_FORMAT = 1;
const MAX_FILE_BYTES = 5_000_000;

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * @param root the DAGs folder; `entry` is relative to it.
 * @returns the bundle, or every problem found: syntax errors, imports of files that are not there or outside the allowed folders.
 */
export async function compileBundle(
  root: string,
  entry: string,
  options: CompileOptions = {},
): Promise<{ bundle: SourceBundle } | { problems: readonly ImportProblem[]; entryHash: string | null }> {
  const reach = new Reach(resolve(root), options);
  await reach.add(entry, null);
  if (reach.problems.length > 0) return { problems: reach.problems, entryHash: reach.files.get(entry)?.hash ?? null };
  const files = [...reach.files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const hash = sha256(JSON.stringify([BUNDLE_FORMAT, entry, ...files.map((file) => [file.path, file.hash])]));
  return { bundle: { hash, entry, files } };
}

interface ImportPlace {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly specifier: string;
}

class Reach {
  readonly files = new Map<string, SourceFile>();
  readonly problems: ImportProblem[] = [];
  readonly #root: string;
  readonly #allowedRoots: readonly string[];
  readonly #cache: CompileCache | undefined;

  constructor(root: string, options: CompileOptions) {
    this.#root = root;
    this.#allowedRoots = options.pluginsFolder ? [root, resolve(options.pluginsFolder)] : [root];
    this.#cache = options.cache;
  }

  async add(path: string, importedAt: ImportPlace | null): Promise<void> {
    if (this.files.has(path)) return;
    const content = await this.#read(path, importedAt);
    if (content === null) return;
    const hash = sha256(content);
    const compiled = this.#cache?.get(path, hash) ?? this.#compile(path, hash, content);
    this.files.set(path, { path, hash, content, compiled: compiled ?? '' });
    if (compiled === null || path.endsWith('.json')) return;
    for (const specifier of staticImports(compiled)) {
      if (!isLocalSpecifier(specifier)) continue;
      const position = importPosition(content, specifier) ?? { line: null, column: null };
      await this.#follow(path, { file: path, ...position, specifier });
    }
    for (const specifier of mentionedSpecifiers(compiled)) {
      const target = isLocalSpecifier(specifier) ? resolveLocal(path, specifier, (one) => this.#isFile(one)) : null;
      if (target !== null && this.#isAllowed(target)) await this.add(target, null);
    }
  }

  #compile(path: string, hash: string, content: string): string | null {
    const result = compileFile(path, content);
    if ('problem' in result) {
      this.problems.push(result.problem);
      return null;
    }
    this.#cache?.set(path, hash, result.compiled);
    return result.compiled;
  }

  async #follow(importer: string, place: ImportPlace): Promise<void> {
    const target = resolveLocal(importer, place.specifier, (one) => this.#isFile(one));
    if (target === null) {
      const suggestion = this.#nearestFile(importer, place.specifier);
      this.#report(place, `cannot import "${place.specifier}": no such file`, { value: place.specifier, suggestion });
    } else if (!this.#isAllowed(target)) {
      const allowed = 'files inside the DAGs folder and the plugins folder, and installed packages';
      this.#report(place, `cannot import "${place.specifier}": it lies outside the DAGs folder`, {
        value: place.specifier,
        allowed,
      });
    } else {
      await this.add(target, place);
    }
  }

  async #read(path: string, importedAt: ImportPlace | null): Promise<string | null> {
    try {
      const { size } = statSync(join(this.#root, path));
      if (size > MAX_FILE_BYTES) throw new RangeError(`it has ${size} bytes, more than ${MAX_FILE_BYTES}`);
      return await readFile(join(this.#root, path), 'utf8');
    } catch (error) {
      const place = importedAt ?? { file: path, line: null, column: null, specifier: path };
      this.#report(place, `cannot read ${path}: ${error instanceof RangeError ? error.message : codeOf(error)}`, {});
      return null;
    }
  }

  #report(place: ImportPlace, message: string, more: Partial<ImportProblem>): void {
    const { line, column } = place;
    this.problems.push(importProblem('IMPORT_ERROR', place.file, message, { line, column, ...more }));
  }

  #isFile(path: string): boolean {
    try {
      return statSync(join(this.#root, path)).isFile();
    } catch {
      return false;
    }
  }

  #isAllowed(path: string): boolean {
    const absolute = join(this.#root, path);
    return this.#allowedRoots.some((root) => {
      const inside = relative(root, absolute);
      return inside !== '' && inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
    });
  }

  #nearestFile(importer: string, specifier: string): string | null {
    const target = localTarget(importer, specifier);
    const ending = posix.extname(target);
    let names: string[];
    try {
      names = readdirSync(join(this.#root, posix.dirname(target)));
    } catch {
      return null;
    }
    const written = names.map((name) => (ending === '.js' ? name.replace(/\.ts$/, '.js') : name));
    const nearest = nearestName(posix.basename(target), written);
    return nearest === null ? null : specifier.slice(0, specifier.length - posix.basename(specifier).length) + nearest;
  }
}

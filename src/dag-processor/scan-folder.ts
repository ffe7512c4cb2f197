/** Lists the source files of the DAGs folder. Says also how far the listing can be trusted: what it does not show may still be there. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SOURCE_ENDINGS } from '../loading/local-files.js';
import { IGNORE_FILE, parseIgnoreRules } from './ignore-rules.js';

/** Enough of a file's metadata to tell that it may have changed. */
export interface FileStamp {
  readonly mtimeMs: number;
  readonly size: number;
}

export interface FolderScan {
  /** By path relative to the folder, with `/`, in order. */
  readonly files: ReadonlyMap<string, FileStamp>;
  /** False when a part of the folder could not be read or a limit was reached: nothing may be concluded from a file's absence. */
  readonly isComplete: boolean;
  /** True when the folder holds nothing at all, not even other files: a mount that is gone looks like that. */
  readonly isEmpty: boolean;
  /** Device and inode of the folder; null when it could not be read. */
  readonly identity: string | null;
  /** For people, without line ends. */
  readonly warnings: readonly string[];
  /** Whether a rule, not the disk, keeps the path out of `files`. */
  readonly isIgnored: (path: string) => boolean;
}

/** More source files than this are not looked at. */
export const DEFAULT_MAX_FILES = 20_000;
const STATS_AT_ONCE = 64;

/** A DAG file by its name: TypeScript or JavaScript, no declaration, no test. */
export function isSourceName(name: string): boolean {
  return (
    !name.startsWith('.') &&
    SOURCE_ENDINGS.some((ending) => name.endsWith(ending)) &&
    !/\.d\.[mc]?ts$/.test(name) &&
    !/\.(test|spec)\.[mc]?[jt]s$/.test(name)
  );
}

/** Folders that are never looked into. */
export function isSkippedFolder(name: string): boolean {
  return name === 'node_modules' || name.startsWith('.');
}

/** Never throws: a folder that cannot be read is an incomplete scan with a warning. */
export async function scanFolder(folder: string, maxFiles: number = DEFAULT_MAX_FILES): Promise<FolderScan> {
  const walk = new Walk(folder, maxFiles);
  const identity = await identityOf(folder);
  walk.isIgnored = parseIgnoreRules(await readFile(join(folder, IGNORE_FILE), 'utf8').catch(() => ''));
  const count = await walk.enter('');
  const files = new Map([...walk.files].sort(([a], [b]) => (a < b ? -1 : 1)));
  const isComplete = walk.isComplete && identity !== null && identity === (await identityOf(folder));
  return { files, isComplete, isEmpty: count === 0, identity, warnings: walk.warnings, isIgnored: walk.isIgnored };
}

class Walk {
  readonly files = new Map<string, FileStamp>();
  readonly warnings: string[] = [];
  isComplete = true;
  isIgnored: (path: string) => boolean = () => false;
  readonly #realFolders = new Set<string>();

  constructor(
    readonly folder: string,
    readonly maxFiles: number,
  ) {}

  /** @returns the number of directory entries of any kind. */
  async enter(path: string): Promise<number> {
    const absolute = join(this.folder, path);
    try {
      const real = await realpath(absolute);
      if (this.#realFolders.has(real)) {
        this.warnings.push(`${path}: a link leads back to a folder that was read already; it is skipped`);
        return 0;
      }
      this.#realFolders.add(real);
      const entries = await readdir(absolute, { withFileTypes: true });
      const folders: string[] = [];
      const candidates: string[] = [];
      for (const entry of entries) {
        const child = path === '' ? entry.name : `${path}/${entry.name}`;
        if (entry.isDirectory() ? isSkippedFolder(entry.name) : entry.isFile() && !isSourceName(entry.name)) continue;
        if (this.isIgnored(entry.isDirectory() ? `${child}/` : child)) continue;
        if (entry.isDirectory()) folders.push(child);
        else if (entry.isFile() || entry.isSymbolicLink()) candidates.push(child);
      }
      for (let at = 0; at < candidates.length; at += STATS_AT_ONCE) {
        await Promise.all(candidates.slice(at, at + STATS_AT_ONCE).map((one) => this.#look(one, folders)));
      }
      for (const one of folders.sort()) {
        if (this.files.size > this.maxFiles) break;
        await this.enter(one);
      }
      return entries.length;
    } catch (error) {
      this.isComplete = false;
      this.warnings.push(`${path === '' ? this.folder : path}: cannot be read (${codeOf(error)})`);
      return 0;
    }
  }

  async #look(path: string, folders: string[]): Promise<void> {
    try {
      const { mtimeMs, size, isFile, isDirectory } = await statKind(join(this.folder, path));
      const name = path.slice(path.lastIndexOf('/') + 1);
      if (isDirectory && !isSkippedFolder(name)) folders.push(path);
      if (!isFile || !isSourceName(name)) return;
      if (this.files.size < this.maxFiles) this.files.set(path, { mtimeMs, size });
      else if (this.isComplete) {
        this.isComplete = false;
        this.warnings.push(`more than ${this.maxFiles} source files; only the first are read. Exclude folders in ${IGNORE_FILE}`);
      }
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT') return; // a link to nothing, or deleted while we looked
      if (code !== 'ELOOP') this.isComplete = false;
      this.warnings.push(`${path}: ${code === 'ELOOP' ? 'links to itself; it is skipped' : `cannot be read (${code})`}`);
    }
  }
}

async function statKind(path: string): Promise<FileStamp & { readonly isFile: boolean; readonly isDirectory: boolean }> {
  const found = await stat(path);
  return { mtimeMs: found.mtimeMs, size: found.size, isFile: found.isFile(), isDirectory: found.isDirectory() };
}

export async function identityOf(folder: string): Promise<string | null> {
  try {
    const { dev, ino } = await stat(folder);
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : String(error);
}

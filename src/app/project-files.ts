/** Looks for the files of file watches on this machine's disks. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseFilePattern, type FilePattern } from '../core/timetable/file-pattern.js';
import type { FoundFile } from '../model/found-file.js';
import type { FileFolder, FolderLook } from '../ports/file-folder.js';

/** Files beyond these are not looked at. */
const MAX_FILES = 200_000;
/** A folder that does not answer for this long (a network disk that is gone) counts as unreadable. */
const ANSWER_MS = 20_000;
/** Files whose size and time are asked for at once. */
const STATS_AT_ONCE = 32;

export interface ProjectFilesOptions {
  readonly maxFiles?: number;
  readonly answerMs?: number;
}

/** @param root The project's root: what patterns are relative to. */
export function createProjectFiles(root: string, options: ProjectFilesOptions = {}): FileFolder {
  const { maxFiles = MAX_FILES, answerMs = ANSWER_MS } = options;
  /** Looks that have not come back: another one at the same folder would only hang as well. */
  const underWay = new Set<string>();
  return {
    async look(pattern) {
      if (underWay.has(pattern)) return { files: [], problem: 'the folder does not answer' };
      underWay.add(pattern);
      const search = new Search(root, parseFilePattern(pattern, pattern), maxFiles);
      const look = search.run().finally(() => underWay.delete(pattern));
      return withinTime(look, answerMs);
    },
  };
}

async function withinTime(look: Promise<FolderLook>, answerMs: number): Promise<FolderLook> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<FolderLook>((answer) => {
    timer = setTimeout(() => answer({ files: [], problem: `the folder did not answer within ${answerMs / 1_000} s` }), answerMs);
  });
  try {
    return await Promise.race([look, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** One look: folders are walked first, then the matching files are asked for their size and time. */
class Search {
  readonly #paths: string[] = [];
  #problem: string | null = null;

  constructor(
    readonly root: string,
    readonly pattern: FilePattern,
    readonly maxFiles: number,
  ) {}

  async run(): Promise<FolderLook> {
    const { base, depth } = this.pattern;
    await this.#walk(base, depth);
    const files: FoundFile[] = [];
    const queue = this.#paths.values();
    const workers = Array.from({ length: STATS_AT_ONCE }, async () => {
      for (const path of queue) {
        const file = await this.#stat(path);
        if (file) files.push(file);
      }
    });
    await Promise.all(workers);
    return { files, problem: this.#problem };
  }

  /** Links to files count as files; links to folders are not followed, so that none leads in a circle. */
  async #walk(folder: string, depth: number): Promise<void> {
    let entries: readonly Dirent[];
    try {
      entries = await readdir(resolve(this.root, folder), { withFileTypes: true });
    } catch (error) {
      this.#problem ??= describe(error, folder);
      return;
    }
    for (const entry of entries) {
      const path = folder === '' ? entry.name : join(folder, entry.name);
      if (entry.isDirectory()) {
        if (depth > 0) await this.#walk(path, depth - 1);
      } else if ((entry.isFile() || entry.isSymbolicLink()) && this.pattern.matches(path)) {
        if (this.#paths.length >= this.maxFiles) {
          this.#problem = `more than ${this.maxFiles} files match; the others are not looked at until some of these are moved away`;
          return;
        }
        this.#paths.push(path);
      }
    }
  }

  async #stat(path: string): Promise<FoundFile | null> {
    const absolutePath = resolve(this.root, path);
    try {
      const found = await stat(absolutePath);
      return found.isFile() ? { path, absolutePath, size: found.size, modifiedAt: Math.floor(found.mtimeMs) } : null;
    } catch {
      // It was taken away since, or is a link to nothing.
      return null;
    }
  }
}

function describe(error: unknown, folder: string): string {
  const name = folder === '' ? 'the folder of the project' : `the folder ${folder}`;
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return `${name} does not exist`;
    case 'ENOTDIR':
      return `${name} is not a folder`;
    case 'EACCES':
    case 'EPERM':
      return `${name} cannot be read: permission denied`;
    default:
      return `${name} cannot be read (${code})`;
  }
}

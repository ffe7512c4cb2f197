/** Hears changes in the DAGs folder and the plugins folder sooner than the next scan. Only hints: the scan is the truth. */
import { type FSWatcher, watch } from 'chokidar';
import { basename, relative, sep } from 'node:path';
import { isSkippedFolder, isSourceName } from './scan-folder.js';
import { IGNORE_FILE } from './ignore-rules.js';

export interface FolderListener {
  /** Something stirs: a change will be reported in a moment. */
  stirred(): void;
  /** A file was written (and has kept its size for a moment). */
  written(path: string): void;
  /** A file may be gone. */
  removed(path: string): void;
  /** The rules of what is read changed, or the watcher has only now become ready: scan. */
  unsure(): void;
  failed(error: unknown): void;
}

/** For how long a file's size must stay the same before its change counts, and how often that is looked at. */
const SETTLE_MS = 60;
const POLL_MS = 20;

/**
 * @param folders the first is the DAGs folder, to which reported paths are relative.
 * @returns the function that ends it.
 */
export function watchFolders(folders: readonly string[], listener: FolderListener): () => Promise<void> {
  const [root] = folders as [string];
  const isIgnored = (path: string, stats?: { isFile(): boolean }): boolean => {
    if (folders.includes(path)) return false;
    const name = basename(path);
    if (name === IGNORE_FILE) return false;
    if (isSkippedFolder(name)) return true;
    return stats?.isFile() === true && !isSourceName(name) && !name.endsWith('.json');
  };
  const watcher: FSWatcher = watch([...folders], {
    ignored: isIgnored,
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: SETTLE_MS, pollInterval: POLL_MS },
  });
  const report = (path: string, hear: (path: string) => void): void => {
    if (basename(path) === IGNORE_FILE) listener.unsure();
    else hear(relative(root, path).split(sep).join('/'));
  };
  watcher
    .on('raw', () => listener.stirred())
    .on('add', (path) => report(path, (one) => listener.written(one)))
    .on('change', (path) => report(path, (one) => listener.written(one)))
    .on('unlink', (path) => report(path, (one) => listener.removed(one)))
    .on('ready', () => listener.unsure())
    .on('error', (error) => listener.failed(error));
  return () => watcher.close();
}

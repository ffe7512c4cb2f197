/**
 * What the dag processor knows of each file: its stamp, what it imports, how often it was missing. Answers the questions "what must be
 * parsed", "what is gone" and "is it only a helper"; does no I/O.
 */
import type { ParsedFile } from '../model/dag.js';
import type { FileStamp, FolderScan } from './scan-folder.js';

interface KnownFile {
  stamp: FileStamp | null;
  /** Paths of its bundle, itself included. */
  reached: readonly string[];
  hasNoDag: boolean;
  /** Its imports did not resolve: any other file's change may mend it. */
  waitsForOthers: boolean;
  missingScans: number;
}

/** A file must be missing from this many complete, non-empty scans in a row before its DAGs are retired. */
export const MISSING_SCANS = 3;
/** Files whose imports failed that one change may bring back to the parser. */
const MAX_RETRIED = 50;

export class KnownFiles {
  readonly #files = new Map<string, KnownFile>();
  /** Stamps of imported files that are no entries themselves (JSON, plugins). */
  readonly #dependencies = new Map<string, FileStamp>();

  get size(): number {
    return this.#files.size;
  }

  /** A file that the catalog knows from an earlier life of the processor. */
  remember(path: string): void {
    if (!this.#files.has(path)) {
      this.#files.set(path, { stamp: null, reached: [path], hasNoDag: false, waitsForOthers: false, missingScans: 0 });
    }
  }

  /** @returns paths to parse, and paths whose absence is now certain. */
  compare(scan: FolderScan): { readonly changed: readonly string[]; readonly gone: readonly string[] } {
    const changed = [...scan.files]
      .filter(([path, stamp]) => !sameStamp(this.#files.get(path)?.stamp, stamp))
      .map(([path]) => path);
    for (const path of scan.files.keys()) {
      const known = this.#files.get(path);
      if (known) known.missingScans = 0;
    }
    const gone: string[] = [];
    for (const [path, known] of this.#files) {
      if (scan.files.has(path)) continue;
      if (scan.identity !== null && scan.isIgnored(path)) gone.push(path);
      else if (scan.isComplete && !scan.isEmpty && ++known.missingScans >= MISSING_SCANS) gone.push(path);
    }
    return { changed, gone };
  }

  /** Paths outside the scan that entries import: to be looked at as well. */
  dependenciesOutside(scan: FolderScan): readonly string[] {
    const outside = new Set<string>();
    for (const { reached } of this.#files.values()) for (const path of reached) if (!scan.files.has(path)) outside.add(path);
    return [...outside];
  }

  /** @returns whether the stamp of an imported file is another than before. The first look is not a change. */
  noteDependency(path: string, stamp: FileStamp): boolean {
    const before = this.#dependencies.get(path);
    this.#dependencies.set(path, stamp);
    return before !== undefined && !sameStamp(before, stamp);
  }

  /** Entries to parse when `path` was written, removed or is new: itself is not among them. */
  affectedBy(path: string): readonly string[] {
    const importers = [...this.#files]
      .filter(([entry, known]) => entry !== path && known.reached.includes(path))
      .map(([entry]) => entry);
    const waiting = [...this.#files].filter(([entry, known]) => entry !== path && known.waitsForOthers).map(([entry]) => entry);
    return [...new Set([...importers, ...waiting.slice(0, MAX_RETRIED)])];
  }

  /** Takes in what parsing found. `stamp`: as it was before parsing began, so that a later write is seen. */
  parsed(file: ParsedFile, stamp: FileStamp | null): void {
    this.#files.set(file.path, {
      stamp,
      reached: file.bundle?.files.map(({ path }) => path) ?? this.#files.get(file.path)?.reached ?? [file.path],
      hasNoDag: file.dags.length === 0 && file.errors.length === 0,
      waitsForOthers: file.bundle === null && file.errors.some(({ code }) => code === 'IMPORT_ERROR'),
      missingScans: 0,
    });
  }

  /** The file must be parsed again at the next chance. */
  forgetStamp(path: string): void {
    const known = this.#files.get(path);
    if (known) known.stamp = null;
  }

  forget(path: string): void {
    this.#files.delete(path);
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** A file without a DAG that another file imports. */
  isHelper(path: string): boolean {
    for (const [entry, { reached }] of this.#files) if (entry !== path && reached.includes(path)) return true;
    return false;
  }
}

function sameStamp(a: FileStamp | null | undefined, b: FileStamp): boolean {
  return a?.mtimeMs === b.mtimeMs && a.size === b.size;
}

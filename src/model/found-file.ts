import type { Instant } from './instant.js';

/** A file that a schedule waits for, as a look into its folder has found it. */
export interface FoundFile {
  /** With `/`; relative to the project's root, unless the pattern is absolute. */
  readonly path: string;
  /** On the machine of the scheduler. */
  readonly absolutePath: string;
  readonly size: number;
  readonly modifiedAt: Instant;
}

/** Settled files by the pattern they match; a pattern that nobody has looked for yet is missing. */
export type FileSightings = ReadonlyMap<string, readonly FoundFile[]>;

/** Versions (`fileVersion`) of the files that a DAG has had a run for, by path. */
export type RememberedFiles = ReadonlyMap<string, readonly string[]>;

/** A file that is written anew under its name is another version of it. */
export function fileVersion({ size, modifiedAt }: Pick<FoundFile, 'size' | 'modifiedAt'>): string {
  return `${modifiedAt}-${size}`;
}

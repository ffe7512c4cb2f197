import type { FoundFile } from '../model/found-file.js';

/** The files that schedules wait for. A look never throws: what is wrong with a folder is part of the answer. */
export interface FileFolder {
  /** The files that match now, in no order. `pattern` is a valid one (`core/timetable/file-pattern.ts`). */
  look(pattern: string): Promise<FolderLook>;
}

export interface FolderLook {
  readonly files: readonly FoundFile[];
  /** Why there may be more files than these, for people; null: these are all. */
  readonly problem: string | null;
}

/**
 * Runs for new files. Nobody can tell from one look whether a file is complete, so a file counts once it has stayed the same for a while; and each version
 * of a file counts once, which is remembered where the runs are.
 */
import type { TimeScheduleSpec } from '../../model/dag-spec.js';
import { fileVersion, type FoundFile, type RememberedFiles } from '../../model/found-file.js';
import type { Instant } from '../../model/instant.js';
import { pointInterval, type Timetable } from './timetable.js';

export type FileWatchSpec = Extract<TimeScheduleSpec, { kind: 'fileWatch' }>;

/** Time brings no runs. */
export function fileWatchTimetable(spec: FileWatchSpec): Timetable {
  return { next: () => null, inferManualInterval: pointInterval, summary: spec.text, periodic: false };
}

/** A file, and since when looks into its folder have found it unchanged. */
export interface ObservedFile {
  readonly file: FoundFile;
  readonly since: Instant;
}

/** What is known after another look: files that are gone are forgotten, those that changed begin anew. */
export function observeFiles(
  before: ReadonlyMap<string, ObservedFile>,
  found: readonly FoundFile[],
  now: Instant,
): ReadonlyMap<string, ObservedFile> {
  return new Map(
    found.map((file) => {
      const known = before.get(file.path);
      const isSame = known !== undefined && known.file.size === file.size && known.file.modifiedAt === file.modifiedAt;
      return [file.path, isSame ? known : { file, since: now }];
    }),
  );
}

/** The files that have stayed the same for `settleMs`, in no order. */
export function settledFiles(observed: ReadonlyMap<string, ObservedFile>, settleMs: number, now: Instant): readonly FoundFile[] {
  const settled: FoundFile[] = [];
  for (const { file, since } of observed.values()) if (now - since >= settleMs) settled.push(file);
  return settled;
}

/** Of settled files those that are to have a run, the one that was written first at the front. */
export function newFiles(
  settled: readonly FoundFile[],
  remembered: RememberedFiles,
  rewritten: FileWatchSpec['rewritten'],
): readonly FoundFile[] {
  const wanted = settled.filter((file) => {
    const versions = remembered.get(file.path);
    return versions === undefined || (rewritten === 'run' && !versions.includes(fileVersion(file)));
  });
  return wanted.sort((a, b) => a.modifiedAt - b.modifiedAt || (a.path < b.path ? -1 : 1));
}

/** Runs that files bring about: of a schedule that watches a folder, and of one by time whose runs wait for a file. */
import { createHash } from 'node:crypto';
import type { DagSchedulePlan, NewDagRun, NextRun } from '../../model/dag.js';
import type { DagSpec } from '../../model/dag-spec.js';
import { formatDuration } from '../../model/duration.js';
import { fileVersion, type FileSightings, type FoundFile } from '../../model/found-file.js';
import type { Instant } from '../../model/instant.js';
import type { FileWatchSpec } from '../timetable/file-watch.js';
import { fileOfRun, type HybridSpec } from '../timetable/hybrid.js';
import { runIdFor } from './run-id.js';

/** A DAG that waits for files is looked at this often. */
export const FILE_CHECK_MS = 1_000;

/** Most runs that one pass creates for the files of one DAG. */
const MAX_FILES_PER_PASS = 1_000;

/**
 * A run without a logical date for each file, while fewer than `maxActiveRuns` runs are unfinished; the other files wait in their folder. The DAG's dates
 * bound the time at which runs are created.
 */
export function planFileWatch(
  spec: DagSpec,
  { pattern }: FileWatchSpec,
  sightings: FileSightings,
  { unfinished, running }: { readonly unfinished: number; readonly running: number },
  now: Instant,
): Pick<DagSchedulePlan, 'createRuns' | 'checkAt' | 'wantsFiles'> {
  const { startDate, endDate } = spec;
  if (now > (endDate ?? now)) return { createRuns: [], checkAt: null };
  if (now < (startDate ?? now)) return { createRuns: [], checkAt: startDate };
  const places = Math.min(Math.max(0, spec.maxActiveRuns - unfinished), MAX_FILES_PER_PASS);
  const createRuns = (sightings.get(pattern) ?? []).slice(0, places).map((file, index): NewDagRun => {
    return {
      runId: runIdFor('scheduled', now, suffixOf(file)),
      runType: 'scheduled',
      triggeredBy: 'timetable',
      logicalDate: null,
      dataInterval: null,
      runAfter: now,
      conf: confFor(file),
      backfillId: null,
      state: running + index < spec.maxActiveRuns ? 'running' : 'queued',
      note: null,
      file,
    };
  });
  return { createRuns, checkAt: now + FILE_CHECK_MS, wantsFiles: [pattern] };
}

/** What becomes of a run by time that is due: it waits (`waitsUntil`), it is created with `conf`, or it is over as it is created. */
export interface FileAnswer {
  readonly waitsUntil?: Instant;
  readonly conf?: unknown;
  readonly ended?: NewDagRun['ended'];
}

/** A run waits until its file is there, at most `waitForMs` from the time at which it is due. Nothing is decided before somebody has looked. */
export function waitForFile(spec: DagSpec, schedule: HybridSpec, run: NextRun, sightings: FileSightings, now: Instant): FileAnswer {
  const pattern = fileFor(spec, schedule, run);
  const found = sightings.get(pattern);
  const file = firstByPath(found ?? []);
  if (file) return { conf: confFor(file) };
  const givesUpAt = run.runAfter + schedule.waitForMs;
  if (found === undefined) return { waitsUntil: now + FILE_CHECK_MS };
  if (now < givesUpAt) return { waitsUntil: Math.min(now + FILE_CHECK_MS, givesUpAt) };
  if (schedule.onTimeout === 'run') return { conf: { file: null } };
  const reason = `no file ${pattern} within ${formatDuration(schedule.waitForMs)}`;
  return { conf: { file: null }, ended: { state: schedule.onTimeout === 'fail' ? 'failed' : 'success', reason } };
}

function fileFor({ dagId, timezone }: DagSpec, schedule: HybridSpec, run: NextRun): string {
  return fileOfRun({ place: `${dagId}.schedule.file`, timezone }, schedule, run);
}

function firstByPath(files: readonly FoundFile[]): FoundFile | null {
  let first: FoundFile | null = null;
  for (const file of files) if (first === null || file.path < first.path) first = file;
  return first;
}

/** The files of these runs, each once. */
export function wantedFiles(spec: DagSpec, schedule: HybridSpec, runs: readonly NextRun[]): readonly string[] {
  return [...new Set(runs.map((run) => fileFor(spec, schedule, run)))];
}

/** Under `conf.file` a task finds what its run is for. */
function confFor({ path, absolutePath, size, modifiedAt }: FoundFile): object {
  return { file: { path, absolutePath, size, modifiedAt: new Date(modifiedAt).toISOString() } };
}

/** Two files of the same instant have runs of different ids. */
function suffixOf(file: FoundFile): string {
  return createHash('sha256')
    .update(`${file.path}\0${fileVersion(file)}`)
    .digest('hex')
    .slice(0, 8);
}

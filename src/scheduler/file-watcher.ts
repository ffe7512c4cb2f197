import { newFiles, observeFiles, settledFiles, type ObservedFile } from '../core/timetable/file-watch.js';
import type { DagSchedule, DagSchedulePlan } from '../model/dag.js';
import type { TimeScheduleSpec } from '../model/dag-spec.js';
import { fileVersion, type FileSightings, type FoundFile } from '../model/found-file.js';
import type { Instant } from '../model/instant.js';
import { timePartOf } from '../model/schedule-parts.js';
import type { FileFolder } from '../ports/file-folder.js';
import type { Logger } from '../ports/logger.js';
import type { Service, ServiceResult } from '../ports/service.js';
import type { SchedulingStore } from '../ports/store.js';

type WaitingSchedule = Extract<TimeScheduleSpec, { kind: 'fileWatch' | 'hybrid' }>;

/** What is known of the files of one DAG. */
interface Watch {
  schedule: WaitingSchedule;
  /** Of each pattern that the newest plan wants; null: nobody has looked yet. */
  patterns: Map<string, ReadonlyMap<string, ObservedFile> | null>;
  sightings: Map<string, readonly FoundFile[]>;
  /** Null: not read yet. */
  remembered: Map<string, readonly string[]> | null;
  /** When a plan asked last. A DAG that is paused, retired or rescheduled is not planned any more, and its folder is left alone. */
  askedAt: Instant;
}

const FORGOTTEN_AFTER_MS = 60_000;
/** Remembered under this path: that the folder has been looked at once. No file has it. */
const FIRST_LOOK: FoundFile = { path: '', absolutePath: '', size: 0, modifiedAt: 0 };

/**
 * Looks into the folders that schedules wait for, beside the passes that plan: a slow disk keeps nobody waiting. What a plan may know is what the looks before
 * it have found. Which files have had their run says the store, and its unique key decides where several schedulers look.
 */
export class FileWatcher implements Service {
  readonly name = 'file-watcher';
  readonly #folder: FileFolder;
  readonly #store: SchedulingStore;
  readonly #logger: Logger;
  readonly #watches = new Map<string, Watch>();
  /** Problems that were reported, by pattern: each once until it has passed. */
  readonly #problems = new Map<string, string>();

  constructor(folder: FileFolder, store: SchedulingStore, logger: Logger) {
    this.#folder = folder;
    this.#store = store;
    this.#logger = logger;
  }

  /** What the plan of this DAG may know of files. */
  sightingsFor({ dag, spec }: DagSchedule): FileSightings {
    const watch = this.#watches.get(dag.dagId);
    return watch !== undefined && isSame(watch.schedule, timePartOf(spec.schedule)) ? watch.sightings : new Map();
  }

  /** Takes note of what a plan that was written has decided: files that had their run, and those to look for until the next one. */
  planned({ dag, spec, now }: DagSchedule, { createRuns, wantsFiles = [] }: DagSchedulePlan): void {
    const { dagId } = dag;
    const schedule = timePartOf(spec.schedule);
    if (schedule.kind !== 'fileWatch' && schedule.kind !== 'hybrid') return void this.#watches.delete(dagId);
    const before = this.#watches.get(dagId);
    const known = before !== undefined && isSame(before.schedule, schedule) ? before : null;
    const watch: Watch = {
      schedule,
      patterns: new Map(wantsFiles.map((pattern) => [pattern, known?.patterns.get(pattern) ?? null])),
      sightings: new Map(wantsFiles.flatMap((pattern) => sightingOf(known, pattern))),
      remembered: known?.remembered ?? null,
      askedAt: now,
    };
    this.#watches.set(dagId, watch);
    const ran = createRuns.flatMap(({ file }) => file ?? []);
    if (ran.length > 0) forget(watch, ran);
  }

  /** One look for each pattern that is wanted. */
  async runOnce(now: Instant): Promise<ServiceResult> {
    for (const [dagId, { askedAt }] of this.#watches) if (now - askedAt > FORGOTTEN_AFTER_MS) this.#watches.delete(dagId);
    const looks = [...this.#watches].flatMap(([dagId, watch]) =>
      [...watch.patterns.keys()].map((pattern) => this.#look(dagId, watch, pattern, now)),
    );
    await Promise.all(looks);
    return { processed: 0, more: false };
  }

  async #look(dagId: string, watch: Watch, pattern: string, now: Instant): Promise<void> {
    const { files, problem } = await this.#folder.look(pattern);
    this.#report(dagId, pattern, problem);
    const { schedule } = watch;
    if (schedule.kind === 'fileWatch') await this.#recall(dagId, watch, schedule, { files, problem }, now);
    const observed = observeFiles(watch.patterns.get(pattern) ?? new Map(), files, now);
    const settled = settledFiles(observed, schedule.settleMs, now);
    const { remembered } = watch;
    // A plan may have taken the place of this watch while the disk was read.
    const current = this.#watches.get(dagId);
    if (!current?.patterns.has(pattern) || !isSame(current.schedule, schedule)) return;
    current.patterns.set(pattern, observed);
    current.remembered ??= remembered;
    if (schedule.kind === 'hybrid') current.sightings.set(pattern, settled);
    else if (current.remembered) current.sightings.set(pattern, newFiles(settled, current.remembered, schedule.rewritten));
  }

  /** Reads what is remembered, once; at the very first look the files that are there may have to be remembered without a run. */
  async #recall(
    dagId: string,
    watch: Watch,
    { existing }: Extract<TimeScheduleSpec, { kind: 'fileWatch' }>,
    { files, problem }: { readonly files: readonly FoundFile[]; readonly problem: string | null },
    now: Instant,
  ): Promise<void> {
    if (watch.remembered !== null) return;
    let remembered = await this.#store.rememberedFiles(dagId);
    if (existing === 'ignore' && !remembered.has(FIRST_LOOK.path) && problem === null) {
      await this.#store.rememberFiles(dagId, [...files, FIRST_LOOK], now);
      remembered = await this.#store.rememberedFiles(dagId);
    }
    // A folder that could not be read has not had its first look.
    if (existing === 'run' || problem === null) watch.remembered = new Map(remembered);
  }

  #report(dagId: string, pattern: string, problem: string | null): void {
    if (problem === null) {
      if (this.#problems.delete(pattern)) this.#logger.info({ dagId, pattern }, 'the folder of this file watch can be read again');
    } else if (this.#problems.get(pattern) !== problem) {
      this.#problems.set(pattern, problem);
      this.#logger.warn({ dagId, pattern }, `file watch: ${problem}`);
    }
  }
}

function sightingOf(watch: Watch | null, pattern: string): readonly [string, readonly FoundFile[]][] {
  const sighting = watch?.sightings.get(pattern);
  return sighting ? [[pattern, sighting]] : [];
}

/** These files have had their run: they are not new any more. */
function forget(watch: Watch, ran: readonly FoundFile[]): void {
  const paths = new Set(ran.map(({ path }) => path));
  for (const [pattern, files] of watch.sightings) {
    watch.sightings.set(
      pattern,
      files.filter(({ path }) => !paths.has(path)),
    );
  }
  if (watch.remembered === null) return;
  for (const file of ran) watch.remembered.set(file.path, [...(watch.remembered.get(file.path) ?? []), fileVersion(file)]);
}

function isSame(a: TimeScheduleSpec, b: TimeScheduleSpec): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

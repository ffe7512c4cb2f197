import type { DagSpec } from './dag-spec.js';
import type { FoundFile } from './found-file.js';
import type { DataInterval, Instant } from './instant.js';
import type { DagRunState, TriggeredBy, RunType } from './states.js';

/** The next automated run of a DAG, as its timetable says. */
export interface NextRun {
  readonly logicalDate: Instant;
  readonly dataInterval: DataInterval;
  /** Earliest instant at which the run may be created. */
  readonly runAfter: Instant;
}

/** A DAG as registered: what changes without the author's file changing. */
export interface Dag {
  readonly dagId: string;
  readonly isPaused: boolean;
  readonly pausedReason: string | null;
  /** True once the file that held it is gone; history is kept. */
  readonly isRetired: boolean;
  readonly currentVersionId: number;
  readonly versionNumber: number;
  readonly file: string;
  readonly nextRun: NextRun | null;
  readonly lastParsedAt: Instant;
  readonly hasImportErrors: boolean;
}

/** One content-addressed version of a DAG: equal spec and sources give the same version. */
export interface DagVersion {
  readonly id: number;
  readonly dagId: string;
  /** Counts 1, 2, 3... within the DAG. */
  readonly number: number;
  /** SHA-256 (hex) of the canonical JSON of the spec. */
  readonly specHash: string;
  /** SHA-256 (hex) over the sources it was built from. */
  readonly bundleHash: string;
  readonly createdAt: Instant;
}

/** One compiled source file of a bundle. `path` is relative to the DAGs folder, with `/`. */
export interface SourceFile {
  readonly path: string;
  /** SHA-256 (hex) of `content`. */
  readonly hash: string;
  readonly content: string;
  /** The JavaScript (CommonJS) that `loading/` evaluates, with its source map inline. */
  readonly compiled: string;
}

/** All local files that one entry file reaches. */
export interface SourceBundle {
  readonly hash: string;
  readonly entry: string;
  readonly files: readonly SourceFile[];
}

/** What one pass over a DAG file found. All mistakes of the file come at once. */
export interface ParsedFile {
  readonly path: string;
  /** SHA-256 (hex) over the entry file and the local files it reaches, or of the entry alone if it could not be read further. */
  readonly contentHash: string;
  readonly bundle: SourceBundle | null;
  readonly dags: readonly { readonly spec: DagSpec; readonly specHash: string }[];
  readonly errors: readonly ImportProblem[];
  readonly warnings: readonly ImportProblem[];
  readonly parseMs: number;
}

/** One mistake in a DAG file, as `dags list-import-errors` shows it. */
export interface ImportProblem {
  readonly code: string;
  readonly message: string;
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  /** The offending piece, cut to 100 characters. */
  readonly value: string | null;
  readonly allowed: string | null;
  readonly suggestion: string | null;
  readonly stack: string | null;
}

/** What the run creator needs to know of a DAG to decide about its runs. Read under the DAG's row lock. */
export interface DagSchedule {
  readonly dag: Dag;
  readonly spec: DagSpec;
  readonly versionId: number;
  /** Newest run of type scheduled or backfill by logical date. */
  readonly lastAutomated: { readonly logicalDate: Instant; readonly dataInterval: DataInterval } | null;
  /** Runs that are queued or running, backfills not counted. */
  readonly unfinishedRuns: number;
  readonly runningRuns: number;
  /**
   * Queued runs that may start (run_after passed), oldest logical date first, at most `maxActiveRuns` of them; and after them the one that
   * becomes due next, if any waits. The lanes of backfills have the same, in order of creation.
   */
  readonly queuedRuns: readonly QueuedRun[];
  readonly backfills: readonly BackfillLane[];
  /** The newest `maxConsecutiveFailedDagRuns` runs of the DAG by logical date, of any type and in any state. */
  readonly newestRuns: readonly { readonly state: DagRunState; readonly endedAt: Instant | null }[];
  /** When somebody unpaused the DAG last; null: it never was paused. */
  readonly activeSince: Instant | null;
  readonly now: Instant;
}

export interface QueuedRun {
  readonly id: number;
  readonly runId: string;
  readonly runAfter: Instant;
}

/** The runs of one active backfill that wait for a place. */
export interface BackfillLane {
  readonly backfillId: number;
  readonly isPaused: boolean;
  readonly maxActiveRuns: number;
  readonly runningRuns: number;
  readonly queuedRuns: readonly QueuedRun[];
}

/** A run to be created, with its task instances, in one statement. */
export interface NewDagRun {
  readonly runId: string;
  readonly runType: RunType;
  readonly triggeredBy: TriggeredBy;
  readonly logicalDate: Instant | null;
  readonly dataInterval: DataInterval | null;
  readonly runAfter: Instant;
  readonly conf: unknown;
  readonly backfillId: number | null;
  /** See `DagRun.backfillOrdinal`. */
  readonly backfillOrdinal?: number;
  /** `running` when a place under `maxActiveRuns` is free at creation, else `queued`. */
  readonly state: 'queued' | 'running';
  readonly note: string | null;
  readonly triggeringUser?: string;
  /** A repeat with the same key finds the run that the first made. Unique within the DAG. */
  readonly idempotencyKey?: string;
  /** The file that the run is for: it is remembered together with the run's creation, and a version that is remembered already makes no run. */
  readonly file?: FoundFile;
  /** The run is over as it is created: none of its tasks run, and all are skipped for this reason. */
  readonly ended?: { readonly state: 'success' | 'failed'; readonly reason: string };
}

/** What the asset trigger needs to know of a DAG that waits for assets. Read under the DAG's row lock. */
export interface AssetSchedule {
  readonly dag: Dag;
  readonly spec: DagSpec;
  /** Of what its schedule names that of which events wait, as `assetRefText`. */
  readonly present: ReadonlySet<string>;
  /** The newest event that waits; null: none does. */
  readonly newest: { readonly eventId: number; readonly at: Instant } | null;
  /** Whether it has had a run for assets before. */
  readonly hadAssetRuns: boolean;
  /** As in `DagSchedule`. */
  readonly unfinishedRuns: number;
  readonly now: Instant;
}

/** The asset trigger's answer for one DAG: a run that consumes everything that waits, or none. */
export interface AssetSchedulePlan {
  readonly createRun: NewDagRun | null;
  /** The run also consumes what had happened before the DAG began to wait. */
  readonly takesBacklog: boolean;
}

/** The run creator's answer for one DAG. */
export interface DagSchedulePlan {
  readonly createRuns: readonly NewDagRun[];
  /** Ids of queued runs to move to running. */
  readonly startRuns: readonly number[];
  readonly nextRun: NextRun | null;
  /** When this DAG must be looked at again without anything else happening; null: only when something happens. */
  readonly checkAt: Instant | null;
  /** Patterns of files that the next plan has to know about. Default: none. */
  readonly wantsFiles?: readonly string[];
  /** Pauses the DAG, for this reason. */
  readonly pause?: string;
  /** Why the timetable has no answer, so that no run can be created. */
  readonly error?: unknown;
}

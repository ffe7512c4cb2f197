/**
 * What the commands need of the system, and the one place where they get it. Everything heavy (Postgres, Fastify, pino) is behind these
 * imports, which run inside a command's action only: `--help` never pays for them.
 */
import type { LoadedConfig } from '../config/load-config.js';
import type { Asset, AssetEvent } from '../model/asset.js';
import type { AttemptLogLine } from '../model/attempt-log.js';
import type { Backfill, BackfillProgress, ReprocessBehavior } from '../model/backfill.js';
import type { Actor } from '../model/commit.js';
import type { DagRun } from '../model/dag-run.js';
import type { DagExplanation, Explanation } from '../model/explanation.js';
import type { ImportProblem, NextRun } from '../model/dag.js';
import type { DataInterval, Instant } from '../model/instant.js';
import type { DagRunState, TaskInstanceState } from '../model/states.js';
import type { Pool } from '../model/pool.js';
import type { TaggedJson } from '../model/tagged-json.js';
import type { TaskInstance } from '../model/task-instance.js';
import type { Clock } from '../ports/clock.js';
import type { EventBus } from '../ports/event-bus.js';
import type { Logger } from '../ports/logger.js';
import type { BackfillChange } from '../ports/backfill-store.js';
import type { DagListing, Store } from '../ports/store.js';

/** How a person names an asset. */
export interface AssetQuery {
  readonly name?: string;
  readonly uri?: string;
}

/** An open door to one installation: its store and what operations need beside it. */
export interface Client {
  readonly store: Store;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly actor: Actor;
  readonly config: LoadedConfig;
  readonly logger: Logger;
  close(): Promise<void>;
}

export interface ProcessOptions {
  readonly config: LoadedConfig;
  readonly verbose: boolean;
}

/** What a full scan of the DAGs folder found and saved. */
export interface ScanResult {
  readonly files: number;
  readonly changed: readonly string[];
  readonly retired: readonly string[];
  readonly problems: readonly ImportProblem[];
}

export interface CheckResult {
  readonly files: number;
  readonly dags: number;
  readonly errors: readonly ImportProblem[];
  readonly warnings: readonly ImportProblem[];
  /** Why types were not checked; null: they were. */
  readonly typeCheckSkipped: string | null;
}

/** What happens while one interval or one task is tried in this process. */
export type TestEvent =
  | { readonly kind: 'log'; readonly taskId: string; readonly mapIndex: number; readonly line: string }
  | {
      readonly kind: 'task';
      readonly taskId: string;
      readonly mapIndex: number;
      readonly tryNumber: number;
      readonly state: TaskInstanceState;
      readonly message: string | null;
    };

export interface TestOptions extends ProcessOptions {
  readonly dagId: string;
  readonly logicalDate: Instant | null;
  readonly file: string | null;
  readonly conf: Readonly<Record<string, unknown>>;
  readonly onEvent: (event: TestEvent) => void;
}

export interface TaskTestOptions extends TestOptions {
  readonly taskId: string;
  /** The arguments of the task, in order; null: those of the wiring, in which values of other tasks are undefined. */
  readonly inputs: readonly unknown[] | null;
}

export interface DagTestResult {
  readonly run: DagRun;
  readonly taskInstances: readonly TaskInstance[];
}

export interface TaskTestResult {
  /** Tasks whose values were undefined because nothing was given for them. */
  readonly missingInputs: readonly string[];
  readonly state: TaskInstanceState;
  readonly value: unknown;
  readonly message: string | null;
}

/** Template fields of a task instance. */
export interface RenderedTask {
  /** Whether an attempt got these values, or they were made now. */
  readonly source: 'attempt' | 'now';
  /** Names of the operator's template fields, in its order. */
  readonly fields: readonly string[];
  /** By name; a field that was not given is missing. */
  readonly values: { readonly [field: string]: TaggedJson };
}

export interface DatabaseStatus {
  readonly serverVersion: string;
  readonly location: string;
  readonly schemaVersion: number;
  readonly expectedSchemaVersion: number;
}

export interface MigrationResult extends DatabaseStatus {
  readonly applied: readonly string[];
}

/** A time of day of a schedule that a change of the clocks skips or repeats. */
export interface ClockChange {
  /** `gap`: the time does not exist on that day. `overlap`: it comes twice. */
  readonly kind: 'gap' | 'overlap';
  /** When runs are due in its place. */
  readonly runsAt: readonly Instant[];
  /** What happens on that day, in a sentence without a full stop. */
  readonly text: string;
}

export interface BackfillRequest {
  readonly dagId: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly maxActiveRuns?: number;
  readonly conf: Readonly<Record<string, unknown>>;
  /** Default: `none`; `failed` if a task has dependsOnPast. */
  readonly reprocessBehavior?: ReprocessBehavior;
  readonly runBackwards: boolean;
  readonly maxRuns?: number;
  readonly runOnLatestVersion?: boolean;
}

/** What a backfill will do: an entry per interval in range, in the order in which they run. */
export interface BackfillPlan {
  readonly create: readonly DataInterval[];
  /** Finished runs that run again. */
  readonly rerun: readonly DagRun[];
  /** Runs that stay as they are. */
  readonly skip: readonly DagRun[];
  /** The earliest and the latest interval of the range. */
  readonly first: DataInterval;
  readonly last: DataInterval;
  /** By the newest runs of the DAG; null: none has finished yet. */
  readonly estimateMs: number | null;
  /** The backfill that has to end before; null: none. */
  readonly active: Backfill | null;
}

export interface FollowedBackfill extends BackfillProgress {
  /** Time to its end; null while there is nothing to estimate it by. */
  readonly etaMs: number | null;
}

/** A task with all its instances (null), or only some copies of a mapped one. */
export interface TaskChoice {
  readonly taskId: string;
  readonly mapIndexes: readonly number[] | null;
}

export interface ClearRequest {
  readonly dagId: string;
  readonly tasks: readonly TaskChoice[] | null;
  readonly taskRegex: string | null;
  readonly runIds: readonly string[] | null;
  readonly past: boolean;
  readonly future: boolean;
  readonly from: Instant | null;
  readonly to: Instant | null;
  readonly upstream: boolean;
  readonly downstream: boolean;
  readonly onlyFailed: boolean;
  readonly onlyRunning: boolean;
  /** Clear nothing, take up tasks that are new in the newest version. */
  readonly onlyNew: boolean;
  readonly preventRunning: boolean;
  readonly resetRuns: boolean;
  readonly version: 'own' | 'latest';
  readonly dryRun: boolean;
  /** That of the dry run that a person has seen. */
  readonly token: string | null;
}

export interface ClearedTaskInstance {
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  /** What it was in before. */
  readonly state: TaskInstanceState;
  readonly effect: 'clear' | 'remove' | 'restore' | 'add';
}

export interface ClearResult {
  readonly instances: readonly ClearedTaskInstance[];
  readonly runs: number;
  /** Runs that keep a version which is not the DAG's newest. */
  readonly runsOnOldVersion: number;
  readonly token: string;
}

export interface MarkRequest {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndexes: readonly number[] | null;
  readonly state: 'success' | 'failed' | 'skipped';
  readonly upstream: boolean;
  readonly downstream: boolean;
  readonly past: boolean;
  readonly future: boolean;
  readonly dryRun: boolean;
}

export interface ChangedTaskInstance {
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly from: TaskInstanceState;
  readonly to: TaskInstanceState;
}

export interface MarkResult {
  readonly marked: readonly ChangedTaskInstance[];
  /** What had failed below and goes on. */
  readonly cleared: readonly ChangedTaskInstance[];
}

export interface MarkRunsRequest {
  readonly dagId: string;
  readonly runIds: readonly string[];
  readonly state: 'success' | 'failed' | 'queued';
  readonly dryRun: boolean;
}

export interface MarkedRun {
  readonly runId: string;
  readonly from: DagRunState;
  readonly to: DagRunState;
  readonly instances: readonly Omit<ChangedTaskInstance, 'runId'>[];
}

export interface TriggerRequest {
  readonly dagId: string;
  readonly runId?: string;
  readonly logicalDate: Instant | null;
  readonly runAfter?: Instant;
  readonly conf: Readonly<Record<string, unknown>>;
  readonly note: string | null;
  readonly idempotencyKey: string | null;
}

/** Where a run that is being followed stands. */
export interface RunProgress {
  readonly run: DagRun;
  readonly taskInstances: readonly TaskInstance[];
}

/** The functions of `app/` that the commands call. */
export interface System {
  openClient(options: ProcessOptions & { readonly needStore: boolean }): Promise<Client>;
  runStandalone(options: ProcessOptions): Promise<number>;
  runScheduler(options: ProcessOptions): Promise<number>;
  runWorker(options: ProcessOptions): Promise<number>;
  runDagProcessor(options: ProcessOptions): Promise<number>;
  runApiServer(options: ProcessOptions): Promise<number>;
  runDagTest(options: TestOptions): Promise<DagTestResult>;
  runTaskTest(options: TaskTestOptions): Promise<TaskTestResult>;
  /** Evaluates the author's file in this process if the task instance has not run yet. */
  renderTask(client: Client, run: DagRun, instance: TaskInstance): Promise<RenderedTask>;
  migrateDatabase(options: ProcessOptions): Promise<MigrationResult>;
  checkDatabase(options: ProcessOptions): Promise<DatabaseStatus>;
  resetDatabase(options: ProcessOptions): Promise<MigrationResult>;
  parseDagsOnce(client: Client): Promise<ScanResult>;
  checkDags(options: ProcessOptions): Promise<CheckResult>;
  /** @throws AirflowLikeError JSON_INVALID, CONF_NOT_OBJECT and others for a text that cannot be the conf of a run. */
  parseConf(text: string, place: string): Readonly<Record<string, unknown>>;
  /** @throws AirflowLikeError JSON_INVALID and others for a text that is no JSON array. */
  parseJsonList(text: string, place: string): readonly unknown[];
  nextRuns(client: Client, listing: DagListing, count: number): Promise<readonly NextRun[]>;
  /** What changes of the clocks do to these runs of a DAG and between them, oldest first. */
  clockChanges(listing: DagListing, runs: readonly NextRun[]): readonly ClockChange[];
  /** `isNew` is false when an earlier request with the same idempotency key made the run. */
  triggerOnce(client: Client, request: TriggerRequest): Promise<{ readonly run: DagRun; readonly isNew: boolean }>;
  explainTask(
    client: Client,
    request: { dagRunId: number; taskId: string; mapIndex: number; parallelism: number },
  ): Promise<Explanation>;
  /** Task instances that neither run nor are finished. */
  explainRun(client: Client, request: { dagRunId: number; parallelism: number }): Promise<readonly Explanation[]>;
  explainDag(client: Client, dagId: string): Promise<DagExplanation>;
  pauseDags(
    client: Client,
    request: { dagIds: readonly string[]; isPaused: boolean; reason: string | null },
  ): Promise<readonly string[]>;
  deleteDag(client: Client, dagId: string): Promise<void>;
  clearTaskInstances(client: Client, request: ClearRequest): Promise<ClearResult>;
  markTaskInstances(client: Client, request: MarkRequest): Promise<MarkResult>;
  markDagRuns(client: Client, request: MarkRunsRequest): Promise<readonly MarkedRun[]>;
  /** Returns the id of the run. */
  deleteDagRun(client: Client, dagId: string, runId: string): Promise<string>;
  setRunNote(client: Client, dagId: string, runId: string, note: string | null): Promise<DagRun>;
  /** Tasks that wait in vain while the pools are as they are. */
  findPoolProblems(client: Client, parallelism: number): Promise<readonly ImportProblem[]>;
  /** Assets that cannot be used, because others have their name or URI. */
  findAssetProblems(client: Client): Promise<readonly ImportProblem[]>;
  savePools(client: Client, pools: readonly Pool[]): Promise<readonly ('created' | 'changed' | 'unchanged')[]>;
  deletePool(client: Client, name: string): Promise<Pool>;
  /** @throws AirflowLikeError JSON_INVALID and others for a text that holds no pools. */
  parsePools(text: string, place: string): readonly Pool[];
  /** @throws AirflowLikeError NOT_FOUND with the nearest name or URI. */
  findAsset(store: Store, query: AssetQuery): Promise<Asset>;
  createAssetEvent(
    client: Client,
    request: { readonly asset: AssetQuery; readonly extra?: unknown; readonly at?: Instant },
  ): Promise<AssetEvent>;
  materializeAsset(client: Client, request: { readonly asset: AssetQuery }): Promise<DagRun>;
  planBackfill(client: Client, request: BackfillRequest): Promise<BackfillPlan>;
  createBackfill(client: Client, request: BackfillRequest): Promise<Backfill>;
  pauseBackfill(client: Client, backfillId: number, isPaused: boolean): Promise<BackfillChange>;
  cancelBackfill(client: Client, backfillId: number): Promise<BackfillChange & { readonly failedRuns: number }>;
  followBackfill(client: Client, backfillId: number, signal: AbortSignal): AsyncIterable<FollowedBackfill>;
  followDagRun(client: Client, dagRunId: number, signal: AbortSignal): AsyncIterable<RunProgress>;
  readAttemptLog(path: string): AsyncIterable<AttemptLogLine>;
  followAttemptLog(path: string, signal: AbortSignal): AsyncIterable<AttemptLogLine>;
}

/** Imports the system. Takes some hundred milliseconds: call it inside an action, after the arguments have been checked. */
export async function importSystem(): Promise<System> {
  return import('../app/index.js');
}

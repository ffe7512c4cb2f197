import type {
  Asset,
  AssetAlias,
  AssetEvent,
  AssetExtra,
  AssetKey,
  AssetLineage,
  AssetReference,
  AssetSpec,
  QueuedAssetEvent,
} from '../model/asset.js';
import type { CommitResult, RunCommit } from '../model/commit.js';
import type { Component } from '../model/component.js';
import type {
  AssetSchedule,
  AssetSchedulePlan,
  Dag,
  DagSchedule,
  DagSchedulePlan,
  DagVersion,
  ImportProblem,
  NewDagRun,
  ParsedFile,
  SourceBundle,
} from '../model/dag.js';
import type { DagRun } from '../model/dag-run.js';
import type { DagSpec } from '../model/dag-spec.js';
import type { ExternalQuery, ExternalStates } from '../model/external-states.js';
import type { FoundFile, RememberedFiles } from '../model/found-file.js';
import type { Instant } from '../model/instant.js';
import type { DagSituation, Situation } from '../model/situation.js';
import type { DagRunSnapshot, Occupancy } from '../model/snapshot.js';
import type { DagRunState, RunType, TaskInstanceState } from '../model/states.js';
import type { Pool, PoolUse } from '../model/pool.js';
import type { TaggedJson } from '../model/tagged-json.js';
import type { Attempt, AttemptToken, TaskInstance } from '../model/task-instance.js';
import type { XComQuery, XComRow } from '../model/xcom.js';
import type { Assignment } from '../model/workload.js';
import type { Actor } from '../model/commit.js';
import type { BackfillStore } from './backfill-store.js';
import type { CallbackStore } from './callback-store.js';

/**
 * The one source of truth. `store/postgres` and `store/memory` implement it under one conformance suite. It selects, locks,
 * guards and counts; it never decides: whatever has to be decided comes in as data or as a pure, synchronous callback.
 */
export interface Store {
  readonly catalog: DagCatalog;
  readonly scheduling: SchedulingStore;
  readonly attempts: AttemptStore;
  readonly callbacks: CallbackStore;
  readonly runs: DagRunReads;
  readonly backfills: BackfillStore;
  readonly situations: SituationReads;
  readonly assets: AssetStore;
  readonly pools: PoolStore;
  readonly components: ComponentStore;
  /** The database's clock. */
  now(): Promise<Instant>;
  close(): Promise<void>;
}

/** Which DAGs there are, in which versions, from which files. Written by the dag processor and by user operations. */
export interface DagCatalog {
  /**
   * Saves parsed files in one transaction: new versions for new hashes (`versionId` stays where spec and bundle hash are known),
   * import problems replaced, DAGs that a changed file no longer holds retired, `checkAt` of changed DAGs set to `now`. A DAG id that
   * another live file already owns becomes an import problem DAG_DUPLICATE of the newer file. A file with errors keeps the last good
   * versions of its DAGs in service. New DAGs start paused only if their spec says so.
   */
  saveFiles(files: readonly ParsedFile[], now: Instant): Promise<SavedFiles>;
  /** The files are gone: retires their DAGs and removes their import problems. History stays. */
  retireFiles(paths: readonly string[], now: Instant): Promise<readonly string[]>;
  /** Content hash per known file, to tell changed from unchanged. */
  knownFiles(): Promise<ReadonlyMap<string, string>>;
  listDags(filter?: { includeRetired?: boolean }): Promise<readonly DagListing[]>;
  getDag(dagId: string): Promise<DagListing | null>;
  getVersion(versionId: number): Promise<{ version: DagVersion; spec: DagSpec } | null>;
  listVersions(dagId: string): Promise<readonly DagVersion[]>;
  getBundle(bundleHash: string): Promise<SourceBundle | null>;
  listImportProblems(): Promise<readonly ImportProblem[]>;
  /** Returns the ids whose flag changed. Without a reason a DAG that is paused already keeps the one it has. */
  setPaused(
    dagIds: readonly string[],
    isPaused: boolean,
    reason: string | null,
    actor: Actor,
    now: Instant,
  ): Promise<readonly string[]>;
  /** Deletes the DAG with all its history. Refuses (returns `running`) while attempts are under way. */
  deleteDag(dagId: string, actor: Actor): Promise<'deleted' | 'running' | 'missing'>;
}

export interface SavedFiles {
  /** DAG ids that got a new version or came back. */
  readonly changed: readonly string[];
  readonly retired: readonly string[];
  /** Problems found while saving (DAG_DUPLICATE), already stored. */
  readonly problems: readonly ImportProblem[];
}

export interface DagListing {
  readonly dag: Dag;
  readonly spec: DagSpec;
}

/** The scheduler's passes. */
export interface SchedulingStore {
  /**
   * Claims DAGs whose `checkAt` has passed (row lock, SKIP LOCKED, oldest first), reads their schedules under the lock (counts in a second
   * statement), and writes what `plan` answers in the same transaction: runs with their task instances (a run whose run id or logical
   * date exists is skipped, and so is one for a file that is remembered), started runs, next run, next check. A `plan` that throws affects its DAG only: it is skipped for
   * `errorDelayMs` and reported in `errors`. Paused and retired DAGs are not claimed for creation: their `checkAt` is cleared.
   */
  planDueDags(
    now: Instant,
    limit: number,
    plan: (schedule: DagSchedule) => DagSchedulePlan,
  ): Promise<{ claimed: number; createdRuns: number; startedRuns: number; errors: readonly { dagId: string; error: unknown }[] }>;

  /** Files that the DAG has had its runs for, or that were there before it watched. */
  rememberedFiles(dagId: string): Promise<RememberedFiles>;
  /** Remembers files that get no run. What is remembered already stays. */
  rememberFiles(dagId: string, files: readonly FoundFile[], now: Instant): Promise<void>;

  /**
   * Claims DAGs that events of assets may start (row lock, SKIP LOCKED), reads under the lock what waits for them, and writes what `plan` answers in the
   * same transaction: the run, and that it consumed every event that waited. An event leaves the queue only by becoming part of a run. A `plan` that throws
   * affects its DAG only, as in `planDueDags`.
   */
  planAssetRuns(
    now: Instant,
    limit: number,
    plan: (schedule: AssetSchedule) => AssetSchedulePlan,
  ): Promise<{ claimed: number; createdRuns: number; errors: readonly { dagId: string; error: unknown }[] }>;

  /**
   * Claims running runs whose `planAt` has passed (SKIP LOCKED, oldest `planAt` first; backfill runs after all others) and moves their
   * `planAt` to `now + visibilityMs`, so that a planner that dies loses nothing. Does not change the revision.
   */
  claimRunsToPlan(now: Instant, limit: number, visibilityMs: number): Promise<readonly { dagRunId: number; revision: number }[]>;
  /** Snapshots at one revision each; runs that are gone are left out. */
  loadSnapshots(dagRunIds: readonly number[]): Promise<readonly DagRunSnapshot[]>;

  /**
   * Writes all commits in one transaction and, per kind, one set-based statement; see `RunCommit` for the guards. A run that ends or
   * goes back to queued sets its DAG's `checkAt` to `now`; one that ends completes its backfill when it was the last one. Idempotent: an
   * exact repeat is stale.
   */
  commit(commits: readonly RunCommit[], now: Instant): Promise<CommitResult>;
  /** The same, but all or nothing: false when any guard did not hold, and then nothing is written. For what a person asked for as one thing. */
  commitAll(commits: readonly RunCommit[], now: Instant): Promise<boolean>;

  /**
   * Locks the pools (in name order) and the limits of the tasks, counts occupancy in a second statement, lets `admit` choose, commits the
   * answer: all in one transaction. Unknown pools are missing from the occupancy. A deferred task instance keeps its slots in a pool with
   * `includeDeferred`.
   */
  commitUnderPools(
    scope: AdmissionScope,
    now: Instant,
    admit: (occupancy: Occupancy) => readonly RunCommit[],
  ): Promise<CommitResult>;

  /** Attempts queued or running whose worker's lease ended before `now`, or that wait in the queue since before `queuedBefore`. */
  findLostAttempts(now: Instant, queuedBefore: Instant, limit: number): Promise<readonly LostAttempt[]>;
}

/** What has to be counted before somebody may be admitted. */
export interface AdmissionScope {
  readonly pools: readonly string[];
  /** Tasks with a limit over all runs, as `taskLimitKey` names them. Default: none. */
  readonly taskLimits?: readonly string[];
  /** DAGs whose tasks are to be admitted, if they are not paused. Default: none. */
  readonly dagIds?: readonly string[];
}

export interface LostAttempt {
  readonly dagRunId: number;
  readonly taskInstanceId: number;
  readonly token: AttemptToken;
  readonly cause: 'lease_expired' | 'stuck_in_queue';
}

/** What a worker's supervisor does with attempts. */
export interface AttemptStore {
  /** Takes up to `limit` queued task instances of these queues for the worker: queued to running under their token. */
  claimQueued(workerId: string, queues: readonly string[], limit: number, now: Instant): Promise<readonly Assignment[]>;
  /**
   * Attempts that run under this worker's name but that it does not know of: the answer to the commit that started them never came, or it
   * gave them up together with its lease. `known`: every attempt the worker still has or has yet to settle. Whoever asks settles them as lost.
   */
  findForgotten(workerId: string, known: readonly AttemptToken[]): Promise<readonly Assignment[]>;
  /**
   * Values of XComs by run and task, map indexes in order: of task instances that succeeded, so that a value which was left by an earlier life of an
   * instance that is skipped or removed by now does not count. One query for many requests.
   */
  readXComs(requests: readonly XComRequest[]): Promise<readonly (readonly XComValue[])[]>;
  /** What a pull by a task of this run is made of, in any order. */
  pullXComs(dagRunId: number, query: XComQuery): Promise<readonly XComRow[]>;
  /** How much there is to read for each request, without reading it. */
  countXComs(requests: readonly XComRequest[]): Promise<readonly XComCount[]>;
  /** Stores an XCom of the attempt if `token` is current. False: it is not. */
  pushXCom(token: AttemptToken, key: string, value: TaggedJson): Promise<boolean>;
  /** Stores the template fields as rendered for the attempt if `token` is current. False: it is not. */
  setRendered(token: AttemptToken, rendered: TaggedJson): Promise<boolean>;
  /** Copies of a mapped task that there are in the run. */
  countCopies(dagRunId: number, taskId: string): Promise<number>;
  /**
   * The run of the same DAG with the greatest logical date before this run's that ended well (success or partial); null when there is none, or
   * when this run has no logical date.
   */
  previousSuccess(dagRunId: number): Promise<DagRun | null>;
  /** How runs stand at exact logical dates, with their tasks counted by state, null first. Costs what is asked for, not what the DAG has done. */
  readExternalStates(query: ExternalQuery): Promise<ExternalStates>;
  /** Assets of these names or URIs, whether in use or not. */
  findAssetsLike(keys: readonly AssetKey[]): Promise<readonly Asset[]>;
  /** Events of assets, for a task that looks through them. */
  readAssetEvents(filter: AssetEventFilter): Promise<readonly AssetEvent[]>;
  /** Of these tokens those that are no longer current. */
  findRevoked(tokens: readonly AttemptToken[]): Promise<readonly AttemptToken[]>;
  /** Records where an attempt's log is. */
  setLogPaths(paths: readonly { token: AttemptToken; logPath: string }[]): Promise<void>;
}

export interface XComRequest {
  readonly dagRunId: number;
  readonly taskId: string;
  readonly key: string;
  /** Only values of copies with map indexes in `[from, to)`. Default: all. */
  readonly copies?: { readonly from: number; readonly to: number };
  /** Of the values in order only those at positions in `[from, to)`, counted from 0. Default: all. */
  readonly positions?: { readonly from: number; readonly to: number };
}

export interface XComCount {
  /** Copies that have a value. */
  readonly values: number;
  /** Elements of these, where they are return values that are lists or objects. */
  readonly elements: number;
  /** One more than the highest map index among them; 0: none. */
  readonly end: number;
}

export interface XComValue {
  readonly mapIndex: number;
  readonly value: TaggedJson;
}

/** Reads for people and operations, and what people do to runs as a whole, outside the timetable. */
export interface DagRunReads {
  /**
   * `exists` names what collided and `by` in what: in the idempotency key before the run id before the logical date. The run gets the DAG's current version and,
   * with its task instances, `checkAt` of the DAG is set.
   */
  createRun(dagId: string, run: NewDagRun, actor: Actor, now: Instant): Promise<{ run: DagRun } | RunCollision>;
  /** Deletes a run with its task instances and their history. Refuses (returns `running`) while the run or an attempt of it is under way. */
  deleteRun(dagRunId: number, actor: Actor): Promise<'deleted' | 'running' | 'missing'>;
  /** Sets or (null) removes what people wrote to a run. False: there is no such run. */
  setNote(dagRunId: number, note: string | null, actor: Actor): Promise<boolean>;
  findRun(dagId: string, runIdOrLogicalDate: string): Promise<DagRun | null>;
  getRun(dagRunId: number): Promise<DagRun | null>;
  listRuns(filter: RunFilter): Promise<readonly DagRun[]>;
  /** Newest automated run's logical date per DAG, for `next-execution`. */
  listTaskInstances(dagRunIds: readonly number[]): Promise<readonly TaskInstance[]>;
  listAttempts(taskInstanceIds: readonly number[]): Promise<readonly Attempt[]>;
  /** Why a task instance came to its state, as the history says; null when it says nothing. */
  findReason(taskInstance: { readonly id: number; readonly dagRunId: number }): Promise<string | null>;
  /** Runs that ended after `since` (or any, newest first), for the terminal's run feed. */
  listEndedRuns(since: Instant, limit: number): Promise<readonly DagRun[]>;
}

export interface RunCollision {
  readonly exists: DagRun;
  readonly by: 'idempotency_key' | 'run_id' | 'logical_date';
}

export interface RunFilter {
  readonly dagId?: string;
  readonly states?: readonly DagRunState[];
  readonly noBackfill?: boolean;
  readonly backfillId?: number;
  /** Logical date bounds, both inclusive. */
  readonly from?: Instant;
  readonly to?: Instant;
  readonly runTypes?: readonly RunType[];
  readonly taskStates?: readonly TaskInstanceState[];
  readonly order?: 'logical_date' | '-logical_date';
  readonly limit?: number;
}

/** For people who ask why something does not run. Read without locks, at about one moment. */
export interface SituationReads {
  /** What keeps a DAG from getting its next run; null: there is no such DAG. */
  ofDag(dagId: string, now: Instant): Promise<DagSituation | null>;
  /** What keeps the tasks of a run from running; null: there is no such run. */
  ofRun(dagRunId: number, now: Instant): Promise<Situation | null>;
}

/**
 * Assets and their events. What DAGs name is written by `DagCatalog.saveFiles`, what tasks write by `SchedulingStore.commit`, and what starts runs by
 * `SchedulingStore.planAssetRuns`.
 */
export interface AssetStore {
  /** By name. Assets that are not in use only if asked for. */
  list(filter?: { readonly includeInactive?: boolean }): Promise<readonly Asset[]>;
  listAliases(): Promise<readonly AssetAlias[]>;
  /** Where DAGs that are not retired name assets. */
  listReferences(): Promise<readonly AssetReference[]>;
  /**
   * Stores an event that no task wrote and queues it for the DAGs that wait for it. Null: there is no such asset. One that comes through aliases makes its
   * asset known.
   */
  createEvent(
    asset: AssetSpec,
    event: { readonly at: Instant; readonly extra: AssetExtra; readonly aliases?: readonly string[] },
  ): Promise<AssetEvent | null>;
  listEvents(filter: AssetEventFilter): Promise<readonly AssetEvent[]>;
  /** What DAGs wait with. */
  listQueued(filter: QueuedEventFilter): Promise<readonly QueuedAssetEvent[]>;
  /** Takes events out of the queue without a run; returns how many entries there were. */
  deleteQueued(filter: QueuedEventFilter): Promise<number>;
  /** In the order in which it was written. */
  listLineage(dagRunIds: readonly number[]): Promise<readonly AssetLineage[]>;
  /** Ids of the runs that consumed each of these events. */
  findTriggeredRuns(eventIds: readonly number[]): Promise<ReadonlyMap<number, readonly number[]>>;
}

export interface QueuedEventFilter {
  readonly dagId?: string;
  readonly asset?: AssetKey;
}

export interface AssetEventFilter {
  readonly asset?: AssetKey;
  /** Only those that came through this alias. */
  readonly alias?: string;
  /** Only those that this run consumed. */
  readonly triggeredRun?: number;
  readonly source?: { readonly dagId?: string; readonly runId?: string; readonly taskId?: string };
  /** Both inclusive. */
  readonly after?: Instant;
  readonly before?: Instant;
  readonly newestFirst?: boolean;
  readonly limit?: number;
}

/** Pools, by name. Every change is in the history. */
export interface PoolStore {
  list(): Promise<readonly PoolUse[]>;
  /** Creates or changes all of these, or none. Says what became of each, in their order. */
  save(pools: readonly Pool[], actor: Actor, now: Instant): Promise<readonly ('created' | 'changed' | 'unchanged')[]>;
  /** `inUse`: so many task instances hold its slots; nothing is deleted then. */
  delete(name: string, actor: Actor, now: Instant): Promise<'deleted' | 'missing' | { readonly inUse: number }>;
}

export interface ComponentStore {
  register(component: Omit<Component, 'heartbeatAt' | 'leaseUntil' | 'stoppedAt'>, leaseMs: number): Promise<void>;
  /** Renews the lease by the database's clock. False: the component is unknown or its lease was taken away. */
  heartbeat(componentId: string, leaseMs: number, details?: Readonly<Record<string, unknown>>): Promise<boolean>;
  stopped(componentId: string): Promise<void>;
  list(): Promise<readonly Component[]>;
}

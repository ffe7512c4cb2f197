/** The tables of the memory store, the indexes it keeps, and the only functions that write states. Rows are frozen. */
import type {
  Asset,
  AssetAliasSpec,
  AssetEvent,
  AssetKey,
  AssetLineage,
  AssetReference,
  QueuedAssetEvent,
} from '../../model/asset.js';
import type { Backfill } from '../../model/backfill.js';
import type { StoredCallback } from '../../model/callback.js';
import type { Actor } from '../../model/commit.js';
import type { Component } from '../../model/component.js';
import type { Dag, DagVersion, ImportProblem, SourceBundle } from '../../model/dag.js';
import type { DagRun } from '../../model/dag-run.js';
import type { DagSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import { DEFAULT_POOL, type Pool } from '../../model/pool.js';
import { FINISHED_RUN_STATES } from '../../model/states.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { Attempt, NewTaskInstance, TaskInstance } from '../../model/task-instance.js';

/** One step in the history of an entity, as `event_log` holds it. */
export interface HistoryEvent {
  readonly entity: 'dag' | 'dag_run' | 'task_instance' | 'pool' | 'backfill';
  /** DAG id, name of the pool, or id of the run, task instance or backfill. */
  readonly entityId: string | number;
  readonly dagRunId: number | null;
  readonly from: string | null;
  readonly to: string;
  readonly token: string | null;
  readonly actor: Actor;
  readonly reason: string | null;
}

/** A DAG's row: what `Dag` shows, and when it must be looked at. */
export interface StoredDag extends Dag {
  readonly checkAt: Instant | null;
  readonly assetCheckAt: Instant | null;
  /** When somebody unpaused it last. */
  readonly activeSince: Instant | null;
}

export interface StoredRun extends DagRun {
  readonly planAt: Instant | null;
  readonly idempotencyKey: string | null;
}

export interface StoredAttempt extends Attempt {
  readonly dagRunId: number;
  readonly pool: string;
  readonly poolSlots: number;
  readonly queue: string;
  readonly priorityWeight: number;
}

/** A callback's row: what is shown of it, and who has it. */
export interface CallbackRow extends StoredCallback {
  readonly versionId: number;
  readonly lease: string | null;
}

const LIVE: ReadonlySet<string> = new Set(['queued', 'running']);
const PARKED: ReadonlySet<string> = new Set(['deferred', 'awaiting_input']);

export class Tables {
  readonly dags = new Map<string, StoredDag>();
  readonly files = new Map<string, { contentHash: string }>();
  readonly problems = new Map<string, readonly ImportProblem[]>();
  readonly bundles = new Map<string, SourceBundle>();
  readonly versions = new Map<number, { version: DagVersion; spec: DagSpec }>();
  readonly runs = new Map<number, StoredRun>();
  readonly instances = new Map<number, TaskInstance>();
  readonly attempts = new Map<string, StoredAttempt>();
  readonly xcoms = new Map<number, Map<string, TaggedJson>>();
  readonly pools = new Map<string, Pool>([
    [DEFAULT_POOL, { name: DEFAULT_POOL, slots: 128, description: 'Default pool', includeDeferred: false }],
  ]);
  readonly backfills = new Map<number, Backfill>();
  readonly components = new Map<string, Component>();
  /** By `assetKeyText`. */
  readonly assets = new Map<string, Asset>();
  readonly aliases = new Map<string, AssetAliasSpec & { readonly id: number; readonly members: Map<string, AssetKey> }>();
  /** By DAG id. */
  readonly assetReferences = new Map<string, readonly AssetReference[]>();
  readonly assetEvents = new Map<number, AssetEvent>();
  readonly assetQueues = new Map<string, readonly QueuedAssetEvent[]>();
  /** By run. */
  readonly assetLineage = new Map<number, AssetLineage[]>();
  /** Versions of files that DAGs have had runs for, by DAG and path. */
  readonly watchedFiles = new Map<string, Map<string, string[]>>();
  /** By key, in the order of their decisions. */
  readonly callbacks = new Map<string, CallbackRow>();
  readonly events: HistoryEvent[] = [];

  /** Ids of running runs, and tokens of live attempts: what passes look through, so that they do not read history. */
  readonly runningRuns = new Set<number>();
  readonly liveAttempts = new Map<string, StoredAttempt>();
  /** Task instances that wait for a trigger or a person, by id. */
  readonly parkedInstances = new Map<number, TaskInstance>();
  private readonly openRunIds = new Map<string, Set<number>>();
  private readonly lastAutomated = new Map<string, number>();
  private readonly runsOfDag = new Map<string, Map<string, number>>();
  private readonly runsByDate = new Map<string, Map<Instant, number>>();
  private readonly instancesOfRun = new Map<number, Map<string, number>>();
  private readonly attemptsOfInstance = new Map<number, string[]>();
  private lastId = 0;

  nextId(): number {
    return ++this.lastId;
  }

  putRun(run: StoredRun): void {
    this.runs.set(run.id, Object.freeze(run));
    if (run.state === 'running') this.runningRuns.add(run.id);
    else this.runningRuns.delete(run.id);
    const open = this.openRunIds.get(run.dagId) ?? new Set();
    this.openRunIds.set(run.dagId, open);
    if (FINISHED_RUN_STATES.has(run.state)) open.delete(run.id);
    else open.add(run.id);
    if (isNewer(run, this.lastAutomatedRun(run.dagId))) this.lastAutomated.set(run.dagId, run.id);
    indexOf(this.runsOfDag, run.dagId).set(run.runId, run.id);
    if (run.logicalDate !== null) indexOf(this.runsByDate, run.dagId).set(run.logicalDate, run.id);
  }

  /** The run that has this run id or logical date; the run id first. */
  findRun(dagId: string, runId: string, logicalDate: Instant | null): StoredRun | null {
    const id =
      this.runsOfDag.get(dagId)?.get(runId) ?? (logicalDate === null ? undefined : this.runsByDate.get(dagId)?.get(logicalDate));
    return id === undefined ? null : this.runs.get(id)!;
  }

  findRunByKey(dagId: string, idempotencyKey: string | null): StoredRun | null {
    if (idempotencyKey === null) return null;
    return this.runsOf(dagId).find((run) => run.idempotencyKey === idempotencyKey) ?? null;
  }

  /** Those that are queued or running. */
  openRunsOf(dagId: string): StoredRun[] {
    return [...(this.openRunIds.get(dagId) ?? [])].map((id) => this.runs.get(id)!);
  }

  /** Of the scheduled runs and those of backfills the one with the newest logical date. */
  lastAutomatedRun(dagId: string): StoredRun | null {
    return this.runs.get(this.lastAutomated.get(dagId) ?? -1) ?? null;
  }

  runsOf(dagId: string): StoredRun[] {
    return [...(this.runsOfDag.get(dagId)?.values() ?? [])].map((id) => this.runs.get(id)!);
  }

  /** Null when the run has this task and map index already. */
  insertInstance(row: NewTaskInstance): TaskInstance | null {
    const ofRun = indexOf(this.instancesOfRun, row.dagRunId);
    const key = instanceKey(row.taskId, row.mapIndex);
    if (ofRun.has(key)) return null;
    const instance = Object.freeze({ ...row, id: this.nextId() });
    ofRun.set(key, instance.id);
    this.#putInstance(instance);
    return instance;
  }

  updateInstance(next: TaskInstance): void {
    const before = this.instances.get(next.id)!;
    if (before.mapIndex !== next.mapIndex) {
      const ofRun = indexOf(this.instancesOfRun, next.dagRunId);
      ofRun.delete(instanceKey(before.taskId, before.mapIndex));
      ofRun.set(instanceKey(next.taskId, next.mapIndex), next.id);
    }
    this.#putInstance(Object.freeze({ ...next }));
  }

  #putInstance(instance: TaskInstance): void {
    this.instances.set(instance.id, instance);
    if (PARKED.has(instance.state)) this.parkedInstances.set(instance.id, instance);
    else this.parkedInstances.delete(instance.id);
  }

  /** By id, that is in order of creation. */
  instancesOf(dagRunId: number): TaskInstance[] {
    return [...(this.instancesOfRun.get(dagRunId)?.values() ?? [])].sort((a, b) => a - b).map((id) => this.instances.get(id)!);
  }

  putAttempt(attempt: StoredAttempt): void {
    if (!this.attempts.has(attempt.token)) indexOfList(this.attemptsOfInstance, attempt.taskInstanceId).push(attempt.token);
    this.attempts.set(attempt.token, Object.freeze(attempt));
    if (LIVE.has(attempt.state)) this.liveAttempts.set(attempt.token, attempt);
    else this.liveAttempts.delete(attempt.token);
  }

  attemptsOf(taskInstanceId: number): StoredAttempt[] {
    return (this.attemptsOfInstance.get(taskInstanceId) ?? []).map((token) => this.attempts.get(token)!);
  }

  /** False: this version of the file is remembered already. */
  rememberFile(dagId: string, path: string, version: string): boolean {
    const versions = indexOfList(indexOf(this.watchedFiles, dagId), path);
    if (versions.includes(version)) return false;
    versions.push(version);
    return true;
  }

  record(event: HistoryEvent): void {
    this.events.push(Object.freeze(event));
  }

  /** Deletes a run with all that belongs to it; its history is deleted by the caller. */
  deleteRun(run: StoredRun): void {
    for (const { id } of this.instancesOf(run.id)) {
      for (const token of this.attemptsOfInstance.get(id) ?? []) this.attempts.delete(token);
      this.attemptsOfInstance.delete(id);
      this.instances.delete(id);
      this.parkedInstances.delete(id);
      this.xcoms.delete(id);
    }
    this.instancesOfRun.delete(run.id);
    this.assetLineage.delete(run.id);
    for (const [key, { dagRunId }] of this.callbacks) if (dagRunId === run.id) this.callbacks.delete(key);
    this.runs.delete(run.id);
    this.runningRuns.delete(run.id);
    this.openRunIds.get(run.dagId)?.delete(run.id);
    this.runsOfDag.get(run.dagId)?.delete(run.runId);
    if (run.logicalDate !== null) this.runsByDate.get(run.dagId)?.delete(run.logicalDate);
    if (this.lastAutomated.delete(run.dagId)) {
      for (const other of this.runsOf(run.dagId)) {
        if (isNewer(other, this.lastAutomatedRun(run.dagId))) this.lastAutomated.set(run.dagId, other.id);
      }
    }
  }

  deleteEvents(isGone: (event: HistoryEvent) => boolean): void {
    const kept = this.events.filter((event) => !isGone(event));
    this.events.length = 0;
    for (const event of kept) this.events.push(event);
  }
}

function isNewer(run: StoredRun, last: StoredRun | null): boolean {
  if (run.logicalDate === null || (run.runType !== 'scheduled' && run.runType !== 'backfill')) return false;
  return last === null || run.logicalDate > last.logicalDate!;
}

const instanceKey = (taskId: string, mapIndex: number) => `${mapIndex} ${taskId}`;

function indexOf<Key, Inner, Value>(index: Map<Key, Map<Inner, Value>>, key: Key): Map<Inner, Value> {
  let inner = index.get(key);
  if (!inner) index.set(key, (inner = new Map()));
  return inner;
}

function indexOfList<Key, Value>(index: Map<Key, Value[]>, key: Key): Value[] {
  let list = index.get(key);
  if (!list) index.set(key, (list = []));
  return list;
}

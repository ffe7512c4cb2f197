import type { AssetActivity } from './asset.js';
import type { CallbackRequest } from './callback.js';
import type { Instant } from './instant.js';
import type { DagRunState, TaskInstanceState } from './states.js';
import type { TaggedJson } from './tagged-json.js';
import type { AttemptToken, NewTaskInstance, TaskError, TaskInstance } from './task-instance.js';

/** Who moves a state; written into the event history with every change. */
export interface Actor {
  readonly kind: 'scheduler' | 'worker' | 'user' | 'backfill' | 'sweeper' | 'test';
  /** Process id (UUID) or user name. */
  readonly id: string;
}

/**
 * All changes that one decision pass makes to one run: committed together or not at all. If `expectedRevision` no longer
 * matches, nothing of it is written and the run comes back as stale.
 */
export interface RunCommit {
  readonly dagRunId: number;
  readonly dagId: string;
  /** null: do not compare, only count up (a worker that settles an outcome without a snapshot). */
  readonly expectedRevision: number | null;
  readonly run: RunChange | null;
  /** When a planner must look at the run: an instant, null for "only when something happens", undefined to leave it. */
  readonly planAt: Instant | null | undefined;
  readonly changes: readonly TaskInstanceChange[];
  readonly insertions: readonly TaskInstanceInsertion[];
  /** The next run by logical date depends on this one's tasks: bump its revision and plan it. */
  readonly wakeNextRun: boolean;
  readonly actor: Actor;
}

export interface RunChange {
  readonly from: DagRunState;
  /** States passed through, the last one is stored. */
  readonly path: readonly DagRunState[];
  readonly queuedAt: Instant | null;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly clearNumber: number;
  readonly versionId: number;
  readonly reason: string | null;
  /** Stored together with the end of the run of which it tells. */
  readonly callback?: CallbackRequest;
}

/** One guarded change of one task instance. Stale (and left out) unless state and token are still as expected. */
export interface TaskInstanceChange {
  readonly taskInstanceId: number;
  readonly from: TaskInstanceState;
  readonly expectedToken: AttemptToken | null;
  /** States passed through in this commit, each an event; the last one is stored. Empty: only other fields change. */
  readonly path: readonly TaskInstanceState[];
  /** The complete row after the change. */
  readonly next: TaskInstance;
  /** Ends the attempt of `expectedToken`. */
  readonly endAttempt: AttemptEnd | null;
  /** Opens an attempt for `next.token`. */
  readonly openAttempt: AttemptOpening | null;
  /** The task's XComs are deleted (first dispatch of a new try or of a cleared task). */
  readonly clearXComs: boolean;
  readonly xcoms: readonly XComWrite[];
  /** Events of assets and rows of lineage, stored together with the success that brings them. */
  readonly assets?: AssetActivity;
  /** Stored together with the state of which it tells. */
  readonly callback?: CallbackRequest;
  readonly reason: string | null;
}

export interface AttemptEnd {
  readonly state: TaskInstanceState | 'lost' | 'cleared';
  readonly endedAt: Instant;
  readonly reason: string | null;
  readonly error: TaskError | null;
}

export interface AttemptOpening {
  readonly dispatchNumber: number;
  readonly createdAt: Instant;
  /** Set when it starts in the same commit. */
  readonly startedAt: Instant | null;
  readonly workerId: string | null;
}

export interface XComWrite {
  readonly key: string;
  readonly value: TaggedJson;
}

export interface TaskInstanceInsertion {
  readonly row: NewTaskInstance;
  /** States passed through after `none`; empty when it is inserted as none. */
  readonly path: readonly TaskInstanceState[];
  /** Of a copy that ends in the pass that makes it. */
  readonly callback?: CallbackRequest;
}

export interface CommitResult {
  /** Runs whose revision (or existence) did not match: nothing of their commit was written. */
  readonly staleRuns: readonly number[];
  /** Task instances whose state or token did not match; the rest of their run's commit was written. */
  readonly staleTaskInstances: readonly number[];
  /** New revision of each run that was written. */
  readonly revisions: ReadonlyMap<number, number>;
  /** Ids of inserted rows, in the order of the commits and their insertions. Missing for rows that existed already. */
  readonly inserted: readonly {
    readonly id: number;
    readonly dagRunId: number;
    readonly taskId: string;
    readonly mapIndex: number;
  }[];
}

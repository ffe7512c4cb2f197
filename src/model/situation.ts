import type { Component } from './component.js';
import type { AssetSchedule, DagSchedule } from './dag.js';
import type { Instant } from './instant.js';
import type { DagRunSnapshot, Occupancy } from './snapshot.js';
import type { TaskInstanceKey } from './task-instance.js';

/** Everything that can keep a DAG from getting its next run, read at about one moment, for people who ask why. */
export interface DagSituation {
  readonly now: Instant;
  readonly schedule: DagSchedule;
  /** What events wait for the DAG. */
  readonly assets: AssetSchedule;
  /** Running runs of a lane (those of the DAG, or of one of its backfills), the oldest first, at most `MAX_HOLDERS`. */
  readonly lane: readonly { readonly runId: string; readonly startedAt: Instant | null }[];
  /** Parts of the system that have not stopped. */
  readonly components: readonly Component[];
}

/** The same for the tasks of one run. `lane` is the one that the run is in. */
export interface Situation extends DagSituation {
  readonly snapshot: DagRunSnapshot;
  /** When a planner looks at the run next without anything else happening; null: only when something happens. */
  readonly planAt: Instant | null;
  /** Of all pools. */
  readonly occupancy: Occupancy;
  /** Task instances that hold slots, the longest first, at most `MAX_HOLDERS`. */
  readonly holders: readonly SlotHolder[];
  /** Scheduled task instances of all runs, the most urgent first, at most `MAX_CONTENDERS`. */
  readonly contenders: readonly Contender[];
}

export const MAX_HOLDERS = 1_000;
export const MAX_CONTENDERS = 1_000;

/** A task instance that is queued or running. */
export interface SlotHolder {
  readonly key: TaskInstanceKey;
  readonly state: 'queued' | 'running';
  readonly pool: string;
  readonly poolSlots: number;
  readonly queue: string;
  readonly workerId: string | null;
  readonly since: Instant;
}

/** A task instance that waits for a slot. */
export interface Contender {
  readonly key: TaskInstanceKey;
  readonly taskInstanceId: number;
  readonly priorityWeight: number;
  readonly pool: string;
  readonly poolSlots: number;
  readonly isBackfill: boolean;
  readonly scheduledAt: Instant | null;
}

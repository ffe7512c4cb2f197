import type { DagRun } from './dag-run.js';
import type { DagSpec } from './dag-spec.js';
import type { Instant } from './instant.js';
import type { TaskInstanceState } from './states.js';
import type { TaskInstance } from './task-instance.js';

/** Everything needed to plan one run, read at one revision. */
export interface DagRunSnapshot {
  readonly run: DagRun;
  readonly spec: DagSpec;
  readonly taskInstances: readonly TaskInstance[];
  /**
   * The run before this one by logical date, loaded only when a task of the spec says dependsOnPast. With catchup, manual runs
   * are left out. Null: there is none.
   */
  readonly previous: PreviousRun | null;
}

export interface PreviousRun {
  readonly dagRunId: number;
  readonly logicalDate: Instant;
  /** Per task id the states of all its instances in that run. */
  readonly states: { readonly [taskId: string]: readonly TaskInstanceState[] };
  /** Task ids that have an instance in any run with an earlier logical date than the planned run's. */
  readonly everRan: readonly string[];
}

/** Occupancy counted from rows, under the lock of the pools asked for. */
export interface Occupancy {
  /** queued + running over everything. */
  readonly total: number;
  readonly pools: { readonly [pool: string]: { readonly slots: number; readonly occupied: number } };
  /** Instances that are queued, running, deferred or waiting for a person, over all runs, of tasks that limit these (`taskLimitKey`). */
  readonly tasks: { readonly [taskLimitKey: string]: number };
  /** Of the DAGs asked for, those that are paused: nothing of them is queued. */
  readonly pausedDags: readonly string[];
}

/** The task of a DAG whose instances `maxActiveTisPerDag` limits over all runs. */
export function taskLimitKey(dagId: string, taskId: string): string {
  return `${dagId} ${taskId}`;
}

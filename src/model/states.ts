/**
 * States and run types, spelled as Airflow 3.3 stores them. `null` of Airflow's "no status" is the string `none` here, so
 * that every task instance has a state that can be named, guarded and indexed.
 */
export const TASK_INSTANCE_STATES = [
  'none',
  'scheduled',
  'queued',
  'running',
  'success',
  'failed',
  'skipped',
  'upstream_failed',
  'up_for_retry',
  'up_for_reschedule',
  'deferred',
  'awaiting_input',
  'removed',
] as const;
export type TaskInstanceState = (typeof TASK_INSTANCE_STATES)[number];

/** Terminal states: only a user's clear or mark leaves them. */
export const FINISHED_STATES: ReadonlySet<TaskInstanceState> = new Set([
  'success',
  'failed',
  'skipped',
  'upstream_failed',
  'removed',
]);

/** States from which the planner may move a task instance to `scheduled`. */
export const SCHEDULABLE_STATES: ReadonlySet<TaskInstanceState> = new Set(['none', 'up_for_retry', 'up_for_reschedule']);

/** States that occupy a pool slot and count against parallelism. */
export const OCCUPYING_STATES: ReadonlySet<TaskInstanceState> = new Set(['queued', 'running']);

/** `partial`: everything critical ended well, something that is not critical did not. */
export const DAG_RUN_STATES = ['queued', 'running', 'success', 'partial', 'failed'] as const;
export type DagRunState = (typeof DAG_RUN_STATES)[number];

export const FINISHED_RUN_STATES: ReadonlySet<DagRunState> = new Set(['success', 'partial', 'failed']);

export const RUN_TYPES = ['scheduled', 'manual', 'backfill', 'asset_triggered', 'asset_materialization'] as const;
export type RunType = (typeof RUN_TYPES)[number];

/** Who created a run, as Airflow's `triggered_by`. */
export type TriggeredBy = 'timetable' | 'cli' | 'rest_api' | 'ui' | 'operator' | 'backfill' | 'asset' | 'test';

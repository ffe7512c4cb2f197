import type { Instant } from './instant.js';
import type { TaskInstanceState } from './states.js';

/**
 * Everything that can keep a task instance from running, as a stable code and a sentence in general. The order is the one in which things have to
 * give way: the first that applies is the one that binds.
 */
export const BLOCKER_CODES = {
  no_scheduler: 'no scheduler is running',
  dag_retired: 'the file of the DAG is gone',
  dag_paused: 'the DAG is paused',
  no_schedule: 'the DAG has no schedule',
  schedule_over: 'the schedule has no further run',
  schedule_fails: 'the timetable of a plugin fails or is missing',
  not_due: 'the next run is not due yet',
  waits_for_assets: 'assets that the DAG waits for have no new event',
  waits_for_file: 'no file that the DAG waits for is there',
  about_to_be_created: 'the next run is due and is about to be created',
  run_finished: 'the run is over',
  run_after: 'the run may not start yet',
  backfill_paused: 'its backfill is paused',
  backfill_max_active_runs: 'its backfill has as many running runs as it may have',
  max_active_runs: 'the DAG has as many running runs as it may have',
  earlier_runs: 'other queued runs of the DAG, or of its backfill, start first',
  run_not_started: 'the run is queued and is about to start',
  skipped_by_decision: 'a task above it decided to leave it out',
  setup_ended: 'a setup it needs did not succeed',
  setup_not_done: 'a setup it needs is not done yet',
  trigger_rule: 'its trigger rule is not met',
  map_source: 'what it is mapped over did not succeed',
  scope_not_done: 'tasks that use what it takes down are not done yet',
  past: 'the run before has not done its part',
  map_length: 'the number of its copies is not known yet',
  retry_delay: 'it waits before its next try',
  reschedule: 'it looks again later',
  deferred: 'it waits for a trigger',
  awaiting_input: 'it waits for a person',
  about_to_be_scheduled: 'nothing is in its way: the next pass of the scheduler moves it on',
  pool_unknown: 'its pool does not exist',
  pool_too_small: 'it needs more slots than its pool has',
  pool_full: 'its pool is full',
  max_active_tasks: 'its run has as many tasks under way as it may have',
  max_active_tis_per_dagrun: 'its run has as many copies of the task under way as it may have',
  max_active_tis_per_dag: 'all runs together have as many instances of the task under way as they may have',
  no_free_slot: 'as many tasks as the installation allows are under way',
  no_local_slot: 'the workers of the scheduler have no free slot',
  outranked: 'more urgent tasks take the free slots first',
  about_to_be_queued: 'a slot is free: the next pass of the scheduler gives it one',
  no_worker: 'no worker serves its queue',
  workers_busy: 'the workers of its queue have no free slot',
  about_to_start: 'a worker takes it in a moment',
} as const;
export type BlockerCode = keyof typeof BLOCKER_CODES;

/** One thing that is in the way. */
export interface Blocker {
  readonly code: BlockerCode;
  /** The whole sentence, with names and numbers. */
  readonly text: string;
  /** True of the one that has to give way first. */
  readonly isBinding: boolean;
  /** The state that the instance gets in the next pass because of it, without running; null: it waits. */
  readonly becomes: TaskInstanceState | null;
  /** When it gives way by itself; null: when something happens. */
  readonly until: Instant | null;
  /** Runs, or task instances as `dag.task[index] in run`, that hold what is missing; the longest first. */
  readonly holders: readonly string[];
}

/** Why a task instance stands where it stands. */
export interface Explanation {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  /** Null: the run has no such instance. */
  readonly state: TaskInstanceState | null;
  /** One sentence. */
  readonly summary: string;
  /** All that is in the way, in the order in which it has to give way. Empty: it runs, or is finished. */
  readonly blockers: readonly Blocker[];
  /** When a scheduler looks at it next without anything else happening; null: when something happens. */
  readonly nextLookAt: Instant | null;
}

/** Why a DAG has no newer run. */
export interface DagExplanation {
  readonly dagId: string;
  readonly summary: string;
  /** What keeps the next run from being created. */
  readonly blockers: readonly Blocker[];
  readonly nextLookAt: Instant | null;
}

import type { Catchup } from '../model/dag-spec.js';
import type { Duration } from '../model/duration.js';
import type { AssetExpression } from './asset.js';
import type { DagCallback } from './callback.js';
import type { ScheduleSource } from './schedule-source.js';
import type { StandardSchema } from './standard-schema.js';
import type { TaskDefaults } from './task-options.js';
import type { CustomTimetable } from './timetable.js';

/** Options of a DAG. Names and defaults are Airflow's, in camelCase. */
export interface DagOptions {
  /** Default: the class name in snake_case. */
  readonly dagId?: string;
  /**
   * When runs are made. Over data intervals: a cron expression (`'0 2 * * *'`), a preset (`'@daily'`), a span (`'6h'`, `'1mo'`). At points in
   * time: `cronTrigger(...)`, a list of cron expressions or `crons(...)`, `deltaTrigger(...)`, `events(...)`. For new files: `fileWatch(...)`; by
   * time once a file is there: `hybrid(...)`. And `'@once'`, `'@continuous'` (with `maxActiveRuns: 1`), a plugin's `timetable(...)`, or null for
   * runs by hand only. When there are events of assets: `asset(...)`, joined by `.and(...)` and `.or(...)`, or a list of assets, all of which are waited
   * for. Both: `assetOrTime(...)`. Default null.
   */
  readonly schedule?:
    string | readonly string[] | ScheduleSource | CustomTimetable | AssetExpression | readonly AssetExpression[] | null;
  /** IANA name in which `schedule` and dates without zone are read. Default `'UTC'`. */
  readonly timezone?: string;
  /**
   * Begin of the first data interval. Required with intervals, `'@once'`, `'@continuous'` and catchup; other schedules can begin now. A text without zone is read in
   * `timezone`.
   */
  readonly startDate?: string | Date | null;
  /** No run is made for an interval that starts after it. Default: none. */
  readonly endDate?: string | Date | null;
  /** Which of the intervals that passed already get runs. Default false: only the latest. */
  readonly catchup?: Catchup;
  /** Runs that may be running at once. Default 16. */
  readonly maxActiveRuns?: number;
  /** Tasks of one run that may be running at once. Default 16. */
  readonly maxActiveTasks?: number;
  /** A run that takes longer fails. Default: none. */
  readonly dagrunTimeout?: Duration | null;
  /** The first task that fails for good ends all others of its run. Default false. */
  readonly failFast?: boolean;
  /** So many failed runs in a row pause the DAG. Default 0: never. */
  readonly maxConsecutiveFailedDagRuns?: number;
  /**
   * Called when a run ended well, also partially, and that is stored. It is called at least once, by any worker, within 20 seconds; a call that throws or
   * does not end is repeated up to four times, and never changes a state. Not called for runs that somebody marked. Default: none.
   */
  readonly onSuccess?: DagCallback | null;
  /** Called when a run failed: its `reason` is `task_failure`, `all_tasks_deadlocked` or `timed_out`. Default: none. */
  readonly onFailure?: DagCallback | null;
  readonly tags?: readonly string[];
  /** Default `'airflow'`. */
  readonly owner?: string;
  readonly description?: string | null;
  /** Shown beside the DAG, in Markdown. */
  readonly doc?: string | null;
  /** Options of every task that does not set them itself. */
  readonly defaultArgs?: TaskDefaults;
  /** What a run can be given: a Standard Schema of an object (for example zod's), or an object of default values. */
  readonly params?: StandardSchema | Readonly<Record<string, unknown>>;
  /** Whether the DAG starts paused; null leaves it to the installation. Default null. */
  readonly isPausedUponCreation?: boolean | null;
  /** Ids the DAG had before; its history is found under them. */
  readonly previousIds?: readonly string[];
}

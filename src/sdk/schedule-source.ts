import type { Duration } from '../model/duration.js';
import type { AssetExpression } from './asset.js';
import type { CustomTimetable } from './timetable.js';

/** The forms of a schedule that a text cannot say. They only hold what was written; it is checked with the options of the DAG. */

const SOURCE = Symbol.for('airflow-like:schedule');

/** Made by `cronTrigger`, `crons`, `deltaTrigger`, `events`, `fileWatch`, `hybrid` or `assetOrTime`; a value of a DAG's `schedule`. */
export interface ScheduleSource {
  readonly [SOURCE]: 'cronTrigger' | 'crons' | 'deltaTrigger' | 'events' | 'fileWatch' | 'hybrid' | 'assetOrTime';
  readonly of: unknown;
  readonly options: unknown;
}

export interface CronTriggerOptions {
  /** Length of the data interval that ends at the fire. Default: none, the run is a point in time. */
  readonly interval?: Duration;
  /**
   * Of a DAG without `startDate`: whether its first run is the fire that has just passed, always or when it was within this time. Default false: only
   * if that was at most five minutes or a tenth of the time between two fires ago, as in Airflow.
   */
  readonly runImmediately?: boolean | Duration;
}

export interface DeltaTriggerOptions {
  /** Length of the data interval that ends at the run. Default: none, the run is a point in time. */
  readonly interval?: Duration;
}

export interface EventsOptions {
  /** A run by hand takes the date of the newest event that has passed, and not the time at which it was asked for. Default false. */
  readonly restrictToEvents?: boolean;
}

export interface FileWatchOptions {
  /** A file counts once its size and time of change have stayed the same for so long: one that is still written must not start a run. Default `'2s'`. */
  readonly settleFor?: Duration;
  /** Whether files that are there when the DAG first watches get runs. Default `'run'`. */
  readonly existing?: 'run' | 'ignore';
  /** Whether a file that has had its run gets another when it is written anew. Default `'run'`. */
  readonly rewritten?: 'run' | 'ignore';
}

export interface HybridOptions {
  /** The file that a run waits for: a pattern, in which `{{ ds }}` and the like stand for dates of the run. */
  readonly file: string;
  /** How long a run waits for its file, from when it is due. Default one day. */
  readonly waitFor?: Duration;
  /** What becomes of a run that has waited in vain: it is created as failed (the default) or with all tasks skipped, or it runs without the file. */
  readonly onTimeout?: 'fail' | 'skip' | 'run';
  /** As of `fileWatch`. Default `'2s'`. */
  readonly settleFor?: Duration;
}

/** Runs at the times of a cron expression or preset, with the time itself as logical date, where the plain text covers the interval that ends then. */
export function cronTrigger(expression: string, options: CronTriggerOptions = {}): ScheduleSource {
  return source('cronTrigger', expression, options);
}

/** Runs at the times of several cron expressions, once where they coincide. A plain list of expressions as `schedule` means the same. */
export function crons(expressions: readonly string[], options: CronTriggerOptions = {}): ScheduleSource {
  return source('crons', expressions, options);
}

/** Runs one span after the other (`'6h'`, `'1mo'`), each a point in time; one that is overdue without catchup runs now. */
export function deltaTrigger(every: Duration, options: DeltaTriggerOptions = {}): ScheduleSource {
  return source('deltaTrigger', every, options);
}

/** Runs at the dates of a list; a text without zone is read in the DAG's `timezone`. Dates of the past count with `catchup` only. */
export function events(dates: readonly (string | Date)[], options: EventsOptions = {}): ScheduleSource {
  return source('events', dates, options);
}

/** What decides by time, where assets decide as well. */
export type TimeSchedule = string | readonly string[] | ScheduleSource | CustomTimetable;

/**
 * Runs by time and, besides, whenever the condition on assets is met: `assetOrTime('0 2 * * *', asset('orders'))`. A list of assets means all of them. The runs
 * of either kind do not move those of the other.
 */
export function assetOrTime(time: TimeSchedule, assets: AssetExpression | readonly AssetExpression[]): ScheduleSource {
  return source('assetOrTime', time, assets);
}

/**
 * Runs once for each new file that matches the pattern, for example `'inbox/*.csv'`, relative to the project's root or absolute. The file is in
 * `context().conf.file`.
 */
export function fileWatch(pattern: string, options: FileWatchOptions = {}): ScheduleSource {
  return source('fileWatch', pattern, options);
}

/**
 * Runs at the times of another schedule, each once its file is there: `hybrid('0 6 * * *', { file: 'inbox/{{ ds }}.csv', waitFor: '4h' })`. The file is in
 * `context().conf.file`; null: the run goes on without.
 */
export function hybrid(time: string | readonly string[] | ScheduleSource, options: HybridOptions): ScheduleSource {
  return source('hybrid', time, options);
}

export function isScheduleSource(value: unknown): value is ScheduleSource {
  return typeof value === 'object' && value !== null && SOURCE in value;
}

export function sourceKind(value: ScheduleSource): ScheduleSource[typeof SOURCE] {
  return value[SOURCE];
}

function source(kind: ScheduleSource[typeof SOURCE], of: unknown, options: unknown): ScheduleSource {
  return Object.freeze({ [SOURCE]: kind, of, options });
}

import type { TriggerRule } from '../model/dag-spec.js';
import type { Duration } from '../model/duration.js';
import type { Asset, AssetAlias } from './asset.js';
import type { StandardSchema } from './standard-schema.js';

/** Options that `defaultArgs` and groups may set for many tasks. Names and defaults are Airflow's, in camelCase. */
export interface TaskDefaults {
  /** How often a failed try is repeated. 0 to 100, default 0. */
  readonly retries?: number;
  /** Pause before the next try. Default `'5m'`. */
  readonly retryDelay?: Duration;
  /** Lets the pause grow with each try: `true` doubles it, a number is the factor. Default false. */
  readonly retryExponentialBackoff?: boolean | number;
  /** Upper limit of a growing pause. Default: none. */
  readonly maxRetryDelay?: Duration | null;
  /** Wall-clock limit of one try, at most 30 days. Default: none. */
  readonly executionTimeout?: Duration | null;
  /** The task waits until it succeeded, or was skipped, in the previous run. Default false. */
  readonly dependsOnPast?: boolean;
  /** With `dependsOnPast`: the first run does not wait. Default false; runs before `startDate` never count. */
  readonly ignoreFirstDependsOnPast?: boolean;
  /** Also waits for the direct downstream tasks of the previous run; implies `dependsOnPast`. Default false. */
  readonly waitForDownstream?: boolean;
  /** When the task runs, seen from its upstream tasks. Default `'all_success'`. */
  readonly triggerRule?: TriggerRule;
  /** Pool whose slots the task needs. Default `'default_pool'`. */
  readonly pool?: string;
  /** Slots it takes there. Default 1. */
  readonly poolSlots?: number;
  /** Higher starts first. Default 1. */
  readonly priorityWeight?: number;
  /** Only workers that serve this queue take the task. Default `'default'`. */
  readonly queue?: string;
  /** Copies of the task that may run at once over all runs of the DAG. Default: no limit of its own. */
  readonly maxActiveTisPerDag?: number | null;
  /** Copies of the task that may run at once in one run. Default: no limit of its own. */
  readonly maxActiveTisPerDagrun?: number | null;
  /** `'process'` gives each attempt a process of its own: for CPU-heavy, native or memory-hungry code. Default `'thread'`. */
  readonly isolation?: 'thread' | 'process';
}

/** Options of one task. */
export interface TaskOptions extends TaskDefaults {
  /** Default: the name of the method. */
  readonly taskId?: string;
  /** Shown beside the task, in Markdown. */
  readonly doc?: string | null;
  /** True: `wire` need not call it; then it is not part of the DAG. Default false. */
  readonly optional?: boolean;
  /** For classes without `wire`: the tasks this one follows; their outputs are its arguments, by position. */
  readonly upstream?: readonly string[];
  /** Ids the task had before; its history is found under them. */
  readonly previousIds?: readonly string[];
  /** What the task writes: when it succeeds there is an event of each of these assets, and of those it adds through the aliases. */
  readonly outlets?: readonly (Asset | AssetAlias)[];
  /** What the task reads: shown as lineage, and its events can be looked through with `context().inletEvents`. */
  readonly inlets?: readonly (Asset | AssetAlias)[];
  /** Checks the first argument when the task runs; a mismatch fails the task with D104. Any Standard Schema, for example zod's. */
  readonly input?: StandardSchema;
  /** Checks the return value; a mismatch fails the task with D104. */
  readonly output?: StandardSchema;
}

/** Options of a sensor, besides those of a task. */
export interface SensorOptions extends TaskOptions {
  /** Pause between two looks. Default `'60s'`. */
  readonly pokeInterval?: Duration;
  /** Total time it may wait; then it fails without a retry, or is skipped with `softFail`. Default `'7d'`. */
  readonly timeout?: Duration;
  /** `'poke'` keeps the worker slot between two looks, `'reschedule'` gives it back. Default `'poke'`. */
  readonly mode?: 'poke' | 'reschedule';
  /** Ends as skipped where it would fail for good or by a timeout. Default false. */
  readonly softFail?: boolean;
  /** An error of a look, other than `FailTask` and `SkipTask`, counts as "not yet". Default false. */
  readonly silentFail?: boolean;
  /** Any error of a look skips the sensor. Its `timeout` still fails it. Not together with `softFail`. Default false. */
  readonly neverFail?: boolean;
  /** Doubles the pause from look to look. Default false. */
  readonly exponentialBackoff?: boolean;
  /** Upper limit of a growing pause. Default: none. */
  readonly maxWait?: Duration | null;
}

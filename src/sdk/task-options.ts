import type { TriggerRule, WeightRule } from '../model/dag-spec.js';
import type { Duration } from '../model/duration.js';
import type { Asset, AssetAlias } from './asset.js';
import type { TaskCallback } from './callback.js';
import type { RetryPolicy } from './retry-policy.js';
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
  /**
   * Decides per error whether to try again: a function `(error, { tryNumber, maxTries }) => 'retry' | 'fail' | 'default' | { retryIn: '5m' }`, or
   * rules `{ on: TimeoutError, do: { retryIn: '1m' } }` of which the first that matches counts. It is not asked when no try is left.
   * Default: every error is tried again.
   */
  readonly retryPolicy?: RetryPolicy | null;
  /** Wall-clock limit of one try, from the moment at which it begins, at most 30 days. Default: none. */
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
  /**
   * What the urgency of a task is made of: its own weight and those of all tasks below it (`'downstream'`) or above it (`'upstream'`), or its own
   * alone (`'absolute'`). Default `'downstream'`.
   */
  readonly weightRule?: WeightRule;
  /**
   * False: the failure of the task leaves its run partial instead of failed, and tasks that only follow it go on. A task that takes its output
   * does not run then, unless the edge has a value for that case: `.orElse(value)`. Default true.
   */
  readonly critical?: boolean;
  /** False: the return value is not stored. Default true. */
  readonly doXcomPush?: boolean;
  /** Only workers that serve this queue take the task. Default `'default'`. */
  readonly queue?: string;
  /** Copies of the task that may run at once over all runs of the DAG. Default: no limit of its own. */
  readonly maxActiveTisPerDag?: number | null;
  /** Copies of the task that may run at once in one run. Default: no limit of its own. */
  readonly maxActiveTisPerDagrun?: number | null;
  /** `'process'` gives each attempt a process of its own: for CPU-heavy, native or memory-hungry code. Default `'thread'`. */
  readonly isolation?: 'thread' | 'process';
  /**
   * Called by each attempt before the task itself, in its place and within its `executionTimeout`. What it throws is written into the log of the attempt
   * and changes nothing. Not called for `latestOnly()`, which executes nothing. Default: none.
   */
  readonly onExecute?: TaskCallback | null;
  /**
   * Called when the task succeeded and that is stored. Like the next three it is called at least once, by any worker, within 20 seconds; a call that
   * throws or does not end is repeated up to four times, and never changes a state. None of them is called for what somebody marked. Default: none.
   */
  readonly onSuccess?: TaskCallback | null;
  /** Called when the task failed for good, also when its process was killed or its worker was lost; not for upstream_failed. Default: none. */
  readonly onFailure?: TaskCallback | null;
  /** Called when a try failed and another one follows. Default: none. */
  readonly onRetry?: TaskCallback | null;
  /** Called when the task itself asked to be skipped (`SkipTask`, `softFail`), not when a rule or a branch skipped it. Default: none. */
  readonly onSkipped?: TaskCallback | null;
}

/** Makes the name of a copy of a mapped task from its inputs; the element comes first. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- inputs of any task
export type MapLabel = (...inputs: any[]) => string;

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
  /** First and last logical date (inclusive) for which the task is part of a run; texts without zone are read in the DAG's. Default: the DAG's. */
  readonly startDate?: string | Date | null;
  readonly endDate?: string | Date | null;
  /** The return value is an object: each field of it is stored under a key of its own as well. Default false. */
  readonly multipleOutputs?: boolean;
  /**
   * The name under which people see a copy of a mapped task, in place of its index: a template, or a function of the copy's inputs. Default: none.
   */
  readonly mapIndexTemplate?: string | MapLabel | null;
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

/** Options of a teardown: its trigger rule is fixed, it runs when its setups succeeded and everything between them and it is done. */
export interface TeardownOptions extends Omit<TaskOptions, 'triggerRule'> {
  /** True: its failure fails the run. Default false. */
  readonly onFailureFailDagrun?: boolean;
}

/** Options of a short circuit, besides those of a task. */
export interface ShortCircuitOptions extends TaskOptions {
  /**
   * True: all tasks below are skipped, whatever their trigger rules say. False: only the direct children, and the trigger rules of the others
   * decide. Default true.
   */
  readonly ignoreDownstreamTriggerRules?: boolean;
}

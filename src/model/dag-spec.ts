import type { AssetCondition, AssetRef } from './asset.js';
import type { DagCallbackEvent, TaskCallbackEvent } from './callback.js';
import type { Instant } from './instant.js';
import type { TaggedJson } from './tagged-json.js';

/** Airflow's trigger rules (3.3). `core/trigger-rule/` holds one function for each rule that is implemented. */
export const TRIGGER_RULES = [
  'all_success',
  'all_failed',
  'all_done',
  'all_done_min_one_success',
  'all_done_setup_success',
  'one_success',
  'one_failed',
  'one_done',
  'none_failed',
  'none_failed_min_one_success',
  'none_skipped',
  'all_skipped',
  'always',
] as const;
export type TriggerRule = (typeof TRIGGER_RULES)[number];

/** A month-aware span: months are added on the calendar, milliseconds on the clock. */
export interface CalendarSpan {
  readonly months: number;
  readonly ms: number;
}

/** When a DAG runs by time, as plain data. `core/timetable/` holds one file per kind. */
export type TimeScheduleSpec =
  | { readonly kind: 'none' }
  | { readonly kind: 'once' }
  /** `text` is what the author wrote (a preset such as `@daily` keeps its name), `expression` the cron fields. */
  | { readonly kind: 'cron'; readonly expression: string; readonly text: string }
  | { readonly kind: 'delta'; readonly span: CalendarSpan; readonly text: string }
  /** Runs at the fires of one or several cron expressions; the data interval has length `intervalMs` and ends at the fire. */
  | {
      readonly kind: 'cronTrigger';
      readonly expressions: readonly string[];
      readonly intervalMs: number;
      /** Of a DAG without a start date: whether its first run is the fire that passed last, always or when it is no longer ago. */
      readonly runImmediately: boolean | { readonly withinMs: number };
      readonly text: string;
    }
  | { readonly kind: 'deltaTrigger'; readonly span: CalendarSpan; readonly intervalMs: number; readonly text: string }
  /** `dates` ascend without repeats. `restrictToEvents`: a manual run takes the date of the newest event that has passed. */
  | { readonly kind: 'events'; readonly dates: readonly Instant[]; readonly restrictToEvents: boolean; readonly text: string }
  /** The next run begins when the one before it has ended. */
  | { readonly kind: 'continuous'; readonly text: string }
  /**
   * A run for each new file that matches `pattern` and has stayed the same for `settleMs`. `existing`: what becomes of files that are there at the first look;
   * `rewritten`: of a file that had its run and is written anew.
   */
  | {
      readonly kind: 'fileWatch';
      readonly pattern: string;
      readonly settleMs: number;
      readonly existing: 'run' | 'ignore';
      readonly rewritten: 'run' | 'ignore';
      readonly text: string;
    }
  /**
   * Runs at the times of `time`, each once a file matches `file` (with dates of the run in it) and has stayed the same for `settleMs`. `onTimeout`: what becomes
   * of a run that has waited `waitForMs` for it.
   */
  | {
      readonly kind: 'hybrid';
      readonly time: Extract<TimeScheduleSpec, { kind: 'cron' | 'delta' | 'cronTrigger' | 'deltaTrigger' | 'events' }>;
      readonly file: string;
      readonly settleMs: number;
      readonly waitForMs: number;
      readonly onTimeout: 'fail' | 'skip' | 'run';
      readonly text: string;
    }
  /** A timetable registered by a plugin under `name`; `args` is handed to it unchanged. */
  | { readonly kind: 'custom'; readonly name: string; readonly args: TaggedJson; readonly text: string };

/** When a DAG runs. Events of assets make runs of their own and never move the runs that time makes. */
export type ScheduleSpec =
  | TimeScheduleSpec
  | { readonly kind: 'assets'; readonly condition: AssetCondition; readonly text: string }
  | { readonly kind: 'assetOrTime'; readonly time: TimeScheduleSpec; readonly condition: AssetCondition; readonly text: string };

/** Which of the intervals that passed before now get runs. The boolean forms mean exactly what Airflow's do. */
export type Catchup = boolean | 'latest' | { readonly last: number };

/** How one argument of a task is put together at run time. */
export type InputSpec =
  | { readonly kind: 'value'; readonly value: TaggedJson }
  /**
   * The return value of `taskId`; of a mapped task: the list of its copies' values. `orElse` stands in where the task has none, because it was
   * skipped or, not being critical, failed. `lazy`: a list that the task reads piece by piece.
   */
  | { readonly kind: 'ref'; readonly taskId: string; readonly orElse?: TaggedJson; readonly lazy?: true }
  | { readonly kind: 'object'; readonly fields: { readonly [name: string]: InputSpec } }
  | { readonly kind: 'list'; readonly items: readonly InputSpec[] }
  /** The element of the source with this position in the task's own `MapSpec` that belongs to the copy. */
  | { readonly kind: 'element'; readonly source: number }
  /** The same of the mapped task group that the task is in. */
  | { readonly kind: 'groupElement'; readonly groupId: string; readonly source: number };

/**
 * Dynamic task mapping: one copy of the task per element of its sources, each of which resolves to an array or a plain object. `each` has one
 * source; `zip` takes one element of each, to the end of the shortest unless `fill` stands in for what is missing; `product` has a copy for
 * every combination, the last source varying fastest.
 */
export interface MapSpec {
  readonly kind: 'each' | 'zip' | 'product';
  readonly sources: readonly InputSpec[];
  readonly fill?: TaggedJson;
  /** Elements that one copy works through, one call of the task after the other; default 1. Only with `each`. */
  readonly chunk?: number;
  /** So many copies, or so many percent of them, may fail without the task counting as failed. */
  readonly allowFailures?: { readonly count: number } | { readonly percent: number };
}

/** Work task, or one that makes ready (`setup`) or cleans up (`teardown`) what the work tasks between them need. */
export type TaskRole = 'task' | 'setup' | 'teardown';

/** How the task decides which of the tasks below it run; null: it does not. */
export type DecisionSpec =
  /** It returns the ids of the direct children to go on with. */
  | { readonly kind: 'branch' }
  /** A falsy return value skips all descendants or, if their trigger rules are to be asked, the direct children. */
  | { readonly kind: 'shortCircuit'; readonly ignoreDownstreamTriggerRules: boolean }
  /** Skips its children in a run that is not the newest one. Nothing is executed. */
  | { readonly kind: 'latestOnly' };

/** How the weight of the tasks around it counts into a task's priority. */
export const WEIGHT_RULES = ['downstream', 'upstream', 'absolute'] as const;
export type WeightRule = (typeof WEIGHT_RULES)[number];

export interface SensorSpec {
  readonly pokeIntervalMs: number;
  /** Total time the sensor may wait before it fails (no retry) or, with `softFail`, is skipped. */
  readonly timeoutMs: number;
  /** `poke` keeps the worker slot between pokes, `reschedule` gives it back. */
  readonly mode: 'poke' | 'reschedule';
  /** Where it would fail for good (its timeout, a FailTask) it is skipped. */
  readonly softFail: boolean;
  /** An error of a look counts as "not yet". */
  readonly silentFail: boolean;
  /** An error of a look skips it. Its timeout still fails it. */
  readonly neverFail: boolean;
  readonly exponentialBackoff: boolean;
  readonly maxWaitMs: number | null;
}

/** A place in the author's source file; line and column count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface TaskSpec {
  readonly taskId: string;
  /** `method`: a decorated method or function; otherwise the operator's name, for example `bash`. */
  readonly operator: string;
  /** Name of the class member (or function) that is called; several tasks may share one. */
  readonly member: string;
  /** Ids of the direct parents, by data or by order. Sorted, unique. */
  readonly upstream: readonly string[];
  readonly inputs: readonly InputSpec[];
  readonly map: MapSpec | null;
  readonly sensor: SensorSpec | null;
  readonly groupId: string | null;
  readonly role: TaskRole;
  /** Of a teardown: whether its failure fails the run. */
  readonly onFailureFailDagrun: boolean;
  readonly decides: DecisionSpec | null;
  /** True: there is nothing to execute; it succeeds as soon as its dependencies are met (an empty or a latest-only task). */
  readonly isInstant: boolean;
  /** False: its failure leaves the run partial instead of failed, and tasks that only follow it go on. */
  readonly critical: boolean;
  readonly triggerRule: TriggerRule;
  /** First and last logical date (inclusive) for which the task is part of a run; null: the DAG's. */
  readonly startDate: Instant | null;
  readonly endDate: Instant | null;
  /** How often a failed try is repeated: with `retries` r there are r + 1 tries. */
  readonly retries: number;
  readonly retryDelayMs: number;
  /** Factor by which the delay grows with each try; 0 turns backoff off, `true` in the options means 2. */
  readonly retryExponentialBackoff: number;
  readonly maxRetryDelayMs: number | null;
  /** The author's code decides per error whether to try again. */
  readonly hasRetryPolicy: boolean;
  /** Events that the author's code wants to be called for; missing: none. */
  readonly callbacks?: readonly TaskCallbackEvent[];
  /** Wall-clock limit of one try; null: none. */
  readonly executionTimeoutMs: number | null;
  readonly dependsOnPast: boolean;
  readonly ignoreFirstDependsOnPast: boolean;
  readonly waitForDownstream: boolean;
  readonly pool: string;
  readonly poolSlots: number;
  /** Its own weight; what counts for urgency follows from it by `weightRule` (`core/queueing/effective-weights.ts`). */
  readonly priorityWeight: number;
  readonly weightRule: WeightRule;
  readonly queue: string;
  readonly maxActiveTisPerDag: number | null;
  readonly maxActiveTisPerDagrun: number | null;
  /** `process`: the attempt gets a runner process of its own. */
  readonly isolation: 'thread' | 'process';
  /** False: the return value is not stored. */
  readonly doXcomPush: boolean;
  /** The return value is an object whose fields are stored under keys of their own as well. */
  readonly multipleOutputs: boolean;
  /** Names of the operator's fields that are rendered as templates before it runs. */
  readonly templateFields: readonly string[];
  /** Template of the name that people see for a copy of a mapped task instead of its map index. */
  readonly mapIndexTemplate: string | null;
  /** What it writes: its success brings events of these assets, and of those that it adds through the aliases. */
  readonly outlets: readonly AssetRef[];
  /** What it reads. */
  readonly inlets: readonly AssetRef[];
  readonly doc: string | null;
  readonly previousIds: readonly string[];
  readonly position: SourcePosition | null;
}

export interface TaskGroupSpec {
  readonly groupId: string;
  readonly parentId: string | null;
  /** A mapped group: one copy of its tasks per element. */
  readonly map: MapSpec | null;
}

/** The params of a DAG: a JSON Schema (made from the author's zod schema) and the defaults that follow from it. */
export interface ParamsSpec {
  readonly jsonSchema: TaggedJson;
  readonly defaults: { readonly [name: string]: TaggedJson };
}

/** A DAG as plain data: what the author's file says, and all that the scheduler ever needs of it. */
export interface DagSpec {
  readonly specVersion: 1;
  readonly dagId: string;
  readonly previousIds: readonly string[];
  readonly description: string | null;
  readonly doc: string | null;
  readonly owner: string;
  readonly tags: readonly string[];
  readonly schedule: ScheduleSpec;
  /** IANA name; cron fields are read in it. */
  readonly timezone: string;
  readonly startDate: Instant | null;
  readonly endDate: Instant | null;
  readonly catchup: Catchup;
  readonly maxActiveRuns: number;
  readonly maxActiveTasks: number;
  readonly dagrunTimeoutMs: number | null;
  /** The first task that fails for good ends all others of its run. */
  readonly failFast: boolean;
  /** So many failed runs in a row pause the DAG; 0: never. */
  readonly maxConsecutiveFailedDagRuns: number;
  readonly isPausedUponCreation: boolean | null;
  /** Ends of runs that the author's code wants to be called for; missing: none. */
  readonly callbacks?: readonly DagCallbackEvent[];
  readonly params: ParamsSpec | null;
  /** In wiring order. */
  readonly tasks: readonly TaskSpec[];
  readonly groups: readonly TaskGroupSpec[];
  /** Entry file relative to the DAGs folder, and the export that holds the DAG. */
  readonly file: string;
  readonly exportName: string;
  readonly position: SourcePosition | null;
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { AirflowLikeError } from '../model/errors.js';
import type { ExternalQuery, ExternalStates } from '../model/external-states.js';
import type { RunType } from '../model/states.js';
import type { InletEvents, OutletEvents, TriggeringAssetEvents } from './asset-context.js';

/** Lines written here appear in the log of the attempt, in order with `console` and stdout. `fields` must be JSON. */
export interface TaskLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Small values that tasks of one run hand to each other besides their return values. */
export interface TaskXCom {
  /** Stores `value` under `key` for this attempt's task instance; a second push of a key replaces the first. */
  push(key: string, value: unknown): Promise<void>;
  /**
   * Reads what another task handed on; undefined when there is nothing. A mapped task gives the list of its copies' values, or the value
   * itself when only one copy has one. Several task ids, or several map indexes, give one list with null (or `default`) for what is missing.
   */
  pull(taskIds: string | readonly string[], options?: PullOptions): Promise<unknown>;
}

/** What a pull of an XCom means. */
export interface PullOptions {
  /** Default `return_value`. */
  readonly key?: string;
  /** Of a mapped task only this copy, or these. */
  readonly mapIndex?: number | readonly number[];
  /** Another run of the same DAG. */
  readonly runId?: string;
  /** Where that run has no value, the newest one of an earlier run counts. Default false. */
  readonly includePriorDates?: boolean;
  /** Stands in for what is missing. */
  readonly default?: unknown;
}

/** A run that ended well. */
export interface SuccessfulRun {
  readonly dataInterval: { readonly start: Date; readonly end: Date } | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

/** What a running task may know and do. `P` is the type of the DAG's params, for example `z.infer<typeof schema>`. */
export interface TaskContext<P = Readonly<Record<string, unknown>>> {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  /** Index among the copies of a mapped task; -1 for a task that is not mapped. */
  readonly mapIndex: number;
  /** The try under way, counted from 1. */
  readonly tryNumber: number;
  /** The last try that will be made. */
  readonly maxTries: number;
  /** Identifies this attempt; every dispatch has its own. */
  readonly token: string;
  /** Start of the data interval as Airflow defines it; null for runs that were triggered without a date. */
  readonly logicalDate: Date | null;
  /** The half-open span `[start, end)` of time that this run covers. */
  readonly dataInterval: { readonly start: Date; readonly end: Date } | null;
  readonly runAfter: Date;
  readonly runType: RunType;
  /** IANA name of the DAG's time zone. */
  readonly timezone: string;
  /** Defaults of the DAG's params overlaid with what the run was triggered with. */
  readonly params: P;
  /** What the run was triggered with. */
  readonly conf: Readonly<Record<string, unknown>>;
  /** Which look of a sensor this is, counted from 1. */
  readonly pokeNumber: number;
  /** Aborted when the attempt has to end: timeout, clear, shutdown. */
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  readonly xcom: TaskXCom;
  /** The events that the task's success will bring. */
  readonly outletEvents: OutletEvents;
  /** The events so far of what the task reads. */
  readonly inletEvents: InletEvents;
  /** The events for which this run was made. */
  readonly triggeringAssetEvents: TriggeringAssetEvents;
  /**
   * Renders a text as a template, with the variables, filters and macros that fields of operators have. Never give it text that came from
   * outside: it says what is done, it is not data.
   * @throws AirflowLikeError TEMPLATE_ERROR (as a rejection)
   */
  render(template: string): Promise<string>;
  /** The last run before this one, by logical date, that ended well; null when there is none, or when this run has no logical date. */
  previousSuccess(): Promise<SuccessfulRun | null>;
  /**
   * How runs of a DAG, another or this one, stand at exact logical dates, for sensors that wait for them; `externalTaskSensor` is one.
   * @throws AirflowLikeError ID_INVALID, DATE_INVALID, VALUE_RANGE (as a rejection)
   */
  externalStates(query: ExternalQuery<Date>): Promise<ExternalStates<Date>>;
}

/** One storage for all copies of this package in the process: a task finds its context whichever copy it imported. */
const STORAGE_KEY = Symbol.for('airflow-like:context');
const shared = globalThis as { [STORAGE_KEY]?: AsyncLocalStorage<TaskContext> };
const storage = (shared[STORAGE_KEY] ??= new AsyncLocalStorage<TaskContext>());

/**
 * The context of the task that is running, also deep inside what the task calls and awaits.
 * @throws AirflowLikeError CONTEXT_MISSING outside a task, for example while a DAG is wired or in a unit test of a plain method.
 */
export function context<P = Readonly<Record<string, unknown>>>(): TaskContext<P> {
  const current = storage.getStore();
  if (current) return current as TaskContext<P>;
  throw new AirflowLikeError('CONTEXT_MISSING', {
    place: 'context()',
    message:
      'no task is running here. Call it inside a task, not while the file is loaded or wired; in a unit test use runWithContext',
  });
}

/** Calls `run` as if inside a task with this context. */
export function runWithContext<R>(current: TaskContext, run: () => R): R {
  return storage.run(current, run);
}

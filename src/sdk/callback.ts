import type { DagCallbackEvent, TaskCallbackEvent } from '../model/callback.js';
import { AirflowLikeError } from '../model/errors.js';
import type { RunType } from '../model/states.js';
import type { OptionCheck } from './check-options.js';

/** What an author wants to be called after: how it is written, what it is told, and what of it the spec holds. */

/** Why a try failed. */
export interface CallbackError {
  /** Stable code, for example `TASK_ERROR`, `TASK_TIMEOUT` or `TASK_CRASHED`. */
  readonly code: string;
  /** Class of what the task threw, or the code. */
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
}

/** What every callback is told. */
interface CallbackContext {
  /**
   * Names what happened. A call that failed, or whose process died, is repeated with the same id, so that whoever is told can recognise it: for
   * example as the idempotency key of a request.
   */
  readonly callbackId: string;
  /** Which call with this id it is, counted from 1. */
  readonly callNumber: number;
  readonly dagId: string;
  readonly runId: string;
  readonly runType: RunType;
  /** Start of the data interval as Airflow defines it; null for runs that were triggered without a date. */
  readonly logicalDate: Date | null;
  /** The half-open span `[start, end)` of time that the run covers. */
  readonly dataInterval: { readonly start: Date; readonly end: Date } | null;
  /** Defaults of the DAG's params overlaid with what the run was triggered with. */
  readonly params: Readonly<Record<string, unknown>>;
  /** What the run was triggered with. */
  readonly conf: Readonly<Record<string, unknown>>;
  /** Why it is in this state, where that is known: an error code, what `SkipTask` said, `task_failure`, `all_tasks_deadlocked`, `timed_out`... */
  readonly reason: string | null;
}

/** What a callback of a task is told. */
export interface TaskCallbackContext extends CallbackContext {
  readonly event: TaskCallbackEvent;
  readonly taskId: string;
  /** Index among the copies of a mapped task; -1 for a task that is not mapped. */
  readonly mapIndex: number;
  /** The try this is about, counted from 1; 0 for a task that failed before its first, because it could not be mapped. */
  readonly tryNumber: number;
  /** The last try that may be made. */
  readonly maxTries: number;
  /** The state that is stored. */
  readonly state: 'running' | 'success' | 'failed' | 'up_for_retry' | 'skipped';
  /** Of a failure or a retry: why the try failed. */
  readonly error: CallbackError | null;
}

/** What a callback of a DAG is told. */
export interface DagCallbackContext extends CallbackContext {
  readonly event: DagCallbackEvent;
  /** The state that is stored. `partial`: it went well but for tasks that are not critical. */
  readonly state: 'success' | 'partial' | 'failed';
}

export type TaskCallback = (context: TaskCallbackContext) => void | Promise<void>;
export type DagCallback = (context: DagCallbackContext) => void | Promise<void>;

/** By option name; null: none. */
export interface TaskCallbacks {
  readonly onExecute: TaskCallback | null;
  readonly onSuccess: TaskCallback | null;
  readonly onFailure: TaskCallback | null;
  readonly onRetry: TaskCallback | null;
  readonly onSkipped: TaskCallback | null;
}

/** By option name; null: none. */
export type DagCallbacks = Readonly<Record<'onSuccess' | 'onFailure', DagCallback | null>>;

const OPTIONS = {
  execute: 'onExecute',
  success: 'onSuccess',
  failure: 'onFailure',
  retry: 'onRetry',
  skipped: 'onSkipped',
} as const;

/** For which of `events` there is a callback, as a spec says it; nothing where there is none. */
export function callbackFlags<Event extends TaskCallbackEvent>(
  callbacks: { readonly [Name in (typeof OPTIONS)[Event]]: unknown },
  events: readonly Event[],
): { readonly callbacks?: readonly Event[] } {
  const wanted = events.filter((event) => callbacks[OPTIONS[event]] !== null);
  return wanted.length === 0 ? {} : { callbacks: wanted };
}

/** The author's function for what a context tells; null: there is none. */
export function callbackFor<Context extends TaskCallbackContext | DagCallbackContext>(
  callbacks: TaskCallbacks | DagCallbacks,
  { event }: Context,
): ((context: Context) => unknown) | null {
  return (callbacks as Readonly<Record<string, ((context: Context) => unknown) | null>>)[OPTIONS[event]] ?? null;
}

const callback =
  <Callback>(): OptionCheck<Callback | null> =>
  (value, place) => {
    if (value === null || typeof value === 'function') return value as Callback | null;
    throw new AirflowLikeError('VALUE_TYPE', {
      place,
      message: 'this cannot be called back',
      value,
      allowed: 'a function (context) => void | Promise<void>, or null',
    });
  };

export const taskCallback = callback<TaskCallback>();
export const dagCallback = callback<DagCallback>();

/** Airflow's names, for people who try them. */
export const CALLBACK_HINTS: Readonly<Record<string, string>> = Object.fromEntries(
  ['onExecute', 'onSuccess', 'onFailure', 'onRetry', 'onSkipped'].flatMap((option) => [
    [`${option}Callback`, option],
    [`${option.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`)}_callback`, option],
  ]),
);

import type { DagRunState, TaskInstanceState } from './states.js';
import type { TaskError } from './task-instance.js';
import type { RunContext } from './workload.js';

/** Events of a task that an author can be called for. `execute` is called by the attempt itself, the others once their state is stored. */
export const TASK_CALLBACK_EVENTS = ['execute', 'success', 'failure', 'retry', 'skipped'] as const;
export type TaskCallbackEvent = (typeof TASK_CALLBACK_EVENTS)[number];
export type CallbackEvent = Exclude<TaskCallbackEvent, 'execute'>;
export type DagCallbackEvent = Extract<CallbackEvent, 'success' | 'failure'>;

/** A call of the author's code that has been decided. It is stored by the very commit that stores the state it tells of. */
export interface CallbackRequest {
  /** Unique over everything: a decision that is repeated is the same call. */
  readonly key: string;
  readonly event: CallbackEvent;
  /** Null: it tells of the run. */
  readonly task: CallbackTask | null;
  /** The state that was stored. */
  readonly state: TaskInstanceState | DagRunState;
  readonly error: TaskError | null;
  readonly reason: string | null;
}

/** The task instance that a callback tells of, at the time of its decision. */
export interface CallbackTask {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
  readonly maxTries: number;
}

/** A callback that has been given to a worker. */
export interface CallbackAssignment {
  /** UUID minted by the claim: only its holder may say what became of the call. */
  readonly lease: string;
  readonly request: CallbackRequest;
  /** Counts the claims of this callback, from 1. */
  readonly callNumber: number;
  /** The version of the run when this was decided. */
  readonly versionId: number;
  readonly run: RunContext;
}

/** A callback that is not done yet. */
export interface StoredCallback {
  readonly dagRunId: number;
  readonly request: CallbackRequest;
  /** How often it has been claimed. */
  readonly calls: number;
  /** When it may be claimed (again); null: it was given up. */
  readonly dueAt: number | null;
  /** Why the last call failed; null when none has. */
  readonly failure: TaskError | null;
}

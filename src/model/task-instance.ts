import type { Instant } from './instant.js';
import type { TaskInstanceState } from './states.js';
import type { TaggedJson } from './tagged-json.js';

/** Natural key of a task instance. `mapIndex` is -1 for a task that is not mapped or not yet expanded. */
export interface TaskInstanceKey {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
}

/** UUID minted at every dispatch; every write of an attempt carries it. */
export type AttemptToken = string;

/** One task in one run at one map index: the whole row. */
export interface TaskInstance {
  readonly id: number;
  /** `DagRun.id` of its run. */
  readonly dagRunId: number;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly state: TaskInstanceState;
  /** The try under way or last made; 0 before the first. Grows when scheduled from none or up_for_retry only. */
  readonly tryNumber: number;
  /** Last try that may be made: retries + 1 at creation, raised by a clear. */
  readonly maxTries: number;
  /** Dispatches of the current try that infrastructure lost; bounded by `MAX_LOST_DISPATCHES`. */
  readonly lostDispatches: number;
  readonly token: AttemptToken | null;
  readonly workerId: string | null;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  readonly queue: string;
  readonly scheduledAt: Instant | null;
  readonly queuedAt: Instant | null;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  /** In up_for_retry and up_for_reschedule: when it may be scheduled again. In deferred and awaiting_input: when it goes on to fail. */
  readonly wakeAt: Instant | null;
  /** First start of the current try of a rescheduling sensor; its timeout counts from here. */
  readonly waitingSince: Instant | null;
  readonly pokeNumber: number;
  /** Of the return value: length of an array or object, -1 for another value, null when none was returned. */
  readonly outputLength: number | null;
  /** Of a branch, a short circuit or a latest-only task that succeeded. */
  readonly decision: FlowDecision | null;
  /** The name of a copy for people (`TaskSpec.mapIndexTemplate`). */
  readonly mapLabel: string | null;
  /** In deferred and awaiting_input, and when it goes on from there: what it waits for and what came of it. */
  readonly deferral: TaggedJson | null;
}

/**
 * What a task decided about those below it. It is durable: a child that is cleared alone is skipped again, until the task that decided
 * runs again.
 */
export type FlowDecision =
  /** The direct children to go on with, and everything below these; other direct children are skipped. */
  { readonly followed: readonly string[] } | { readonly skipped: readonly string[] };

/** Requeues of one try without a retry being used up; the next loss fails the task instance with reason `dispatch_limit`. */
export const MAX_LOST_DISPATCHES = 3;

/** A task instance to be inserted (at run creation or by mapping). */
export type NewTaskInstance = Omit<TaskInstance, 'id'>;

/** One dispatch of a task instance, kept as history. */
export interface Attempt {
  readonly token: AttemptToken;
  readonly taskInstanceId: number;
  readonly tryNumber: number;
  readonly dispatchNumber: number;
  readonly state: TaskInstanceState | 'lost' | 'cleared';
  readonly workerId: string | null;
  readonly createdAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly endReason: string | null;
  readonly error: TaskError | null;
  /** Path of the log below `<home>/logs`, with `/`. */
  readonly logPath: string | null;
  /** The operator's template fields as they were rendered for this attempt. */
  readonly rendered: TaggedJson | null;
}

/** Why an attempt failed, safe to store and print. */
export interface TaskError {
  /** Stable code from `model/errors.ts`, for example `TASK_TIMEOUT` or `TASK_ERROR`. */
  readonly code: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
}

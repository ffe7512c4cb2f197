import type { InlineCallback } from '../executors/inline-callbacks.js';
import type { CallbackEvent } from '../model/callback.js';
import type { DagRunState, TaskInstanceState } from '../model/states.js';
import type { TaskError } from '../model/task-instance.js';

/** A callback that a test run has called. In a test each is called once, also when it fails. */
export interface TestCallback {
  readonly event: CallbackEvent;
  /** Null: of the run. */
  readonly taskId: string | null;
  /** -1 for a task that is not mapped, and for the run. */
  readonly mapIndex: number;
  /** The try it told of; null for the run. */
  readonly tryNumber: number | null;
  /** The state it told of, which was stored before. */
  readonly state: TaskInstanceState | DagRunState;
  readonly reason: string | null;
  /** What it threw; null when it ended well. */
  readonly error: TaskError | null;
}

export function testCallbackOf({ assignment, error }: InlineCallback): TestCallback {
  const { event, task, state, reason } = assignment.request;
  return {
    event,
    taskId: task?.taskId ?? null,
    mapIndex: task?.mapIndex ?? -1,
    tryNumber: task?.tryNumber ?? null,
    state,
    reason,
    error,
  };
}

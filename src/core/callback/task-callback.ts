import type { CallbackEvent, CallbackRequest } from '../../model/callback.js';
import type { TaskSpec } from '../../model/dag-spec.js';
import type { TaskInstanceState } from '../../model/states.js';
import type { AttemptToken, TaskError, TaskInstance } from '../../model/task-instance.js';

/** What happened to a task instance, as its callback tells it. */
export interface TaskEvent {
  readonly event: CallbackEvent;
  readonly state: TaskInstanceState;
  readonly error: TaskError | null;
  readonly reason: string | null;
}

/**
 * The call that an event of a task instance asks for; null where the author wants none.
 * @param instance As the event leaves it, in what a callback shows of it.
 * @param cause The attempt that brought the event or, of an event without an attempt, how often the run was cleared before.
 */
export function taskCallback(
  task: TaskSpec,
  instance: TaskInstance,
  cause: AttemptToken | { readonly clearNumber: number },
  { event, state, error, reason }: TaskEvent,
): CallbackRequest | null {
  if (!task.callbacks?.includes(event)) return null;
  const { dagRunId, taskId, mapIndex, tryNumber, maxTries } = instance;
  const origin = typeof cause === 'string' ? cause : `${dagRunId}/${cause.clearNumber}/${taskId}/${mapIndex}`;
  return { key: `${origin}/${event}`, event, task: { taskId, mapIndex, tryNumber, maxTries }, state, error, reason };
}

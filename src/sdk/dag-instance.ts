import { AirflowLikeError } from '../model/errors.js';
import type { DagCallbackContext, TaskCallbackContext } from './callback.js';
import type { FailedTry, RetryVerdict } from './retry-policy.js';

/** What runs the tasks of one attempt: created for it, used once. */
export interface DagInstance {
  /** The options of a task's operator that are templates, as far as they were given, as the author wrote them. */
  templates(taskId: string): Readonly<Record<string, unknown>>;
  /**
   * Calls the method, function or operator of a task with its arguments in plain values, and returns what it returns.
   * @param rendered What takes the place of `templates`.
   * @throws AirflowLikeError UNKNOWN_NAME when the DAG has no such task; whatever the task throws.
   */
  call(taskId: string, args: readonly unknown[], rendered?: Readonly<Record<string, unknown>>): unknown;
  /** What makes the name of a copy of a mapped task from its inputs; null: a template does, or nothing. */
  mapLabelOf(taskId: string): ((...inputs: readonly unknown[]) => unknown) | null;
  /**
   * Asks the retry policy of a task (`TaskSpec.hasRetryPolicy`) about what a try threw. Without a policy the verdict is `default`.
   * @throws AirflowLikeError (as a rejection) when the policy answers with something else; whatever it throws.
   */
  judge(taskId: string, error: unknown, failed: FailedTry): Promise<RetryVerdict>;
  /**
   * Calls what the author wants to be called after this event of a task or of a run; nothing where that is nothing.
   * @throws AirflowLikeError UNKNOWN_NAME (as a rejection) when the DAG has no such task; whatever the author's function throws.
   */
  callBack(context: TaskCallbackContext | DagCallbackContext): Promise<void>;
}

/** What a task does, given its arguments in plain values. */
export type TaskBody = (...args: readonly unknown[]) => unknown;

/**
 * Lets nothing be written to a DAG object: tasks run in different processes, so a field that one of them sets would be missing in the next.
 * The prototype stays reachable behind a trap, because a Proxy around the object itself would break `#private` members.
 */
export function freezeInstance(instance: object): object {
  const className = instance.constructor.name;
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(instance))) {
    if (!('value' in descriptor)) continue;
    const { value } = descriptor as { value: unknown };
    const refuse = () => refuseWrite(className, name);
    Object.defineProperty(instance, name, { enumerable: true, get: () => value, set: refuse });
  }
  const shield: object = Object.create(Object.getPrototypeOf(instance) as object) as object;
  Object.setPrototypeOf(instance, new Proxy(shield, { set: (_target, name) => refuseWrite(className, String(name)) }));
  return instance;
}

function refuseWrite(className: string, field: string): never {
  throw new AirflowLikeError('INSTANCE_FROZEN', {
    place: `${className}.${field}`,
    message:
      'nothing can be kept in a field: each task runs on its own instance, often in another process. Return the value and wire it, or use ' +
      'a local variable',
  });
}

/** Replaces what tasks do by what a test wants them to return. Inputs, schemas, codec and everything around a task stay as they are. */
import type { DagSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import type { Duration } from '../model/duration.js';
import type { TaskBody } from '../sdk/dag-instance.js';
import { spanMs } from './virtual-clock.js';

const TAKES = Symbol.for('airflow-like:takes');

/** What `takes` returns. */
export interface TimedStub<R> {
  readonly [TAKES]: number;
  readonly value: R;
}

/**
 * A stub that takes time by the run's virtual clock before it returns `value`: for limits such as `executionTimeout` and `dagrunTimeout`.
 * @throws AirflowLikeError DURATION_INVALID
 */
export function takes(span: Duration | number): TimedStub<undefined>;
export function takes<R>(span: Duration | number, value: R): TimedStub<R>;
export function takes(span: Duration | number, value?: unknown): TimedStub<unknown> {
  return { [TAKES]: spanMs(span, 'takes'), value };
}

/**
 * The bodies of stubbed tasks, by task id. A stub is named by the id of one task, or by the member that several tasks call.
 * @param wait Lets the running task wait on the clock.
 * @throws AirflowLikeError UNKNOWN_NAME for a stub that no task has.
 */
export function stubBodies(
  spec: DagSpec,
  stubs: Readonly<Record<string, unknown>>,
  wait: (ms: number) => Promise<void>,
): ReadonlyMap<string, TaskBody> {
  const names = new Set(spec.tasks.flatMap(({ taskId, member }) => [taskId, member]));
  for (const name of Object.keys(stubs)) {
    if (names.has(name)) continue;
    throw new AirflowLikeError('UNKNOWN_NAME', {
      place: `stubs.${name}`,
      message: `DAG "${spec.dagId}" has no such task`,
      allowed: [...names].join(', '),
      suggestion: nearestName(name, names),
    });
  }
  const bodies = new Map<string, TaskBody>();
  for (const { taskId, member } of spec.tasks) {
    const name = Object.hasOwn(stubs, taskId) ? taskId : member;
    if (Object.hasOwn(stubs, name)) bodies.set(taskId, bodyOf(stubs[name], wait));
  }
  return bodies;
}

function bodyOf(stub: unknown, wait: (ms: number) => Promise<void>): TaskBody {
  if (typeof stub === 'function') return stub as TaskBody;
  if (!isTimed(stub)) return () => stub;
  return async () => {
    await wait(stub[TAKES]);
    return stub.value;
  };
}

function isTimed(stub: unknown): stub is TimedStub<unknown> {
  return typeof stub === 'object' && stub !== null && TAKES in stub;
}

/** Hand-made `RunCommit`s: the suite of the store must not depend on what core decides. */
import { randomUUID } from 'node:crypto';
import type { Actor, RunCommit, TaskInstanceChange } from '../../src/model/commit.js';
import type { DagRun } from '../../src/model/dag-run.js';
import type { Instant } from '../../src/model/instant.js';
import type { DagRunState, TaskInstanceState } from '../../src/model/states.js';
import type { TaggedJson } from '../../src/model/tagged-json.js';
import type { TaskInstance } from '../../src/model/task-instance.js';

export const SCHEDULER: Actor = { kind: 'scheduler', id: 'test-scheduler' };

export function runCommit(run: DagRun, patch: Partial<RunCommit> = {}): RunCommit {
  return {
    dagRunId: run.id,
    dagId: run.dagId,
    expectedRevision: run.revision,
    run: null,
    planAt: undefined,
    changes: [],
    insertions: [],
    wakeNextRun: false,
    actor: SCHEDULER,
    ...patch,
  };
}

export function change(
  instance: TaskInstance,
  path: readonly TaskInstanceState[],
  patch: Partial<TaskInstance> = {},
): TaskInstanceChange {
  return {
    taskInstanceId: instance.id,
    from: instance.state,
    expectedToken: instance.token,
    path,
    next: { ...instance, state: path.at(-1) ?? instance.state, ...patch },
    endAttempt: null,
    openAttempt: null,
    clearXComs: false,
    xcoms: [],
    reason: null,
  };
}

/** none (or up_for_retry) to queued under a new token. */
export function dispatch(instance: TaskInstance, now: Instant, patch: Partial<TaskInstance> = {}): TaskInstanceChange {
  const next = { token: randomUUID(), tryNumber: instance.tryNumber + 1, scheduledAt: now, queuedAt: now, ...patch };
  return {
    ...change(instance, ['scheduled', 'queued'], next),
    openAttempt: { dispatchNumber: 1, createdAt: now, startedAt: null, workerId: null },
    clearXComs: instance.tryNumber > 0,
  };
}

/** none to running on a worker of this process. */
export function start(
  instance: TaskInstance,
  workerId: string,
  now: Instant,
  patch: Partial<TaskInstance> = {},
): TaskInstanceChange {
  const next = {
    token: randomUUID(),
    workerId,
    tryNumber: instance.tryNumber + 1,
    scheduledAt: now,
    queuedAt: now,
    startedAt: now,
    ...patch,
  };
  return {
    ...change(instance, ['scheduled', 'queued', 'running'], next),
    openAttempt: { dispatchNumber: 1, createdAt: now, startedAt: now, workerId },
    clearXComs: instance.tryNumber > 0,
  };
}

/** running to success with a return value. */
export function succeed(instance: TaskInstance, now: Instant, value: TaggedJson = null): TaskInstanceChange {
  return {
    ...change(instance, ['success'], { endedAt: now, outputLength: -1 }),
    endAttempt: { state: 'success', endedAt: now, reason: null, error: null },
    xcoms: [{ key: 'return_value', value }],
  };
}

/** running to up_for_retry. */
export function failForRetry(instance: TaskInstance, now: Instant): TaskInstanceChange {
  return {
    ...change(instance, ['up_for_retry'], { endedAt: now, wakeAt: now + 1_000 }),
    endAttempt: {
      state: 'failed',
      endedAt: now,
      reason: 'threw',
      error: { code: 'TASK_ERROR', name: 'Error', message: 'a "bad"\\ thing\nhappened', stack: null },
    },
    reason: 'threw',
  };
}

export function endRun(run: DagRun, state: DagRunState, now: Instant): RunCommit {
  return runCommit(run, {
    run: {
      from: run.state,
      path: [state],
      queuedAt: run.queuedAt,
      startedAt: run.startedAt,
      endedAt: now,
      clearNumber: run.clearNumber,
      versionId: run.versionId,
      reason: null,
    },
    planAt: null,
  });
}

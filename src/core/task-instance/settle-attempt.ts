/**
 * Turns the outcome of an attempt into one transition of its task instance. One decision (`decideSettlement`) serves both callers: the scheduler,
 * which holds the run's view and plans on, and a worker that has only the row.
 */
import type { AssetActivity } from '../../model/asset.js';
import type { CallbackEvent, CallbackRequest } from '../../model/callback.js';
import type { AttemptEnd, TaskInstanceChange, XComWrite } from '../../model/commit.js';
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import type { Outcome } from '../../model/outcome.js';
import type { TaskInstanceState } from '../../model/states.js';
import { MAX_LOST_DISPATCHES, type TaskError, type TaskInstance } from '../../model/task-instance.js';
import { assetActivityOf } from '../asset/activity.js';
import { taskCallback } from '../callback/task-callback.js';
import { destinationOf } from '../transition.js';
import { stopForFailure } from '../dag-run/fail-fast.js';
import type { RunView } from '../dag-run/run-view.js';
import { applyDecision } from './apply-decision.js';
import { retryDelayMs, type RetryIdentity } from './retry-delay.js';
import { TASK_INSTANCE_TRANSITIONS, type TaskInstanceTransition } from './transitions.js';

interface Settlement {
  readonly transition: TaskInstanceTransition;
  readonly patch: Partial<TaskInstance>;
  readonly endAttempt: AttemptEnd;
  readonly xcoms: readonly XComWrite[];
  readonly assets?: AssetActivity;
  readonly reason: string | null;
}

/** What the author is called back about. A skip counts because it is the task's own: those that rules and decisions bring are not settled. */
const EVENTS: Readonly<Partial<Record<TaskInstanceTransition, CallbackEvent>>> = {
  succeed: 'success',
  fail: 'failure',
  retry: 'retry',
  skip: 'skipped',
};

/**
 * Settles an attempt inside a view. The caller has checked that the instance still has the attempt's token.
 * @param endedAt When the attempt ended; a retry's delay counts from it.
 * @param now When this is decided; a requeued instance is scheduled from it.
 */
export function settleAttempt(view: RunView, taskInstanceId: number, outcome: Outcome, endedAt: Instant, now: Instant): void {
  const found = view.instance(taskInstanceId);
  // A worker elsewhere may have started it since the view was loaded: the commit will be stale then, but planning goes on.
  const startsFirst = found.state === 'queued' && outcome.kind !== 'lost';
  const instance = startsFirst ? view.transition(taskInstanceId, 'start') : found;
  const settlement = decideSettlement(instance, view.task(instance.taskId), view.run, outcome, endedAt, now);
  const { transition, patch, ...effects } = settlement;
  const callback = callbackOf(settlement, instance, view.task(instance.taskId));
  const settled = view.transition(taskInstanceId, transition, patch, { ...effects, callback });
  if (transition === 'succeed') applyDecision(view, settled, now);
  else stopForFailure(view, settled, now);
}

/**
 * Whether settling `outcome` may change other task instances of the run as well, so that it takes the run's view: what a task decided about
 * those below it, and a failure where the first one ends the run.
 */
export function needsView({ failFast }: DagSpec, outcome: Outcome): boolean {
  if (outcome.kind === 'success') return outcome.decision !== undefined;
  return failFast && (outcome.kind === 'failed' || outcome.kind === 'lost');
}

/** Settles an attempt without a view: the guarded change of the one row, from the state and token that `instance` has. */
export function settleChange(
  instance: TaskInstance,
  task: TaskSpec,
  run: RetryIdentity,
  outcome: Outcome,
  endedAt: Instant,
  now: Instant = endedAt,
): TaskInstanceChange {
  const settlement = decideSettlement(instance, task, run, outcome, endedAt, now);
  const { transition, patch, endAttempt, xcoms, assets, reason } = settlement;
  const callback = callbackOf(settlement, instance, task);
  const state = destinationOf(
    `task instance ${instance.id}`,
    transition,
    TASK_INSTANCE_TRANSITIONS[transition],
    instance.state,
    undefined,
  );
  return {
    taskInstanceId: instance.id,
    from: instance.state,
    expectedToken: instance.token,
    path: [state],
    next: { ...instance, ...patch, state },
    endAttempt,
    openAttempt: null,
    clearXComs: false,
    xcoms,
    ...(assets && { assets }),
    ...(callback && { callback }),
    reason,
  };
}

function callbackOf(
  { transition, endAttempt, reason }: Settlement,
  instance: TaskInstance,
  task: TaskSpec,
): CallbackRequest | null {
  const event = EVENTS[transition];
  if (event === undefined || instance.token === null) return null;
  const state = endAttempt.state as TaskInstanceState;
  return taskCallback(task, instance, instance.token, { event, state, error: endAttempt.error, reason });
}

function decideSettlement(
  instance: TaskInstance,
  task: TaskSpec,
  run: RetryIdentity,
  outcome: Outcome,
  endedAt: Instant,
  now: Instant,
): Settlement {
  switch (outcome.kind) {
    case 'success': {
      const assets = assetActivityOf(task, outcome.outlets);
      return {
        transition: 'succeed',
        patch: {
          token: null,
          endedAt,
          outputLength: outcome.output?.length ?? null,
          decision: outcome.decision ?? null,
          mapLabel: outcome.mapLabel ?? null,
          deferral: null,
        },
        endAttempt: end('success', endedAt, null, null),
        xcoms: [...(outcome.output ? [{ key: 'return_value', value: outcome.output.value }] : []), ...(outcome.fields ?? [])],
        ...(assets && { assets }),
        reason: null,
      };
    }
    case 'failed':
      return settleFailure(instance, task, run, outcome, endedAt);
    case 'skipped':
      return {
        transition: 'skip',
        patch: { token: null, endedAt, deferral: null },
        endAttempt: end('skipped', endedAt, outcome.message, null),
        xcoms: [],
        reason: outcome.message,
      };
    case 'reschedule':
      return {
        transition: 'reschedule',
        patch: { token: null, endedAt, wakeAt: outcome.at, pokeNumber: instance.pokeNumber + 1, deferral: null },
        endAttempt: end('up_for_reschedule', endedAt, null, null),
        xcoms: [],
        reason: null,
      };
    case 'defer':
    case 'ask':
      return {
        transition: outcome.kind,
        patch: { token: null, workerId: null, endedAt, wakeAt: outcome.timeoutAt, deferral: outcome.deferral },
        endAttempt: end(outcome.kind === 'defer' ? 'deferred' : 'awaiting_input', endedAt, null, null),
        xcoms: [],
        reason: null,
      };
    case 'lost':
      return settleLoss(instance, outcome.reason, endedAt, now);
  }
}

function settleFailure(
  instance: TaskInstance,
  task: TaskSpec,
  run: RetryIdentity,
  { error, retryable, retryDelayMs: chosenDelayMs, mapLabel }: Extract<Outcome, { kind: 'failed' }>,
  endedAt: Instant,
): Settlement {
  const retries = retryable && instance.tryNumber < instance.maxTries;
  const state = retries ? 'up_for_retry' : 'failed';
  return {
    transition: retries ? 'retry' : 'fail',
    patch: {
      token: null,
      endedAt,
      deferral: null,
      wakeAt: retries ? endedAt + (chosenDelayMs ?? retryDelayMs(task, run, instance.tryNumber)) : null,
      mapLabel: mapLabel ?? instance.mapLabel,
    },
    endAttempt: end(state, endedAt, error.code, error),
    xcoms: [],
    reason: error.code,
  };
}

function settleLoss(instance: TaskInstance, reason: string, endedAt: Instant, now: Instant): Settlement {
  if (instance.lostDispatches < MAX_LOST_DISPATCHES) {
    return {
      transition: 'requeue',
      patch: {
        token: null,
        workerId: null,
        lostDispatches: instance.lostDispatches + 1,
        scheduledAt: now,
        queuedAt: null,
        startedAt: null,
      },
      endAttempt: end('lost', endedAt, reason, null),
      xcoms: [],
      reason,
    };
  }
  const error: TaskError = {
    code: 'DISPATCH_LIMIT',
    name: 'DispatchLimit',
    message: `DISPATCH_LIMIT: the infrastructure lost this try ${instance.lostDispatches + 1} times (last: ${reason})`,
    stack: null,
  };
  return {
    transition: 'fail',
    patch: { token: null, endedAt, deferral: null },
    endAttempt: end('failed', endedAt, 'dispatch_limit', error),
    xcoms: [],
    reason: 'dispatch_limit',
  };
}

function end(state: AttemptEnd['state'], endedAt: Instant, reason: string | null, error: TaskError | null): AttemptEnd {
  return { state, endedAt, reason, error };
}

/** What the end of an attempt writes into its row, its attempt and its history. */
import { describe, expect, it } from '@jest/globals';
import { queueInstance, startInstance } from '../../../src/core/queueing/dispatch.js';
import { needsView, settleAttempt, settleChange } from '../../../src/core/task-instance/settle-attempt.js';
import type { TaskInstanceChange } from '../../../src/model/commit.js';
import type { TaskSpec } from '../../../src/model/dag-spec.js';
import type { Outcome } from '../../../src/model/outcome.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { dagSpec, SCHEDULER, statesOf, taskSpec, viewOf } from './factories.js';

const ERROR = { code: 'TASK_ERROR', name: 'Error', message: 'no', stack: null };
const FAILED: Outcome = { kind: 'failed', error: ERROR, retryable: true };
const SUCCESS: Outcome = { kind: 'success', output: null };
const LOST: Outcome = { kind: 'lost', reason: 'lease_expired' };
const ENDED_AT = 20;
const NOW = 25;

/** The change of an attempt that goes on after a deferral, settled with a view and without one. */
function settle(outcome: Outcome, before: Partial<TaskInstance> = {}, options: Partial<TaskSpec> = {}): TaskInstanceChange {
  const running = {
    state: 'running',
    token: 't',
    tryNumber: 2,
    maxTries: 3,
    scheduledAt: 8,
    queuedAt: 9,
    startedAt: 10,
    workerId: 'w',
    pokeNumber: 4,
    deferral: { waited: 1 },
    ...before,
  } as const;
  const task = taskSpec('a', options);
  const view = viewOf([task], { a: running });
  const change = settleChange(view.instance(1), task, view.run, outcome, ENDED_AT, NOW);
  settleAttempt(view, 1, outcome, ENDED_AT, NOW);
  expect(view.drain(SCHEDULER, undefined)?.changes).toEqual([change]);
  return change;
}

const ended = (state: string, reason: string | null = null, error: unknown = null) => ({ state, endedAt: ENDED_AT, reason, error });

describe('a task that succeeded', () => {
  it('has its value, with its length, and what it waited for is over', () => {
    const change = settle({ kind: 'success', output: { value: [1, 2], length: 2 } });
    expect(change).toMatchObject({ path: ['success'], endAttempt: ended('success'), reason: null, clearXComs: false });
    expect(change.openAttempt).toBeNull();
    expect(change.next).toMatchObject({ token: null, workerId: 'w', startedAt: 10, endedAt: ENDED_AT, outputLength: 2 });
    expect(change.next).toMatchObject({ deferral: null, decision: null, mapLabel: null, tryNumber: 2 });
    expect(change.xcoms).toEqual([{ key: 'return_value', value: [1, 2] }]);
  });

  it('has the fields of its value after the whole', () => {
    const fields = [{ key: 'a', value: 1 }];
    expect(settle({ kind: 'success', output: { value: { a: 1 }, length: 1 }, fields }).xcoms).toEqual([
      { key: 'return_value', value: { a: 1 } },
      { key: 'a', value: 1 },
    ]);
    expect(settle(SUCCESS)).toMatchObject({ xcoms: [], next: { outputLength: null } });
  });

  it('has a value of which no copies can be made', () => {
    expect(settle({ kind: 'success', output: { value: 0, length: -1 } })).toMatchObject({
      xcoms: [{ key: 'return_value', value: 0 }],
      next: { outputLength: -1 },
    });
  });

  it('has what it decided, and the name of its copy', () => {
    const decision = { followed: [] };
    expect(settle({ ...SUCCESS, decision, mapLabel: 'paris' } as Outcome).next).toMatchObject({ decision, mapLabel: 'paris' });
  });
});

describe('a task that failed', () => {
  it('waits for its next try from when it ended, whenever that is noticed', () => {
    const change = settle(FAILED, { endedAt: null }, { retryDelayMs: 1_000 });
    expect(change).toMatchObject({ path: ['up_for_retry'], reason: 'TASK_ERROR', xcoms: [] });
    expect(change.endAttempt).toEqual(ended('up_for_retry', 'TASK_ERROR', ERROR));
    expect(change.next).toMatchObject({ token: null, endedAt: ENDED_AT, wakeAt: ENDED_AT + 1_000, deferral: null, tryNumber: 2 });
  });

  it.each<[string, Partial<TaskInstance>, Partial<Outcome>, 'up_for_retry' | 'failed']>([
    ['the try before the last', { tryNumber: 2, maxTries: 3 }, {}, 'up_for_retry'],
    ['the last try', { tryNumber: 3, maxTries: 3 }, {}, 'failed'],
    ['a try beyond the last', { tryNumber: 4, maxTries: 3 }, {}, 'failed'],
    ['a failure that forbids retries', {}, { retryable: false }, 'failed'],
  ])('after %s', (_case, before, changes, state) => {
    const change = settle({ ...FAILED, ...changes } as Outcome, before);
    expect(change).toMatchObject({ path: [state], endAttempt: ended(state, 'TASK_ERROR', ERROR), reason: 'TASK_ERROR' });
    expect(change.next.wakeAt).toBe(state === 'failed' ? null : ENDED_AT + 300_000);
    expect(change.next.deferral).toBeNull();
  });

  it('waits as long as its retry policy says, also not at all', () => {
    const wakeAt = (retryDelayMs: number) => settle({ ...FAILED, retryDelayMs } as Outcome).next.wakeAt;
    expect([wakeAt(7), wakeAt(0)]).toEqual([ENDED_AT + 7, ENDED_AT]);
  });

  it('waits longer after each try where its delay grows', () => {
    const options = { retryDelayMs: 60_000, retryExponentialBackoff: 2, maxRetryDelayMs: 90_000 };
    const delay = (tryNumber: number) => settle(FAILED, { tryNumber, maxTries: 9 }, options).next.wakeAt! - ENDED_AT;
    expect(delay(1)).toBeGreaterThanOrEqual(60_000);
    expect(delay(1)).toBeLessThanOrEqual(90_000);
    // The second try would wait two minutes at least.
    expect(delay(2)).toBe(90_000);
  });

  it('keeps the name of its copy unless it has another one', () => {
    expect(settle(FAILED, { mapLabel: 'before' }).next.mapLabel).toBe('before');
    expect(settle({ ...FAILED, mapLabel: 'after' } as Outcome, { mapLabel: 'before' }).next.mapLabel).toBe('after');
  });
});

describe('a task that ended otherwise', () => {
  it('is skipped for the reason that it gave', () => {
    const change = settle({ kind: 'skipped', message: 'no data' });
    expect(change).toMatchObject({ path: ['skipped'], endAttempt: ended('skipped', 'no data'), reason: 'no data', xcoms: [] });
    expect(change.next).toMatchObject({ token: null, endedAt: ENDED_AT, deferral: null });
    expect(settle({ kind: 'skipped', message: null })).toMatchObject({ endAttempt: ended('skipped'), reason: null });
  });

  it('is looked at again when it said, in the same try', () => {
    const change = settle({ kind: 'reschedule', at: 99 });
    expect(change).toMatchObject({ path: ['up_for_reschedule'], endAttempt: ended('up_for_reschedule'), reason: null, xcoms: [] });
    expect(change.next).toMatchObject({ token: null, endedAt: ENDED_AT, wakeAt: 99, pokeNumber: 5, tryNumber: 2, deferral: null });
  });

  it.each([
    ['defer', 'deferred'],
    ['ask', 'awaiting_input'],
  ] as const)('waits without a worker after: %s', (kind, state) => {
    const change = settle({ kind, deferral: { trigger: 'x' }, timeoutAt: 99 });
    expect(change).toMatchObject({ path: [state], endAttempt: ended(state), reason: null, xcoms: [] });
    expect(change.next).toMatchObject({ token: null, workerId: null, endedAt: ENDED_AT, wakeAt: 99, deferral: { trigger: 'x' } });
    expect(settle({ kind, deferral: null, timeoutAt: null }).next).toMatchObject({ wakeAt: null, deferral: null });
  });
});

describe('a task whose attempt was lost', () => {
  it('is scheduled again in the same try, to go on with what it waited for', () => {
    const change = settle(LOST, { lostDispatches: 2 });
    expect(change).toMatchObject({
      path: ['scheduled'],
      endAttempt: ended('lost', 'lease_expired'),
      reason: 'lease_expired',
      xcoms: [],
    });
    expect(change.next).toMatchObject({ token: null, workerId: null, queuedAt: null, startedAt: null, scheduledAt: NOW });
    expect(change.next).toMatchObject({ lostDispatches: 3, tryNumber: 2, pokeNumber: 4, deferral: { waited: 1 } });
  });

  it('fails for good when it was lost once too often, whatever retries are left', () => {
    const change = settle(LOST, { lostDispatches: 3 });
    const error = {
      code: 'DISPATCH_LIMIT',
      name: 'DispatchLimit',
      message: 'DISPATCH_LIMIT: the infrastructure lost this try 4 times (last: lease_expired)',
      stack: null,
    };
    expect(change).toMatchObject({ path: ['failed'], reason: 'dispatch_limit', xcoms: [] });
    expect(change.endAttempt).toEqual(ended('failed', 'dispatch_limit', error));
    expect(change.next).toMatchObject({ token: null, endedAt: ENDED_AT, wakeAt: null, deferral: null });
  });
});

describe('settling', () => {
  it('without a view guards the row as it was read, and counts as decided when it ended', () => {
    const task = taskSpec('a');
    const view = viewOf([task], { a: { state: 'running', token: 't', tryNumber: 1 } });
    expect(settleChange(view.instance(1), task, view.run, LOST, ENDED_AT)).toMatchObject({
      taskInstanceId: 1,
      from: 'running',
      expectedToken: 't',
      path: ['scheduled'],
      next: { id: 1, taskId: 'a', state: 'scheduled', scheduledAt: ENDED_AT },
    });
    expect(() => settleChange({ ...view.instance(1), state: 'success' }, task, view.run, SUCCESS, ENDED_AT)).toThrow(
      'task instance 1: the transition "succeed" is not allowed in state "success"',
    );
  });

  it('says nothing of a loss when the task succeeds after it', () => {
    const view = viewOf([taskSpec('a')], { a: { state: 'running', token: 't', tryNumber: 1 } });
    settleAttempt(view, 1, LOST, ENDED_AT, NOW);
    queueInstance(view, 1, 'next', NOW);
    startInstance(view, 1, 'w', NOW);
    settleAttempt(view, 1, SUCCESS, NOW, NOW);
    expect(view.drain(SCHEDULER, undefined)?.changes).toMatchObject([
      { path: ['scheduled', 'queued', 'running', 'success'], reason: null },
    ]);
  });

  it('stops the rest of a run that fails fast, and only after a failure for good', () => {
    const states = (outcome: Outcome, maxTries: number, failFast: boolean) => {
      const running = { state: 'running', token: 't', tryNumber: 1, maxTries } as const;
      const view = viewOf([taskSpec('a'), taskSpec('b')], { a: running, b: running }, { spec: { failFast } });
      settleAttempt(view, 1, outcome, ENDED_AT, NOW);
      return statesOf(view);
    };
    expect(states(FAILED, 1, true)).toEqual({ a: 'failed', b: 'failed' });
    expect(states(FAILED, 1, false)).toEqual({ a: 'failed', b: 'running' });
    expect(states(FAILED, 2, true)).toEqual({ a: 'up_for_retry', b: 'running' });
    expect(states(SUCCESS, 1, true)).toEqual({ a: 'success', b: 'running' });
  });

  it('leaves out what an earlier success decided, unless it succeeds again', () => {
    const tasks = [taskSpec('a', { decides: { kind: 'branch' } }), taskSpec('b', { upstream: ['a'] })];
    const before = { state: 'running', token: 't', tryNumber: 2, maxTries: 3, decision: { followed: [] } } as const;
    const view = viewOf(tasks, { a: before });
    settleAttempt(view, 1, FAILED, ENDED_AT, NOW);
    expect(statesOf(view)).toEqual({ a: 'up_for_retry', b: 'none' });
  });
});

describe('the whole run is needed to settle', () => {
  const decided = { ...SUCCESS, decision: { followed: [] } } as Outcome;
  const others: readonly Outcome[] = [SUCCESS, { kind: 'skipped', message: null }, { kind: 'reschedule', at: 1 }];

  it.each([true, false])('what decides about others, whether the DAG fails fast (%s) or not', (failFast) => {
    expect(needsView(dagSpec([], { failFast }), decided)).toBe(true);
    expect(others.map((outcome) => needsView(dagSpec([], { failFast }), outcome))).toEqual([false, false, false]);
  });

  it('failures and losses only where the DAG fails fast', () => {
    for (const outcome of [FAILED, LOST]) {
      expect(needsView(dagSpec([], { failFast: true }), outcome)).toBe(true);
      expect(needsView(dagSpec([], { failFast: false }), outcome)).toBe(false);
    }
  });
});

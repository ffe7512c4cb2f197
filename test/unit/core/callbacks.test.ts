/** Which callbacks are decided, with which commit, and under which names. */
import { describe, expect, it } from '@jest/globals';
import { MAX_CALLBACK_CALLS, nextCallAt } from '../../../src/core/callback/next-call.js';
import { writesCallbacks } from '../../../src/core/callback/writes-callbacks.js';
import { markRun } from '../../../src/core/dag-run/mark-run.js';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import type { RunView } from '../../../src/core/dag-run/run-view.js';
import { markInstances } from '../../../src/core/task-instance/mark.js';
import { settleAttempt, settleChange } from '../../../src/core/task-instance/settle-attempt.js';
import { TASK_CALLBACK_EVENTS, type CallbackRequest } from '../../../src/model/callback.js';
import type { RunCommit } from '../../../src/model/commit.js';
import type { TaskSpec } from '../../../src/model/dag-spec.js';
import type { Outcome } from '../../../src/model/outcome.js';
import { MAX_LOST_DISPATCHES, type TaskInstance } from '../../../src/model/task-instance.js';
import { dagRun, SCHEDULER, taskInstance, taskSpec, USER, viewOf } from './factories.js';

const ERROR = { code: 'TASK_ERROR', name: 'Error', message: 'boom', stack: null };
const FAILED: Outcome = { kind: 'failed', error: ERROR, retryable: true };
const SUCCESS: Outcome = { kind: 'success', output: null };
const LOST: Outcome = { kind: 'lost', reason: 'lease_expired' };
const SPENT = { lostDispatches: MAX_LOST_DISPATCHES };

const all = { callbacks: TASK_CALLBACK_EVENTS } as const;
const calledTask = (taskId: string, patch: Partial<TaskSpec> = {}) => taskSpec(taskId, { ...all, ...patch });
const spec = { callbacks: ['success', 'failure'] } as const;
const running = (taskId: string, patch: Partial<TaskInstance> = {}): Partial<TaskInstance> => ({
  state: 'running',
  token: `token-${taskId}`,
  tryNumber: 1,
  ...patch,
});

function requestsOf(commit: RunCommit | null): readonly CallbackRequest[] {
  if (!commit) return [];
  const { run, changes, insertions } = commit;
  return [...changes, ...insertions, ...(run ? [run] : [])].flatMap(({ callback }) => callback ?? []);
}

const drained = (view: RunView, actor = SCHEDULER): readonly CallbackRequest[] => requestsOf(view.drain(actor, undefined));

/** Event, task and state of each. */
const told = (requests: readonly CallbackRequest[]): readonly string[] =>
  requests.map(({ event, task, state }) => `${event} ${task?.taskId ?? 'run'} ${state}`);

describe('the callback of a task', () => {
  it.each<[string, Outcome, Partial<TaskSpec>, Partial<TaskInstance>, Partial<CallbackRequest> | null]>([
    ['success', SUCCESS, {}, {}, { event: 'success', state: 'success', error: null, reason: null }],
    ['a failure', FAILED, {}, {}, { event: 'failure', state: 'failed', error: ERROR, reason: 'TASK_ERROR' }],
    ['a failure with a try left', FAILED, { retries: 1 }, {}, { event: 'retry', state: 'up_for_retry', error: ERROR }],
    [
      'a skip of its own',
      { kind: 'skipped', message: 'no data' },
      {},
      {},
      { event: 'skipped', state: 'skipped', reason: 'no data' },
    ],
    ['a lost attempt that is made again', LOST, {}, {}, null],
    ['too many lost attempts', LOST, {}, SPENT, { event: 'failure', state: 'failed', reason: 'dispatch_limit' }],
    ['a reschedule', { kind: 'reschedule', at: 5 }, {}, {}, null],
    ['a deferral', { kind: 'defer', deferral: {}, timeoutAt: null }, {}, {}, null],
  ])('is decided with the state, by who has the view and by who has the row alone: %s', (_what, outcome, task, row, expected) => {
    const own = calledTask('a', task);
    const view = viewOf([own], { a: running('a', row) });
    settleAttempt(view, 1, outcome, 10, 10);
    const byView = drained(view);
    const instance = taskInstance(1, 'a', { maxTries: own.retries + 1, ...running('a', row) });
    const { callback } = settleChange(instance, own, dagRun(), outcome, 10);
    expect(byView).toEqual(expected === null ? [] : [expect.objectContaining(expected)]);
    expect(byView).toEqual(callback ? [callback] : []);
    if (callback)
      expect(callback).toMatchObject({ key: `token-a/${callback.event}`, task: { taskId: 'a', mapIndex: -1, tryNumber: 1 } });
  });

  it('pitfall 54: is decided for attempts that never reached their code: stuck in the queue, or with a worker that is gone', () => {
    const view = viewOf([calledTask('a'), calledTask('b')], {
      a: running('a', { ...SPENT, state: 'queued' }),
      b: running('b', SPENT),
    });
    settleAttempt(view, 1, { kind: 'lost', reason: 'stuck_in_queue' }, 10, 10);
    settleAttempt(view, 2, LOST, 10, 10);
    const requests = drained(view);
    expect(told(requests)).toEqual(['failure a failed', 'failure b failed']);
    expect(requests[0]?.error).toMatchObject({ code: 'DISPATCH_LIMIT', message: expect.stringContaining('stuck_in_queue') });
  });

  it('pitfall 52: tells of the final failure only once no try is left', () => {
    const task = calledTask('a', { retries: 1, retryDelayMs: 0 });
    const seen: string[] = [];
    for (const tryNumber of [1, 2]) {
      const view = viewOf([task], { a: running('a', { tryNumber, token: `t${tryNumber}` }) });
      settleAttempt(view, 1, FAILED, 10, 10);
      planRun(view, 10);
      const [request] = drained(view);
      seen.push(`${request?.key} ${request?.task?.tryNumber} of ${request?.task?.maxTries}`);
    }
    expect(seen).toEqual(['t1/retry 1 of 2', 't2/failure 2 of 2']);
  });

  it('pitfall 53: is not decided for what rules, branches and failures elsewhere did to a task', () => {
    const tasks = [
      calledTask('branch', { decides: { kind: 'branch' } }),
      calledTask('left', { upstream: ['branch'] }),
      calledTask('right', { upstream: ['branch'] }),
      calledTask('after', { upstream: ['right'] }),
      calledTask('bad'),
      calledTask('below', { upstream: ['bad'] }),
    ];
    const view = viewOf(tasks, { branch: running('branch'), bad: running('bad') });
    settleAttempt(view, 1, { ...SUCCESS, decision: { followed: ['left'] } }, 10, 10);
    settleAttempt(view, 5, FAILED, 10, 10);
    planRun(view, 10);
    expect(view.instance(3).state).toBe('skipped');
    expect(view.instance(4).state).toBe('skipped');
    expect(view.instance(6).state).toBe('upstream_failed');
    expect(told(drained(view))).toEqual(['success branch success', 'failure bad failed']);
  });

  it('is not decided for tasks that fail-fast stops, nor for those that a timeout of the run abandons', () => {
    const stopped = viewOf(
      [calledTask('bad'), calledTask('other')],
      { bad: running('bad'), other: running('other') },
      {
        spec: { failFast: true },
      },
    );
    settleAttempt(stopped, 1, FAILED, 10, 10);
    expect(stopped.instance(2).state).toBe('failed');
    expect(told(drained(stopped))).toEqual(['failure bad failed']);
    const late = viewOf([calledTask('a')], { a: running('a') }, { spec: { ...spec, dagrunTimeoutMs: 50 }, run: { startedAt: 0 } });
    planRun(late, 100);
    expect(told(drained(late))).toEqual(['failure run failed']);
  });

  it('is not decided for what people mark', () => {
    const view = viewOf([calledTask('a'), calledTask('b')], { a: running('a'), b: { state: 'failed' } }, { spec });
    markInstances(view, [1], 'failed', 10);
    markInstances(view, [2], 'success', 10);
    expect(drained(view, USER)).toEqual([]);
    const run = viewOf([calledTask('a')], { a: running('a') }, { spec });
    markRun(run, 'failed', 10);
    expect(run.run.state).toBe('failed');
    expect(drained(run, USER)).toEqual([]);
  });

  it('is decided for a task without an attempt: one that has nothing to execute, and one that cannot be mapped', () => {
    const instant = viewOf([calledTask('a', { isInstant: true })], {}, { run: { id: 7, clearNumber: 2 } });
    planRun(instant, 10);
    const [success] = drained(instant);
    expect(success).toMatchObject({ key: '1/2/a/-1/success', event: 'success', state: 'success', task: { tryNumber: 1 } });

    const list = { kind: 'value', value: [1, 2, 3] } as const;
    const mapped = calledTask('m', { map: { kind: 'each', sources: [list] }, inputs: [{ kind: 'element', source: 0 }] });
    const view = viewOf([mapped]);
    planRun(view, 10, { maxMapLength: 2 });
    const [failure] = drained(view);
    expect(failure).toMatchObject({ event: 'failure', task: { taskId: 'm', tryNumber: 0 }, error: { code: 'EXPAND_TOO_LARGE' } });
  });

  it('is decided with the insertion of a copy that ends in the pass that makes it', () => {
    const list = { kind: 'value', value: [1, 2] } as const;
    const view = viewOf([calledTask('m', { isInstant: true, map: { kind: 'each', sources: [list] } })]);
    planRun(view, 10);
    const commit = view.drain(SCHEDULER, undefined) as RunCommit;
    expect(commit.insertions.map(({ callback }) => callback?.task?.mapIndex)).toEqual([1]);
    expect(new Set(requestsOf(commit).map(({ key }) => key)).size).toBe(2);
    expect(writesCallbacks([{ ...commit, changes: [], run: null }])).toBe(true);
  });

  it('is not decided where the author wants none, and then nothing is added to a commit', () => {
    const view = viewOf([taskSpec('a'), taskSpec('b', { callbacks: ['failure'] })], { a: running('a'), b: running('b') });
    settleAttempt(view, 1, SUCCESS, 10, 10);
    settleAttempt(view, 2, SUCCESS, 10, 10);
    planRun(view, 10);
    const commit = view.drain(SCHEDULER, undefined) as RunCommit;
    expect(JSON.stringify(commit)).not.toContain('callback');
    expect(writesCallbacks([commit])).toBe(false);
  });
});

describe('whether workers are told that there is something to call', () => {
  /** What a view with a callback of every kind has drained: two changes, of which the second asks for a call, and the end of the run. */
  const both = (): RunCommit => {
    const view = viewOf([taskSpec('a'), calledTask('b')], { a: running('a'), b: running('b') }, { spec });
    settleAttempt(view, 1, SUCCESS, 10, 10);
    settleAttempt(view, 2, SUCCESS, 10, 10);
    planRun(view, 10);
    return view.drain(SCHEDULER, undefined) as RunCommit;
  };
  const NOTHING = { ...both(), run: null, changes: [] };

  it.each<[string, readonly RunCommit[], boolean]>([
    ['one of several changes asks for it', [{ ...both(), run: null }], true],
    ['only the end of the run does', [{ ...both(), changes: [] }], true],
    ['only the second commit does', [NOTHING, both()], true],
    ['a change and the end of a run ask for nothing', [silent()], false],
    ['a row is inserted that asks for nothing', [{ ...NOTHING, insertions: insertion() }], false],
    ['nothing is written', [NOTHING], false],
    ['there is no commit', [], false],
  ])('%s', (_what, commits, expected) => expect(writesCallbacks(commits)).toBe(expected));

  function silent(): RunCommit {
    const view = viewOf([taskSpec('a')], { a: running('a') });
    settleAttempt(view, 1, SUCCESS, 10, 10);
    planRun(view, 10);
    return view.drain(SCHEDULER, undefined) as RunCommit;
  }

  function insertion(): RunCommit['insertions'] {
    const view = viewOf([taskSpec('m', { map: { kind: 'each', sources: [{ kind: 'value', value: [1, 2] }] } })], {});
    planRun(view, 10);
    return (view.drain(SCHEDULER, undefined) as RunCommit).insertions;
  }
});

describe('the callback of a run', () => {
  const ended = (
    tasks: readonly TaskSpec[],
    states: Readonly<Record<string, Partial<TaskInstance>>>,
  ): CallbackRequest | undefined => {
    const view = viewOf(tasks, states, { spec, run: { id: 7, clearNumber: 3 } });
    planRun(view, 100);
    return drained(view).at(-1);
  };

  it('is decided with its end, for each way in which scheduling ends it', () => {
    const rest = { task: null, error: null };
    expect(ended([taskSpec('a')], { a: { state: 'success' } })).toEqual({
      ...rest,
      key: '7/3/success',
      event: 'success',
      state: 'success',
      reason: null,
    });
    expect(ended([taskSpec('a')], { a: { state: 'failed' } })).toEqual({
      ...rest,
      key: '7/3/failure',
      event: 'failure',
      state: 'failed',
      reason: 'task_failure',
    });
    const partial = ended([taskSpec('a', { critical: false })], { a: { state: 'failed' } });
    expect(partial).toMatchObject({ event: 'success', state: 'partial', reason: 'not_critical_failure' });
    const blocked = [taskSpec('a'), calledTask('b', { upstream: ['a'], triggerRule: 'all_skipped' })];
    const stuck = ended(blocked, { a: { state: 'removed' } });
    expect(stuck).toMatchObject({ event: 'failure', state: 'failed', reason: 'all_tasks_deadlocked' });
  });

  it('tells again of a run that was cleared, under another key', () => {
    const keys = [0, 1].map((clearNumber) => {
      const view = viewOf([taskSpec('a')], { a: { state: 'success' } }, { spec, run: { clearNumber } });
      planRun(view, 1);
      return drained(view).at(-1)?.key;
    });
    expect(keys).toEqual(['1/0/success', '1/1/success']);
  });
});

describe('a call that fails', () => {
  it('is repeated after pauses that double, and given up in the end', () => {
    const pauses = Array.from({ length: MAX_CALLBACK_CALLS }, (_, index) => nextCallAt(index + 1, 0));
    expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, null]);
    expect(nextCallAt(MAX_CALLBACK_CALLS + 1, 0)).toBeNull();
  });
});

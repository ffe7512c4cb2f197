import { describe, expect, it } from '@jest/globals';
import { retryDelayMs } from '../../../src/core/task-instance/retry-delay.js';
import { settleAttempt, settleChange } from '../../../src/core/task-instance/settle-attempt.js';
import type { Outcome } from '../../../src/model/outcome.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { SCHEDULER, taskInstance, taskSpec, utc, viewOf } from './factories.js';

const ERROR = { code: 'TASK_ERROR', name: 'Error', message: 'no', stack: null };
const FAILED: Outcome = { kind: 'failed', error: ERROR, retryable: true };

describe('settling an attempt', () => {
  const running: Partial<TaskInstance> = { state: 'running', token: 't', tryNumber: 1, startedAt: 10, workerId: 'w' };

  it.each<[string, Outcome, Partial<TaskInstance>, Partial<TaskInstance>, string]>([
    [
      'a value',
      { kind: 'success', output: { value: 7, length: -1 } },
      {},
      { state: 'success', outputLength: -1, endedAt: 20 },
      'success',
    ],
    ['no value', { kind: 'success', output: null }, {}, { state: 'success', outputLength: null }, 'success'],
    [
      'a failure with tries left',
      FAILED,
      { maxTries: 2 },
      { state: 'up_for_retry', wakeAt: 20 + 300_000, endedAt: 20 },
      'up_for_retry',
    ],
    ['a failure of the last try', FAILED, { maxTries: 1 }, { state: 'failed', wakeAt: null }, 'failed'],
    ['a failure that forbids retries', { ...FAILED, retryable: false }, { maxTries: 9 }, { state: 'failed' }, 'failed'],
    ['a skip', { kind: 'skipped', message: 'no data' }, {}, { state: 'skipped', endedAt: 20 }, 'skipped'],
    [
      'a reschedule',
      { kind: 'reschedule', at: 99 },
      { pokeNumber: 2 },
      { state: 'up_for_reschedule', wakeAt: 99, pokeNumber: 3, tryNumber: 1 },
      'up_for_reschedule',
    ],
    [
      'a loss',
      { kind: 'lost', reason: 'lease_expired' },
      { lostDispatches: 2 },
      { state: 'scheduled', lostDispatches: 3, tryNumber: 1, workerId: null },
      'lost',
    ],
    [
      'one loss too many',
      { kind: 'lost', reason: 'lease_expired' },
      { lostDispatches: 3 },
      { state: 'failed', tryNumber: 1 },
      'failed',
    ],
  ])('%s, with a view and without one alike', (_case, outcome, before, after, attemptState) => {
    const task = taskSpec('a');
    const view = viewOf([task], { a: { ...running, ...before } });
    const change = settleChange(view.instance(1), task, view.run, outcome, 20, 25);
    settleAttempt(view, 1, outcome, 20, 25);
    const drained = view.drain(SCHEDULER, undefined)?.changes[0];
    expect(change.next).toMatchObject({ ...after, token: null });
    expect(change.endAttempt).toMatchObject({ state: attemptState, endedAt: 20 });
    expect(change.expectedToken).toBe('t');
    expect(drained).toEqual(change);
  });

  it('of an instance that a worker elsewhere started meanwhile passes through running', () => {
    const view = viewOf([taskSpec('a')], { a: { ...running, state: 'queued' } });
    settleAttempt(view, 1, { kind: 'success', output: null }, 20, 20);
    expect(view.drain(SCHEDULER, undefined)?.changes[0]).toMatchObject({ from: 'queued', path: ['running', 'success'] });
    const stuck = viewOf([taskSpec('a')], { a: { ...running, state: 'queued' } });
    settleAttempt(stuck, 1, { kind: 'lost', reason: 'stuck_in_queue' }, 20, 20);
    expect(stuck.drain(SCHEDULER, undefined)?.changes[0]).toMatchObject({ from: 'queued', path: ['scheduled'] });
  });

  it('stores what was returned, and names why the dispatch limit failed it', () => {
    const task = taskSpec('a');
    const stored = settleChange(
      taskInstance(1, 'a', running),
      task,
      { dagId: 'd', logicalDate: 0 },
      { kind: 'success', output: { value: [1], length: 1 } },
      20,
    );
    expect(stored.xcoms).toEqual([{ key: 'return_value', value: [1] }]);
    const lost = settleChange(
      taskInstance(1, 'a', { ...running, lostDispatches: 3 }),
      task,
      { dagId: 'd', logicalDate: 0 },
      { kind: 'lost', reason: 'lease_expired' },
      20,
    );
    expect(lost).toMatchObject({ reason: 'dispatch_limit', endAttempt: { error: { code: 'DISPATCH_LIMIT' } } });
    expect(lost.endAttempt?.error?.message).toContain('4 times');
  });
});

describe('the delay before a retry', () => {
  const task = (factor: number, delaySeconds: number, maxSeconds: number | null = null) => ({
    taskId: 't',
    retryDelayMs: delaySeconds * 1_000,
    retryExponentialBackoff: factor,
    maxRetryDelayMs: maxSeconds === null ? null : maxSeconds * 1_000,
  });
  const identity = { dagId: 'd', logicalDate: utc('2026-01-10') };

  // Seconds computed by Airflow 3.3.2 for the same DAG, task, date and try.
  it.each([
    ['no backoff', task(0, 300), 3, 300],
    ['factor 1 is none, and uncapped', task(1, 300, 10), 3, 300],
    ['a negative factor is none', task(-1, 300, 10), 3, 300],
    ['factor 2, first try', task(2, 60, 1_800), 1, 93],
    ['factor 2, first try, a second', task(2, 1), 1, 1],
    ['factor 2, second try', task(2, 300), 2, 803],
    ['the cap', task(2, 300, 600), 2, 600],
    ['a cap of 0 is none', task(2, 300, 0), 2, 803],
    ['overflow', task(10, 300), 400, 86_400],
  ])('pitfall 17: %s', (_case, options, tryNumber, seconds) => {
    expect(retryDelayMs(options, identity, tryNumber)).toBe(seconds * 1_000);
  });

  it('pitfall 17: is the same every time, and within [b, 2b)', () => {
    for (let tryNumber = 1; tryNumber <= 6; tryNumber++) {
      const base = 10 * 2 ** (tryNumber - 1) * 1_000;
      const delay = retryDelayMs(task(2, 10), { dagId: 'd', logicalDate: null }, tryNumber);
      expect(delay).toBe(retryDelayMs(task(2, 10), { dagId: 'd', logicalDate: null }, tryNumber));
      expect(delay).toBeGreaterThanOrEqual(base);
      expect(delay).toBeLessThan(2 * base);
    }
  });
});

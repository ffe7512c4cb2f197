import { expect, it } from '@jest/globals';
import { settleChange } from '../../src/core/task-instance/settle-attempt.js';
import { taskInstance, taskSpec } from '../unit/core/factories.js';
import { runVectors, type VectorCase } from './vector-file.js';
import { instantOf, instantOrNull, textOf } from './vector-timetable.js';

interface RetryCase extends VectorCase {
  readonly dagId: string;
  readonly taskId: string;
  readonly logicalDate: string | null;
  readonly endDate: string;
  readonly retryDelaySeconds: number;
  readonly retryExponentialBackoff: number | boolean;
  readonly maxRetryDelaySeconds: number | null;
  readonly tryNumber: number;
  readonly retryDelayOverrideSeconds: number | null;
  readonly expected: { readonly delaySeconds: number; readonly nextRetry: string };
}

it('a failed try waits as long as in Airflow 3.3.2, jitter included', () => {
  const failures = runVectors<RetryCase>({
    path: 'time/retry-delay.json',
    answer({ dagId, taskId, logicalDate, endDate, tryNumber, retryDelayOverrideSeconds, ...options }) {
      const backoff = options.retryExponentialBackoff;
      const task = taskSpec(taskId, {
        retryDelayMs: options.retryDelaySeconds * 1_000,
        retryExponentialBackoff: typeof backoff === 'number' ? backoff : backoff ? 2 : 0,
        maxRetryDelayMs: options.maxRetryDelaySeconds === null ? null : options.maxRetryDelaySeconds * 1_000,
      });
      const instance = taskInstance(1, taskId, { state: 'running', token: 'token', tryNumber, maxTries: tryNumber + 1 });
      const error = { code: 'TASK_ERROR', name: 'Error', message: 'boom', stack: null };
      // What a retry policy has chosen stands in place of the task's own delay.
      const chosen = retryDelayOverrideSeconds === null ? {} : { retryDelayMs: retryDelayOverrideSeconds * 1_000 };
      const outcome = { kind: 'failed', error, retryable: true, ...chosen } as const;
      const endedAt = instantOf(endDate);
      const run = { dagId, logicalDate: instantOrNull(logicalDate) };
      const { next } = settleChange(instance, task, run, outcome, endedAt);
      const wakeAt = next.wakeAt ?? Number.NaN;
      return { delaySeconds: (wakeAt - endedAt) / 1_000, nextRetry: textOf(wakeAt) };
    },
    expected: ({ expected: { delaySeconds, nextRetry } }) => ({ delaySeconds, nextRetry }),
  });
  expect(failures).toEqual([]);
});

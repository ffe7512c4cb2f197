import { expect, it } from '@jest/globals';
import { retryDelayMs } from '../../src/core/task-instance/retry-delay.js';
import { taskSpec } from '../unit/core/factories.js';
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
    missing: ({ retryDelayOverrideSeconds }) => (retryDelayOverrideSeconds === null ? null : 'retry policies'),
    answer({ dagId, taskId, logicalDate, endDate, tryNumber, ...options }) {
      const backoff = options.retryExponentialBackoff;
      const task = taskSpec(taskId, {
        retryDelayMs: options.retryDelaySeconds * 1_000,
        retryExponentialBackoff: typeof backoff === 'number' ? backoff : backoff ? 2 : 0,
        maxRetryDelayMs: options.maxRetryDelaySeconds === null ? null : options.maxRetryDelaySeconds * 1_000,
      });
      const delayMs = retryDelayMs(task, { dagId, logicalDate: instantOrNull(logicalDate) }, tryNumber);
      return { delaySeconds: delayMs / 1_000, nextRetry: textOf(instantOf(endDate) + delayMs) };
    },
    expected: ({ expected: { delaySeconds, nextRetry } }) => ({ delaySeconds, nextRetry }),
  });
  expect(failures).toEqual([]);
});

/** Asks the author's retry policy about a failed try. */
import type { Outcome } from '../../model/outcome.js';
import type { DagInstance } from '../../sdk/dag-instance.js';
import type { AttemptLog, AttemptWork } from './run-attempt.js';
import { describeThrown } from './task-error.js';

type Failure = Extract<Outcome, { kind: 'failed' }>;

/**
 * The failure as the policy wants it. A policy is not asked where there is nothing to decide: after the last try, and after what is never tried
 * again. What it throws, or an answer that is none, is logged, and the task's options decide.
 */
export async function applyRetryPolicy(
  failure: Failure,
  thrown: unknown,
  instance: DagInstance,
  { taskId, tryNumber, maxTries }: Pick<AttemptWork, 'taskId' | 'tryNumber' | 'maxTries'>,
  log: AttemptLog,
): Promise<Failure> {
  if (!failure.retryable || tryNumber >= maxTries) return failure;
  try {
    const verdict = await instance.judge(taskId, thrown, { tryNumber, maxTries });
    switch (verdict.kind) {
      case 'default':
        return failure;
      case 'fail':
        log.write('info', 'system', 'the retry policy allows no further try');
        return { ...failure, retryable: false };
      case 'retry':
        return verdict.delayMs === null ? failure : { ...failure, retryDelayMs: verdict.delayMs };
    }
  } catch (error) {
    log.write(
      'warn',
      'system',
      `the retry policy could not decide, so the options of the task do: ${describeThrown(error).message}`,
    );
    return failure;
  }
}

/** How long a failed try waits before the next one (Airflow's rule, jitter included). */
import { createHash } from 'node:crypto';
import type { TaskSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';

/** No backoff grows beyond a day. */
const MAX_BACKOFF_SECONDS = 86_400;

/** What the jitter is computed from, so that a plan made twice gives the same instant. */
export interface RetryIdentity {
  readonly dagId: string;
  readonly logicalDate: Instant | null;
}

type RetryOptions = Pick<TaskSpec, 'taskId' | 'retryDelayMs' | 'retryExponentialBackoff' | 'maxRetryDelayMs'>;

/**
 * Milliseconds between the end of try `tryNumber` and the next one. Without backoff (factor 1, or not above 0) it is `retryDelayMs` itself, uncapped. With
 * backoff it is b = ceil(delay * factor^(try - 1)) seconds, at least 1, plus a jitter in [0, b) that follows from DAG, task, logical date and
 * try alone, at most a day and at most `maxRetryDelayMs` (0 counts as none).
 */
export function retryDelayMs(task: RetryOptions, identity: RetryIdentity, tryNumber: number): number {
  const factor = task.retryExponentialBackoff;
  if (factor <= 0 || factor === 1) return task.retryDelayMs;
  const grown = Math.ceil((task.retryDelayMs / 1_000) * factor ** (tryNumber - 1));
  const base = Number.isFinite(grown) ? Math.max(1, grown) : MAX_BACKOFF_SECONDS;
  const jitter = Number(hashOf(task.taskId, identity, tryNumber) % BigInt(base));
  const delayMs = Math.min(base + jitter, MAX_BACKOFF_SECONDS) * 1_000;
  return task.maxRetryDelayMs ? Math.min(delayMs, task.maxRetryDelayMs) : delayMs;
}

function hashOf(taskId: string, { dagId, logicalDate }: RetryIdentity, tryNumber: number): bigint {
  const date = logicalDate === null ? 'None' : pythonText(logicalDate);
  return BigInt(`0x${createHash('sha1').update(`${dagId}#${taskId}#${date}#${tryNumber}`).digest('hex')}`);
}

/** An instant as Airflow writes it into the hash: `2026-01-10 00:00:00+00:00`, with six digits of fraction where there is one. */
function pythonText(instant: Instant): string {
  const iso = new Date(instant).toISOString();
  const fraction = iso.slice(20, 23);
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction === '000' ? '' : `.${fraction}000`}+00:00`;
}

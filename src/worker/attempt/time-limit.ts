import { formatDuration } from '../../model/duration.js';

/** What is said of an attempt that reached its execution timeout. */
export function timeLimitReason(limitMs: number): string {
  const limit = limitMs < 60_000 ? `${limitMs / 1_000}s` : formatDuration(limitMs);
  return `ran longer than its executionTimeout of ${limit}`;
}

/** How long runs take that go on side by side. */

/**
 * By the median of `durationsMs`, with `lanes` runs at a time; null without durations.
 * @param runs May be a fraction: a run under way counts by what is left of it.
 */
export function estimateMs(runs: number, lanes: number, durationsMs: readonly number[]): number | null {
  if (durationsMs.length === 0) return null;
  const sorted = [...durationsMs].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] as number;
  return Math.round((median * runs) / Math.max(1, lanes));
}

import type { ParentStates, Verdict } from './parent-states.js';

/**
 * Every parent succeeded. One failure decides at once, without waiting for the others; so does one skip. Removed parents do not
 * count, but an index of a mapped task that has no successful counterpart left goes with them.
 */
export function allSuccess(parents: ParentStates, mapIndex: number): Verdict {
  if (parents.failed > 0 || parents.upstreamFailed > 0) return 'upstream_failed';
  if (parents.skipped > 0) return 'skipped';
  if (parents.removed > 0 && parents.success > 0 && mapIndex >= parents.success) return 'removed';
  return parents.success + parents.removed >= parents.total ? 'run' : 'wait';
}

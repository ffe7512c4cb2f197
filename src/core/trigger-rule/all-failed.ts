import type { ParentStates, Verdict } from './parent-states.js';

/** Every parent failed or is upstream_failed; one that succeeded or was skipped skips the task. */
export function allFailed(parents: ParentStates): Verdict {
  if (parents.success > 0 || parents.skipped > 0) return 'skipped';
  return parents.failed + parents.upstreamFailed + parents.removed >= parents.total ? 'run' : 'wait';
}

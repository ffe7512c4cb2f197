import type { ParentStates, Verdict } from './parent-states.js';

/** At least one parent failed or is upstream_failed; does not wait for the others. Skipped when none did. */
export function oneFailed(parents: ParentStates): Verdict {
  if (parents.failed > 0 || parents.upstreamFailed > 0) return 'run';
  return parents.done >= parents.total ? 'skipped' : 'wait';
}

import type { ParentStates, Verdict } from './parent-states.js';

/** Every parent succeeded or was skipped, also when all were skipped. One failure decides at once. */
export function noneFailed(parents: ParentStates): Verdict {
  if (parents.failed > 0 || parents.upstreamFailed > 0) return 'upstream_failed';
  return parents.success + parents.skipped + parents.removed >= parents.total ? 'run' : 'wait';
}

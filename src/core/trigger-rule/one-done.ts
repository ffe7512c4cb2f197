import type { ParentStates, Verdict } from './parent-states.js';

/** At least one parent ran to its end (success or failed); skips and upstream_failed do not count. */
export function oneDone(parents: ParentStates): Verdict {
  if (parents.success + parents.failed > 0) return 'run';
  return parents.done >= parents.total ? 'skipped' : 'wait';
}

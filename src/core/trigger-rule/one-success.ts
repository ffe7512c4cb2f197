import type { ParentStates, Verdict } from './parent-states.js';

/** At least one parent succeeded; does not wait for the others. */
export function oneSuccess(parents: ParentStates): Verdict {
  if (parents.success > 0) return 'run';
  if (parents.done < parents.total) return 'wait';
  return parents.done === parents.skipped ? 'skipped' : 'upstream_failed';
}

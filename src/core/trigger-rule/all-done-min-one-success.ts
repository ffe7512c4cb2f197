import type { ParentStates, Verdict } from './parent-states.js';

/** Every parent is finished, none was skipped and at least one succeeded. */
export function allDoneMinOneSuccess(parents: ParentStates): Verdict {
  if (parents.skipped > 0) return 'skipped';
  if (parents.done < parents.total) return 'wait';
  return parents.success > 0 ? 'run' : 'upstream_failed';
}

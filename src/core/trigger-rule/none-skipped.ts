import type { ParentStates, Verdict } from './parent-states.js';

/** Every parent is finished and none was skipped; failures do not matter. */
export function noneSkipped(parents: ParentStates): Verdict {
  if (parents.skipped > 0) return 'skipped';
  return parents.done >= parents.total ? 'run' : 'wait';
}

import type { ParentStates, Verdict } from './parent-states.js';

/** Every parent is finished, however it ended. */
export function allDone(parents: ParentStates): Verdict {
  return parents.done >= parents.total ? 'run' : 'wait';
}

import { allDone } from './all-done.js';
import type { ParentStates, Verdict } from './parent-states.js';

/** The rule of teardowns: every parent is finished and a setup succeeded. Where no parent is a setup that is `all_done`. */
export function allDoneSetupSuccess(parents: ParentStates): Verdict {
  return allDone(parents);
}

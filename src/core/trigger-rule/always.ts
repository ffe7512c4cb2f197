import type { Verdict } from './parent-states.js';

/** Does not look at its parents at all. */
export function always(): Verdict {
  return 'run';
}

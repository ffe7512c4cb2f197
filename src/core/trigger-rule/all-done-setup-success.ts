import type { ParentStates, Verdict } from './parent-states.js';

/**
 * The rule of teardowns: every parent is finished and at least one setup among them succeeded. Where all setups were skipped there is
 * nothing to clean up, and where none succeeded nothing that could be; without any setup it is `all_done`.
 */
export function allDoneSetupSuccess({ done, total, setups }: ParentStates): Verdict {
  if (done < total) return 'wait';
  if (setups.total === 0 || setups.success > 0) return 'run';
  return setups.skipped >= setups.total ? 'skipped' : 'upstream_failed';
}

import type { ParentStates, Verdict } from './parent-states.js';

/** Every parent was skipped; any other end skips the task. A removed parent blocks. */
export function allSkipped(parents: ParentStates): Verdict {
  if (parents.success > 0 || parents.failed > 0 || parents.upstreamFailed > 0) return 'skipped';
  return parents.skipped >= parents.total ? 'run' : 'wait';
}

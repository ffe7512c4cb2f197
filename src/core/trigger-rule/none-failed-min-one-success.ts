import type { ParentStates, Verdict } from './parent-states.js';

/** As `none_failed`, but at least one parent must have succeeded: skipped when all parents were. */
export function noneFailedMinOneSuccess(parents: ParentStates): Verdict {
  if (parents.failed > 0 || parents.upstreamFailed > 0) return 'upstream_failed';
  if (parents.skipped >= parents.total) return 'skipped';
  if (parents.success + parents.skipped + parents.removed < parents.total) return 'wait';
  return parents.success > 0 ? 'run' : 'upstream_failed';
}

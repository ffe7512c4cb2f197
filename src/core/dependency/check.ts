/** What every dependency check takes and gives. `checks.ts` lists them all. */
import type { Instant } from '../../model/instant.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { RunView } from '../dag-run/run-view.js';
import type { TaskNode } from '../dag-run/task-node.js';

/**
 * What a check says about one task instance: `met`, `wait` for something that may still come, or the state that the instance gets
 * without running.
 */
export type CheckVerdict = 'met' | 'wait' | 'skipped' | 'upstream_failed' | 'removed';

export interface CheckResult {
  readonly verdict: CheckVerdict;
  /** Stable name of what was found, for `explain` and for the history; null when the check is met. */
  readonly code: CheckCode | null;
  /** What it was found from. */
  readonly data: Readonly<Record<string, unknown>>;
}

export type CheckCode =
  | 'skipped_by_decision'
  | 'setup_not_done'
  | 'setup_ended'
  | 'trigger_rule'
  | 'map_source'
  | 'scope_not_done'
  | 'past'
  | 'map_length'
  | 'retry_delay'
  | 'reschedule';

/** The instance a check is about. */
export interface CheckSubject {
  readonly view: RunView;
  readonly node: TaskNode;
  readonly instance: TaskInstance;
  readonly now: Instant;
}

export type DependencyCheck = (subject: CheckSubject) => CheckResult;

const NO_DATA = {};

export const MET: CheckResult = { verdict: 'met', code: null, data: NO_DATA };

export function notMet(
  verdict: Exclude<CheckVerdict, 'met'>,
  code: CheckCode,
  data: Readonly<Record<string, unknown>> = NO_DATA,
): CheckResult {
  return { verdict, code, data };
}

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

export type CheckResult = Met | NotMet;

export interface Met {
  readonly verdict: 'met';
  readonly code: null;
}

export interface NotMet {
  readonly verdict: Exclude<CheckVerdict, 'met'>;
  /** Stable name of what was found, for `explain` and for the history. */
  readonly code: CheckCode;
  /** What it was found from, as far as the instance, its task and its run do not say it. */
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

export const MET: Met = { verdict: 'met', code: null };

export function notMet(verdict: NotMet['verdict'], code: CheckCode, data: NotMet['data'] = NO_DATA): NotMet {
  return { verdict, code, data };
}

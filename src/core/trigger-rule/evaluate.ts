/** The table of trigger rules: one function per rule, each in its own file. */
import type { TriggerRule } from '../../model/dag-spec.js';
import { allDone } from './all-done.js';
import { allDoneMinOneSuccess } from './all-done-min-one-success.js';
import { allDoneSetupSuccess } from './all-done-setup-success.js';
import { allFailed } from './all-failed.js';
import { allSkipped } from './all-skipped.js';
import { allSuccess } from './all-success.js';
import { always } from './always.js';
import { noneFailed } from './none-failed.js';
import { noneFailedMinOneSuccess } from './none-failed-min-one-success.js';
import { noneSkipped } from './none-skipped.js';
import { oneDone } from './one-done.js';
import { oneFailed } from './one-failed.js';
import { oneSuccess } from './one-success.js';
import type { ParentStates, TriggerRuleFunction, Verdict } from './parent-states.js';

export const TRIGGER_RULE_FUNCTIONS: Readonly<Record<TriggerRule, TriggerRuleFunction>> = {
  all_success: allSuccess,
  all_failed: allFailed,
  all_done: allDone,
  all_done_min_one_success: allDoneMinOneSuccess,
  all_done_setup_success: allDoneSetupSuccess,
  one_success: oneSuccess,
  one_failed: oneFailed,
  one_done: oneDone,
  none_failed: noneFailed,
  none_failed_min_one_success: noneFailedMinOneSuccess,
  none_skipped: noneSkipped,
  all_skipped: allSkipped,
  always,
};

/**
 * What `rule` says for a task with these parents.
 * @param mapIndex Of the instance that asks; -1 for one that is not mapped.
 */
export function evaluateTriggerRule(rule: TriggerRule, parents: ParentStates, mapIndex: number): Verdict {
  return TRIGGER_RULE_FUNCTIONS[rule](parents, mapIndex);
}

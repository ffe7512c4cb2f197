/**
 * What a trigger rule looks at: how many instances of the direct upstream tasks are in which finished state. Instances of mapped
 * parents count one by one.
 */
export interface ParentStates {
  /** All expected instances, finished or not. */
  readonly total: number;
  readonly success: number;
  readonly failed: number;
  readonly upstreamFailed: number;
  readonly skipped: number;
  readonly removed: number;
  /** Finished in any way: the sum of the five. */
  readonly done: number;
  /** Those among them that are setups: what a teardown asks. */
  readonly setups: { readonly total: number; readonly success: number; readonly skipped: number };
}

/** What a rule says now. `wait`: it may still be met; the three states: the task gets that state without running. */
export type Verdict = 'run' | 'wait' | 'skipped' | 'upstream_failed' | 'removed';

/** @param mapIndex Of the instance that asks; -1 for one that is not mapped. */
export type TriggerRuleFunction = (parents: ParentStates, mapIndex: number) => Verdict;

/** The counters behind `ParentStates`: how many parents of a task are in which finished state, kept up to date as they change. */
import type { TaskInstanceState } from '../../model/states.js';
import type { ParentStates } from '../trigger-rule/parent-states.js';

export type ParentTally = { -readonly [Field in Exclude<keyof ParentStates, 'setups'>]: number } & {
  readonly setups: { total: number; success: number; skipped: number };
};

export function emptyTally(): ParentTally {
  return {
    total: 0,
    success: 0,
    failed: 0,
    upstreamFailed: 0,
    skipped: 0,
    removed: 0,
    done: 0,
    setups: { total: 0, success: 0, skipped: 0 },
  };
}

export function copyOf({ setups, ...counts }: ParentTally): ParentTally {
  return { ...counts, setups: { ...setups } };
}

/**
 * Adds `by` instances in `state`.
 * @param forgives A failure counts as done well.
 */
export function countState(tally: ParentTally, state: TaskInstanceState, by: number, isSetup: boolean, forgives: boolean): void {
  tally.total += by;
  if (isSetup) tally.setups.total += by;
  switch (state) {
    case 'success':
      tally.success += by;
      if (isSetup) tally.setups.success += by;
      break;
    case 'failed':
      if (forgives) tally.success += by;
      else tally.failed += by;
      break;
    case 'upstream_failed':
      if (forgives) tally.success += by;
      else tally.upstreamFailed += by;
      break;
    case 'skipped':
      tally.skipped += by;
      if (isSetup) tally.setups.skipped += by;
      break;
    case 'removed':
      tally.removed += by;
      break;
    default:
      return;
  }
  tally.done += by;
}

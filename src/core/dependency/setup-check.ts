import { isSameGroup, type TaskNode } from '../dag-run/task-node.js';
import { copyOf, countState, emptyTally, type ParentTally } from '../dag-run/parent-tally.js';
import type { TaskInstanceState } from '../../model/states.js';
import { allSuccess } from '../trigger-rule/all-success.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';

/**
 * Whatever its trigger rule, a task needs the setups above it: a failed one fails it, a skipped one skips it, and otherwise it waits until all
 * have succeeded. Setups among the parents are left to the rule; `always` and teardowns are free.
 */
export function setupCheck({ node, instance: { mapIndex } }: CheckSubject): CheckResult {
  const { indirectSetups, task } = node;
  if (indirectSetups.length === 0 || task.triggerRule === 'always') return MET;
  const setups = statesOf(node, indirectSetups, mapIndex);
  const isBlockedByRemoved = mapIndex < 0 && setups.removed > 0;
  const verdict = allSuccess(setups, mapIndex);
  if (verdict === 'run' && !isBlockedByRemoved) return MET;
  const data = { setups: indirectSetups.map((setup) => setup.task.taskId), states: setups };
  if (verdict === 'run' || verdict === 'wait') return notMet('wait', 'setup_not_done', data);
  return notMet(verdict, 'setup_ended', data);
}

function statesOf(node: TaskNode, setups: readonly TaskNode[], mapIndex: number): ParentTally {
  const tally = copyOf(emptyTally());
  for (const setup of setups) {
    if (isSameGroup(node, setup) && mapIndex >= 0) {
      const slot = setup.byIndex.get(mapIndex) ?? setup.byIndex.get(-1);
      if (slot) countState(tally, slot.instance.state, 1, false, false);
      continue;
    }
    for (const state of Object.keys(setup.counts) as TaskInstanceState[]) {
      if (setup.counts[state] > 0) countState(tally, state, setup.counts[state], false, false);
    }
  }
  return tally;
}

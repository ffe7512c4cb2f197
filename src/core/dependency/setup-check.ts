import { emptyTally } from '../dag-run/parent-tally.js';
import { allSuccess } from '../trigger-rule/all-success.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';
import { isSameGroup } from '../dag-run/task-node.js';
import { countAll, countSlot, relevantSlots } from './relevant-slots.js';

/**
 * Whatever its trigger rule, a task needs the setups above it: a failed one fails it, a skipped one skips it, and otherwise it waits until all
 * have succeeded. Setups among the parents are left to the rule; `always` and teardowns are free.
 */
export function setupCheck({ node, instance: { mapIndex } }: CheckSubject): CheckResult {
  if (node.indirectSetups.length === 0 || node.task.triggerRule === 'always') return MET;
  const setups = emptyTally();
  for (const setup of node.indirectSetups) {
    if (isSameGroup(node, setup)) for (const slot of relevantSlots(node, setup, mapIndex)) countSlot(setups, slot, false);
    else countAll(setups, setup, false);
  }
  const verdict = allSuccess(setups, mapIndex);
  if (verdict === 'wait') return notMet('wait', 'setup_not_done');
  if (verdict !== 'run') return notMet(verdict, 'setup_ended');
  // Without an index of its own that could go with them, a removed setup is one that is missing.
  return mapIndex < 0 && setups.removed > 0 ? notMet('wait', 'setup_not_done') : MET;
}

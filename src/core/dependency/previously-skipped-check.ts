import { FINISHED_STATES } from '../../model/states.js';
import { isSkippedBy } from '../graph/skipped-by.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';
import { slotAt } from './relevant-slots.js';

/**
 * A parent that decides what runs below it has left this task out. It holds as long as the parent does not run again, so a child that is
 * cleared alone is skipped again.
 */
export function previouslySkippedCheck({ node, instance }: CheckSubject): CheckResult {
  for (const decider of node.deciders) {
    const slot = slotAt(decider, instance.mapIndex);
    if (!slot) continue;
    const { decision, state } = slot.instance;
    if (decision === null || !FINISHED_STATES.has(state)) continue;
    if (isSkippedBy(decision, node.task)) {
      return notMet('skipped', 'skipped_by_decision', { by: decider.task.taskId });
    }
  }
  return MET;
}

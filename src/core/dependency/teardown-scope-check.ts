import { FINISHED_STATES } from '../../model/states.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';
import { relevantSlots } from './relevant-slots.js';

/** A teardown whose rule is met still waits for every task between its setups and itself: they use what it takes down. */
export function teardownScopeCheck({ node, instance: { mapIndex } }: CheckSubject): CheckResult {
  if (node.scopeUnfinished === 0) return MET;
  const open = node.scope.find((member) =>
    relevantSlots(node, member, mapIndex).some(({ instance }) => !FINISHED_STATES.has(instance.state)),
  );
  return open ? notMet('wait', 'scope_not_done', { task: open.task.taskId }) : MET;
}

import { FINISHED_STATES } from '../../model/states.js';
import { isSameGroup } from '../dag-run/task-node.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';

/** A teardown whose rule is met still waits for every task between its setups and itself: they use what it takes down. */
export function teardownScopeCheck({ node, instance: { mapIndex } }: CheckSubject): CheckResult {
  if (node.scopeUnfinished === 0) return MET;
  const open = node.scope.find((member) => {
    const own =
      mapIndex >= 0 && isSameGroup(node, member) ? [member.byIndex.get(mapIndex) ?? member.byIndex.get(-1)] : member.slots;
    return own.some((slot) => slot !== undefined && !FINISHED_STATES.has(slot.instance.state));
  });
  return open ? notMet('wait', 'scope_not_done', { task: open.task.taskId }) : MET;
}

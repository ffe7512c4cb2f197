import type { TriggerRule } from '../../model/dag-spec.js';
import { copyOf } from '../dag-run/parent-tally.js';
import { forgivenCopies, isSameGroup, unfinishedOf, type TaskNode } from '../dag-run/task-node.js';
import { evaluateTriggerRule } from '../trigger-rule/evaluate.js';
import type { ParentStates } from '../trigger-rule/parent-states.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';
import { countAll, countSlot, slotAt } from './relevant-slots.js';

/** The task's trigger rule over the states of its parents. A task without parents has no rule to meet. */
export function triggerRuleCheck({ node, instance: { mapIndex } }: CheckSubject): CheckResult {
  if (node.upstream.length === 0) return MET;
  const verdict = evaluateTriggerRule(node.task.triggerRule, parentStatesOf(node, mapIndex), mapIndex);
  return verdict === 'run' ? MET : notMet(verdict, 'trigger_rule');
}

/** Of a mapped group's member that is not expanded: with these rules it looks at every copy of its parents in the group, else at none. */
const LOOKS_AT_ALL: ReadonlySet<TriggerRule> = new Set(['one_success', 'one_failed', 'one_done', 'none_failed_min_one_success']);

/**
 * The states of a task's parents as its trigger rule counts them: all instances of parents outside its mapped group, and the instance with the
 * same index of those inside.
 */
export function parentStatesOf(node: TaskNode, mapIndex: number): ParentStates {
  const { parents, inside, lenient } = node;
  if (inside.length === 0 && lenient.length === 0) return parents;
  const tally = copyOf(parents);
  for (const parent of lenient) {
    const forgiven = forgivenCopies(parent);
    if (forgiven === 0) continue;
    tally.failed -= parent.counts.failed;
    tally.upstreamFailed -= parent.counts.upstream_failed;
    // Until its last copy is finished nobody knows whether more fail than is allowed.
    if (unfinishedOf(parent) === 0) tally.success += forgiven;
    else tally.done -= forgiven;
  }
  for (const { node: parent, forgives } of inside) {
    if (mapIndex < 0 && LOOKS_AT_ALL.has(node.task.triggerRule)) {
      countAll(tally, parent, forgives);
      continue;
    }
    const slot = slotAt(parent, mapIndex);
    if (slot) countSlot(tally, slot, forgives);
  }
  return tally;
}

/** True when all copies of the task look at the same instances in the same way, so that one answer holds for all. */
export function hasSharedParents(node: TaskNode): boolean {
  const { inside, parents, deciders, indirectSetups, scope } = node;
  return (
    inside.length === 0 &&
    parents.removed === 0 &&
    deciders.every((decider) => decider.byIndex.has(-1)) &&
    indirectSetups.every((setup) => setup.counts.removed === 0 && !isSameGroup(node, setup)) &&
    !scope.some((member) => isSameGroup(node, member))
  );
}

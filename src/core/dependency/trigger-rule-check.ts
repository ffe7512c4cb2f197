import type { TriggerRule } from '../../model/dag-spec.js';
import { copyOf, countState } from '../dag-run/parent-tally.js';
import { copiesOf, forgivenCopies, unfinishedOf, type TaskNode } from '../dag-run/task-node.js';
import type { TaskInstanceState } from '../../model/states.js';
import { evaluateTriggerRule } from '../trigger-rule/evaluate.js';
import type { ParentStates } from '../trigger-rule/parent-states.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';

/** The task's trigger rule over the states of its parents. A task without parents has no rule to meet. */
export function triggerRuleCheck({ node, instance: { mapIndex } }: CheckSubject): CheckResult {
  const { task } = node;
  if (node.upstream.length === 0 || task.triggerRule === 'always') return MET;
  const parents = parentStatesOf(node, mapIndex);
  const verdict = evaluateTriggerRule(task.triggerRule, parents, mapIndex);
  return verdict === 'run' ? MET : notMet(verdict, 'trigger_rule', { rule: task.triggerRule, parents });
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
    const isSetup = parent.task.role === 'setup';
    if (mapIndex < 0 && LOOKS_AT_ALL.has(node.task.triggerRule)) {
      for (const state of Object.keys(parent.counts) as TaskInstanceState[]) {
        if (parent.counts[state] > 0) countState(tally, state, parent.counts[state], isSetup, forgives);
      }
      continue;
    }
    const slot = parent.byIndex.get(mapIndex) ?? (mapIndex >= 0 ? parent.byIndex.get(-1) : undefined);
    if (slot) countState(tally, slot.instance.state, 1, isSetup, forgives);
  }
  return tally;
}

/** True when every copy of the task has the same parents in the same states, so that one answer holds for all. */
export function hasSharedParents({ inside, parents, deciders, indirectSetups }: TaskNode): boolean {
  return (
    inside.length === 0 &&
    parents.removed === 0 &&
    deciders.every((decider) => decider.byIndex.has(-1) || copiesOf(decider) === 0) &&
    indirectSetups.every((setup) => setup.counts.removed === 0)
  );
}

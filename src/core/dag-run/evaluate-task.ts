/** Decides about the instances of one task that could be scheduled: the trigger rule, the past, the length of a mapping. */
import type { Instant } from '../../model/instant.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { expandLiteral, expandTask, reviseCopies } from '../mapping/expand.js';
import { mapLength } from '../mapping/map-length.js';
import { isDue, scheduleInstance } from '../task-instance/schedule.js';
import { evaluateTriggerRule } from '../trigger-rule/evaluate.js';
import type { ParentStates } from '../trigger-rule/parent-states.js';
import { isPastMet } from './depends-on-past.js';
import type { PlanLimits } from './plan-run.js';
import type { RunView } from './run-view.js';
import type { TaskNode } from './task-node.js';

export function evaluateTask(view: RunView, node: TaskNode, now: Instant, limits: PlanLimits): void {
  if (schedulableCount(node) === 0) return;
  const parents = parentStatesOf(node);
  if (node.task.map !== null) expandLiteral(view, node, limits);
  if (node.task.map !== null && node.counts.none > 0 && evaluateTriggerRule(node.task.triggerRule, parents, -1) === 'run') {
    reviseCopies(view, node, now, limits);
  }
  // Copies made below are appended to the slots and evaluated in the same loop.
  for (let index = 0; index < node.slots.length; index++) {
    const instance = (node.slots[index] as TaskNode['slots'][number]).instance;
    if (isSchedulable(instance)) evaluateInstance(view, node, parents, instance, now, limits);
  }
}

function evaluateInstance(
  view: RunView,
  node: TaskNode,
  parents: ParentStates,
  instance: TaskInstance,
  now: Instant,
  limits: PlanLimits,
): void {
  const verdict = evaluateTriggerRule(node.task.triggerRule, parents, instance.mapIndex);
  switch (verdict) {
    case 'wait':
      return;
    case 'skipped':
      view.transition(instance.id, 'skip', { endedAt: now, wakeAt: null }, { reason: 'trigger_rule' });
      return;
    case 'upstream_failed':
      view.transition(instance.id, 'failUpstream', { endedAt: now, wakeAt: null }, { reason: 'trigger_rule' });
      return;
    case 'removed':
      view.transition(instance.id, 'remove', { endedAt: now, wakeAt: null }, { reason: 'trigger_rule' });
      return;
    case 'run':
  }
  if (!view.ignoresPast && !isPastMet(node.task, view.spec, view.graph, view.run.logicalDate, view.previous)) return;
  if (node.task.map !== null && instance.mapIndex < 0) {
    expandTask(view, node, instance, mapLength(view, node.task.map), now, limits);
    return;
  }
  if (isDue(instance, now)) scheduleInstance(view, instance, now);
}

function isSchedulable(instance: TaskInstance): boolean {
  return instance.state === 'none' || instance.state === 'up_for_retry' || instance.state === 'up_for_reschedule';
}

function schedulableCount(node: TaskNode): number {
  return node.counts.none + node.counts.up_for_retry + node.counts.up_for_reschedule;
}

/** The states of a task's parents as its trigger rule sees them. */
export function parentStatesOf(node: TaskNode): ParentStates {
  const { success, failed, upstream_failed: upstreamFailed, skipped, removed } = node.parents;
  return {
    total: node.parentTotal,
    success,
    failed,
    upstreamFailed,
    skipped,
    removed,
    done: success + failed + upstreamFailed + skipped + removed,
  };
}

/** Decides about the instances of one task that could be scheduled, by their dependencies, and expands mapped tasks. */
import type { Instant } from '../../model/instant.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { CheckResult } from '../dependency/check.js';
import { evaluateTimeless } from '../dependency/checks.js';
import { hasSharedParents } from '../dependency/trigger-rule-check.js';
import { expandLiteral, expandTask, reviseCopies } from '../mapping/expand.js';
import { mapLength } from '../mapping/map-length.js';
import { finishInstant } from '../task-instance/finish-instant.js';
import { isDue, scheduleInstance } from '../task-instance/schedule.js';
import { stopForFailure } from './fail-fast.js';
import type { PlanOptions } from './plan-options.js';
import type { RunView } from './run-view.js';
import type { Slot, TaskNode } from './task-node.js';

/** How an instance gets the state that a dependency forces. */
const FORCED = { skipped: 'skip', upstream_failed: 'failUpstream', removed: 'remove' } as const;

export function evaluateTask(view: RunView, node: TaskNode, now: Instant, options: PlanOptions): void {
  const asked = node.isDirty ? null : [...node.dirtySlots];
  node.isDirty = false;
  node.dirtySlots.clear();
  if (node.idle.size + node.waiting.size === 0) return;
  expandLiteral(view, node, options);
  if (asked === null && hasSharedParents(node)) evaluateTogether(view, node, now, options);
  else evaluateEach(view, node, asked ?? [...node.idle, ...node.waiting], now, options);
}

/** The copies of a mapped task have the same parents in the same states: one answer holds for all of them. */
function evaluateTogether(view: RunView, node: TaskNode, now: Instant, options: PlanOptions): void {
  const [some] = node.idle.size > 0 ? node.idle : node.waiting;
  const result = evaluateTimeless({ view, node, instance: (some as Slot).instance, now });
  if (result.verdict === 'wait') return;
  for (const { instance } of [...node.idle, ...node.waiting]) apply(view, node, instance, result, now, options);
}

function evaluateEach(view: RunView, node: TaskNode, slots: readonly Slot[], now: Instant, options: PlanOptions): void {
  for (const slot of slots) {
    if (!node.idle.has(slot) && !node.waiting.has(slot)) continue;
    const { instance } = slot;
    apply(view, node, instance, evaluateTimeless({ view, node, instance, now }), now, options);
  }
}

function apply(
  view: RunView,
  node: TaskNode,
  instance: TaskInstance,
  result: CheckResult,
  now: Instant,
  options: PlanOptions,
): void {
  if (result.verdict === 'wait') return;
  if (result.verdict === 'met') go(view, node, instance, now, options);
  else view.transition(instance.id, FORCED[result.verdict], { endedAt: now, wakeAt: null }, { reason: result.code! });
}

function go(view: RunView, node: TaskNode, instance: TaskInstance, now: Instant, options: PlanOptions): void {
  const { mapping } = node.facts;
  if (mapping !== null && instance.mapIndex < 0) {
    const expanded = expandTask(view, node, instance, mapLength(view, mapping), now, options);
    if (expanded.state === 'none')
      evaluateCopies(
        view,
        node,
        node.slots.map((slot) => slot.instance),
        now,
        options,
      );
    else stopForFailure(view, expanded, now);
    return;
  }
  if (!isDue(instance, now)) return;
  evaluateCopies(view, node, reviseCopies(view, node, now, options), now, options);
  if (view.instance(instance.id).state === 'removed') return;
  if (node.task.isInstant) finishInstant(view, instance, now, options);
  else scheduleInstance(view, instance, now);
}

function evaluateCopies(view: RunView, node: TaskNode, copies: readonly TaskInstance[], now: Instant, options: PlanOptions): void {
  for (const instance of copies) apply(view, node, instance, evaluateTimeless({ view, node, instance, now }), now, options);
}

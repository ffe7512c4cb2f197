import type { Instant } from '../../model/instant.js';
import type { FlowDecision, TaskInstance } from '../../model/task-instance.js';
import { assetActivityOf } from '../asset/activity.js';
import { taskCallback } from '../callback/task-callback.js';
import type { PlanOptions } from '../dag-run/plan-options.js';
import type { RunView } from '../dag-run/run-view.js';
import { isLatestRun } from '../timetable/is-latest.js';
import { timetableFor } from '../timetable/resolve.js';
import { applyDecision } from './apply-decision.js';
import { decideShortCircuit } from './decision.js';

/**
 * Ends a task that has nothing to execute in the pass in which it is ready: a try that begins and succeeds at once. A latest-only task decides what
 * runs below it.
 */
export function finishInstant(view: RunView, instance: TaskInstance, now: Instant, options: PlanOptions): void {
  const decision = decisionOf(view, instance, now, options);
  const patch = { tryNumber: instance.tryNumber + 1, scheduledAt: now, queuedAt: null, startedAt: now, endedAt: now, wakeAt: null };
  const task = view.task(instance.taskId);
  const assets = assetActivityOf(task);
  const success = { event: 'success', state: 'success', error: null, reason: null } as const;
  const callback = taskCallback(task, { ...instance, ...patch }, view.run, success);
  const effects = { callback, ...(assets && { assets }) };
  const ended = view.transition(instance.id, 'complete', { ...patch, outputLength: null, decision }, effects);
  applyDecision(view, ended, now);
}

function decisionOf(view: RunView, { taskId }: TaskInstance, now: Instant, { timetables }: PlanOptions): FlowDecision | null {
  const task = view.task(taskId);
  if (task.decides?.kind !== 'latestOnly') return null;
  if (isLatest(view, now, timetables)) return null;
  return decideShortCircuit(view.spec, taskId, false, false);
}

/** A timetable that fails has no next run, so that the run is the latest: one DAG must not hold up the pass over all. */
function isLatest(view: RunView, now: Instant, timetables: PlanOptions['timetables']): boolean {
  try {
    return isLatestRun(timetableFor(view.spec, timetables), view.run, now);
  } catch {
    return true;
  }
}

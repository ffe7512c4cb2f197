/**
 * Plans one running run: looks only at what may have changed, moves task instances to `scheduled`, `skipped` or `upstream_failed`, expands
 * mapped tasks, repeats until nothing moves, and decides whether the run is over.
 *
 * Does not own: queueing under limits (`queueing/`), what an attempt's outcome means (`task-instance/settle-attempt.ts`).
 */
import type { Instant } from '../../model/instant.js';
import { FINISHED_STATES } from '../../model/states.js';
import { dueAt } from '../task-instance/schedule.js';
import { decideRunEnd } from './decide-run-end.js';
import { evaluateTask } from './evaluate-task.js';
import type { RunView } from './run-view.js';

export interface PlanLimits {
  /** Most copies that one mapped task may have in one run. */
  readonly maxMapLength: number;
}

export const DEFAULT_PLAN_LIMITS: PlanLimits = { maxMapLength: 1024 };

/**
 * Changes `view` by what is decided at `now`.
 * @returns The earliest instant at which the run has to be planned again without anything else happening; null: there is none.
 */
export function planRun(view: RunView, now: Instant, limits: PlanLimits = DEFAULT_PLAN_LIMITS): { wakeAt: Instant | null } {
  if (view.run.state !== 'running') return { wakeAt: null };
  const timeoutAt = runTimeoutAt(view);
  if (timeoutAt !== null && now >= timeoutAt) {
    timeOut(view, now);
    return { wakeAt: null };
  }
  for (const instance of view.waiting()) if (dueAt(instance) <= now) view.dirtyTasks.add(instance.taskId);
  // A set iterates over what is added while it is iterated: children of what changes here are evaluated in the same pass.
  for (const taskId of view.dirtyTasks) {
    view.dirtyTasks.delete(taskId);
    evaluateTask(view, view.node(taskId), now, limits);
  }
  if (decideRunEnd(view, now)) return { wakeAt: null };
  return { wakeAt: earliestWake(view, now, timeoutAt) };
}

function timeOut(view: RunView, now: Instant): void {
  for (const instance of [...view.allInstances()]) {
    if (FINISHED_STATES.has(instance.state)) continue;
    const endAttempt = { state: 'skipped', endedAt: now, reason: 'dagrun_timeout', error: null } as const;
    view.transition(
      instance.id,
      'abandon',
      { endedAt: now, wakeAt: null, token: null },
      instance.token === null ? { reason: 'dagrun_timeout' } : { reason: 'dagrun_timeout', endAttempt },
    );
  }
  view.dirtyTasks.clear();
  view.transitionRun('fail', { endedAt: now }, 'timed_out');
}

/** First millisecond at which the run is over its `dagrunTimeout`. */
function runTimeoutAt(view: RunView): Instant | null {
  const { dagrunTimeoutMs } = view.spec;
  const { startedAt } = view.run;
  return dagrunTimeoutMs === null || startedAt === null ? null : startedAt + dagrunTimeoutMs + 1;
}

function earliestWake(view: RunView, now: Instant, timeoutAt: Instant | null): Instant | null {
  let earliest = timeoutAt ?? Number.POSITIVE_INFINITY;
  // What is due already waits for something else than time.
  for (const instance of view.waiting()) {
    const at = dueAt(instance);
    if (at > now && at < earliest) earliest = at;
  }
  return earliest === Number.POSITIVE_INFINITY ? null : earliest;
}

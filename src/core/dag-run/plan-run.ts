/**
 * Plans one running run: looks only at what may have changed, moves task instances to `scheduled`, `skipped` or `upstream_failed`, expands
 * mapped tasks, repeats until nothing moves, and decides whether the run is over.
 *
 * Does not own: queueing under limits (`queueing/`), what an attempt's outcome means (`task-instance/settle-attempt.ts`).
 */
import type { Instant } from '../../model/instant.js';
import { FINISHED_STATES } from '../../model/states.js';
import { resumeDeferred } from '../task-instance/resume.js';
import { decideRunEnd } from './decide-run-end.js';
import { endRun } from './end-run.js';
import { evaluateTask } from './evaluate-task.js';
import { DEFAULT_PLAN_OPTIONS, type PlanOptions } from './plan-options.js';
import type { RunView } from './run-view.js';

/**
 * Changes `view` by what is decided at `now`.
 * @returns The earliest instant at which the run has to be planned again without anything else happening; null: there is none.
 */
export function planRun(view: RunView, now: Instant, options: PlanOptions = DEFAULT_PLAN_OPTIONS): { wakeAt: Instant | null } {
  if (view.run.state !== 'running') return { wakeAt: null };
  const timeoutAt = runTimeoutAt(view);
  if (timeoutAt !== null && now >= timeoutAt) {
    timeOut(view, now);
    return { wakeAt: null };
  }
  for (const due of view.agenda.takeDue(now)) {
    if (due.state === 'deferred' || due.state === 'awaiting_input') resumeDeferred(view, due.id, { kind: 'timeout' }, now);
  }
  for (let round = 1, changes = -1; changes !== view.changes; round++) {
    if (round > (options.maxRounds ?? Number.POSITIVE_INFINITY)) return { wakeAt: now };
    changes = view.changes;
    for (const node of view.agenda.take()) evaluateTask(view, node, now, options);
  }
  if (decideRunEnd(view, now)) return { wakeAt: null };
  return { wakeAt: earliestWake(view, timeoutAt) };
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
  endRun(view, 'fail', 'timed_out', now);
}

/** First millisecond at which the run is over its `dagrunTimeout`. */
function runTimeoutAt(view: RunView): Instant | null {
  const { dagrunTimeoutMs } = view.spec;
  const { startedAt } = view.run;
  return dagrunTimeoutMs === null || startedAt === null ? null : startedAt + dagrunTimeoutMs + 1;
}

function earliestWake(view: RunView, timeoutAt: Instant | null): Instant | null {
  // What was due has been taken out: it waits for something else than time.
  const next = view.agenda.nextWakeAt();
  return next === null || timeoutAt === null ? (next ?? timeoutAt) : Math.min(next, timeoutAt);
}

import type { Instant } from '../../model/instant.js';
import { runCallback } from '../callback/run-callback.js';
import type { RunView } from './run-view.js';

const STATES = { succeed: 'success', succeedPartially: 'partial', fail: 'failed' } as const;

/** Ends a run because of what became of its tasks or of its time, and lets its DAG be called back. */
export function endRun(view: RunView, transition: keyof typeof STATES, reason: string | null, now: Instant): void {
  const callback = runCallback(view.spec, view.run, STATES[transition], reason);
  view.transitionRun(transition, { endedAt: now }, reason, callback);
}

import type { AttemptOutcome } from '../model/outcome.js';

/** What a pass over runs has done. */
export interface AdvanceResult {
  readonly changedRuns: number;
  readonly endedRuns: number;
  readonly queued: number;
  readonly started: number;
  /** Another run that depends on the past of these was woken. */
  readonly wokeRuns: boolean;
  /** Events of assets came, or a DAG that waits for some has room for another run. */
  readonly wokeConsumers: boolean;
  /** There are callbacks to deliver. */
  readonly wroteCallbacks: boolean;
  /** Outcomes of stale runs: to be handed in again. */
  readonly retry: readonly AttemptOutcome[];
}

/** Of a pass that had nothing to write. */
export const NOTHING: AdvanceResult = {
  changedRuns: 0,
  endedRuns: 0,
  queued: 0,
  started: 0,
  wokeRuns: false,
  wokeConsumers: false,
  wroteCallbacks: false,
  retry: [],
};

export function bothResults(a: AdvanceResult, b: AdvanceResult): AdvanceResult {
  return {
    changedRuns: a.changedRuns + b.changedRuns,
    endedRuns: a.endedRuns + b.endedRuns,
    queued: a.queued + b.queued,
    started: a.started + b.started,
    wokeRuns: a.wokeRuns || b.wokeRuns,
    wokeConsumers: a.wokeConsumers || b.wokeConsumers,
    wroteCallbacks: a.wroteCallbacks || b.wroteCallbacks,
    retry: [...a.retry, ...b.retry],
  };
}

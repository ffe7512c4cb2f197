/**
 * Calls callbacks in this very process, for `testDag` and `dags test`: right after the commit that decided them, and once each, because who looks
 * at a run wants to see what went wrong and not how it is repeated.
 */
import type { CallbackAssignment } from '../model/callback.js';
import type { TaskError } from '../model/task-instance.js';
import type { CallbackStore } from '../ports/callback-store.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import type { RunnableDag } from '../worker/attempt/load-dag.js';
import { runCallback } from '../worker/callbacks/run-callback.js';

export interface InlineCallbacksOptions {
  readonly store: CallbackStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly loadDag: () => RunnableDag | Promise<RunnableDag>;
}

/** A callback that was called. */
export interface InlineCallback {
  readonly assignment: CallbackAssignment;
  /** What it threw; null when it ended well. */
  readonly error: TaskError | null;
}

const AT_ONCE = 100;
/** Nobody else takes callbacks from this store. */
const LEASE_MS = Number.MAX_SAFE_INTEGER / 4;

export class InlineCallbacks {
  /** Every call so far, in order. */
  readonly made: InlineCallback[] = [];

  constructor(private readonly options: InlineCallbacksOptions) {}

  /** Calls all that are due, one after the other. */
  async callDue(): Promise<void> {
    const { store, clock, logger, loadDag } = this.options;
    const log = { write: () => undefined, note: () => undefined };
    for (;;) {
      const due = await store.claimDue(clock.now(), AT_ONCE, LEASE_MS);
      if (due.length === 0) return;
      for (const assignment of due) {
        const error = await runCallback(assignment, loadDag, log);
        this.made.push({ assignment, error });
        if (error === null) await store.finish(assignment.lease);
        else await store.fail(assignment.lease, error, null);
        const { run, request } = assignment;
        const about = { dagId: run.dagId, runId: run.runId, taskId: request.task?.taskId, event: request.event };
        if (error !== null) logger.warn({ ...about, error }, 'a callback failed');
      }
    }
  }
}

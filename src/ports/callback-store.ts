import type { CallbackAssignment, StoredCallback } from '../model/callback.js';
import type { Instant } from '../model/instant.js';
import type { TaskError } from '../model/task-instance.js';

/**
 * Callbacks that commits have decided and that nobody has delivered yet. Any worker may take them; each is called at least once, and again until somebody
 * says that it is done. They go with their run when that is deleted.
 */
export interface CallbackStore {
  /**
   * Takes up to `limit` callbacks that are due (row lock, SKIP LOCKED, the one due longest first), each under a lease of its own, and counts the
   * call. One whose holder says nothing is due again after `leaseMs`.
   */
  claimDue(now: Instant, limit: number, leaseMs: number): Promise<readonly CallbackAssignment[]>;
  /** The call ended well: the callback is deleted. False: the lease is no longer current. */
  finish(lease: string): Promise<boolean>;
  /** The call failed: it is due again at `nextAt`, or (null) kept as given up. False: the lease is no longer current. */
  fail(lease: string, failure: TaskError, nextAt: Instant | null): Promise<boolean>;
  /** Those of these runs that are not done, in the order of their decisions. */
  list(dagRunIds: readonly number[]): Promise<readonly StoredCallback[]>;
}

import type { AttemptOutcome } from '../model/outcome.js';
import type { AttemptToken } from '../model/task-instance.js';
import type { Assignment } from '../model/workload.js';

/** Runs attempts that are already `running` in the store. Never throws from `start`: whatever happens becomes an outcome. */
export interface Executor {
  /** Process id (UUID) that owns the leases of what is started here. */
  readonly workerId: string;
  readonly slots: number;
  /** Queues whose tasks are started here: others stay queued for workers that serve theirs. Absent: all. */
  readonly queues?: readonly string[];
  freeSlots(): number;
  start(assignments: readonly Assignment[]): void;
  /** The attempt no longer counts: stop it (SIGTERM, grace, SIGKILL) and report nothing. Unknown tokens are ignored. */
  cancel(token: AttemptToken, reason: string): void;
  /** Tokens of all attempts under way. */
  running(): readonly AttemptToken[];
  /** Called once per started, not cancelled attempt. Set before the first `start`. */
  onOutcome(listener: (outcome: AttemptOutcome) => void): void;
  /** Takes no more attempts and ends within `graceMs`, or once `hurry` aborts: those still running then are killed and reported as `lost`. */
  stop(graceMs: number, hurry?: AbortSignal): Promise<void>;
}

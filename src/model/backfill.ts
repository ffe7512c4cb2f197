import type { Instant } from './instant.js';

export type ReprocessBehavior = 'none' | 'failed' | 'completed';

/** A backfill over a date range, stored before its first run starts. */
export interface Backfill {
  readonly id: number;
  readonly dagId: string;
  readonly fromDate: Instant;
  readonly toDate: Instant;
  readonly maxActiveRuns: number;
  readonly conf: Readonly<Record<string, unknown>>;
  readonly reprocessBehavior: ReprocessBehavior;
  readonly runBackwards: boolean;
  readonly isPaused: boolean;
  readonly createdAt: Instant;
  readonly completedAt: Instant | null;
  /** Number of runs it is responsible for, fixed at creation; it completes when all of them are terminal. */
  readonly expectedRuns: number;
  /** True: it was cancelled, and its runs that had not started were failed. */
  readonly isCancelled: boolean;
  /** True: it is being created, or the process that created it has died, and has only the first of its runs. It is paused then. */
  readonly isIncomplete: boolean;
  /** Whether runs that are taken over go on with the DAG's newest version or with their own. */
  readonly runOnLatestVersion: boolean;
}

export interface BackfillProgress {
  readonly backfill: Backfill;
  readonly queued: number;
  readonly running: number;
  readonly success: number;
  readonly partial: number;
  readonly failed: number;
  readonly firstStartedAt: Instant | null;
  readonly lastEndedAt: Instant | null;
}

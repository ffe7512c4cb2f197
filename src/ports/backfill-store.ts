/** The part of the store that holds backfills. */
import type { Backfill, BackfillProgress } from '../model/backfill.js';
import type { Actor, RunCommit } from '../model/commit.js';
import type { NewDagRun } from '../model/dag.js';
import type { Instant } from '../model/instant.js';

/** What is decided when a backfill is created. */
export type NewBackfill = Omit<Backfill, 'id' | 'createdAt' | 'completedAt' | 'isIncomplete'>;

export interface BackfillStore {
  /**
   * Under the DAG's lock: refuses when another backfill of the DAG is active, stores the backfill and creates its runs (queued); one that
   * exists by now is left out and not expected. What becomes of runs that existed before has been decided by the caller from `listRuns`:
   * `adopt` clears those that run again, in the same transaction, and they become the backfill's (backfill id and ordinal, run type and triggered_by
   * `backfill`). When one of `adopt` is stale, nothing is written and the answer is `stale`: the caller plans again. Many runs are created in
   * several transactions, so that nobody waits long for the DAG; until the last of them the backfill is paused, and incomplete.
   */
  create(
    backfill: NewBackfill,
    runs: readonly NewDagRun[],
    actor: Actor,
    now: Instant,
    adopt?: readonly AdoptedRun[],
  ): Promise<Backfill | 'conflict' | 'stale'>;
  /** Gives an incomplete backfill the runs that it lacks, as far as they do not exist by now, and unpauses it. Null: there is none. */
  complete(backfillId: number, runs: readonly NewDagRun[], actor: Actor, now: Instant): Promise<Backfill | null>;
  /** Pauses or unpauses a backfill: no more runs of it start, those under way go on. Null: there is none. */
  setPaused(backfillId: number, isPaused: boolean, actor: Actor, now: Instant): Promise<BackfillChange | null>;
  /** Ends a backfill: its queued runs fail, those under way go on. Null: there is none. */
  cancel(backfillId: number, actor: Actor, now: Instant): Promise<(BackfillChange & { readonly failedRuns: number }) | null>;
  progress(backfillId: number): Promise<BackfillProgress | null>;
  list(dagId?: string): Promise<readonly Backfill[]>;
  /** Completes backfills all of whose runs are terminal; returns their ids. */
  completeFinished(now: Instant): Promise<readonly number[]>;
}

/** A run that a backfill takes over: what clears it, and its place among the backfill's runs. */
export interface AdoptedRun {
  readonly commit: RunCommit;
  readonly ordinal: number;
}

/** A backfill as it is now; `isChanged`: it was another before. A completed one does not change. */
export interface BackfillChange {
  readonly backfill: Backfill;
  readonly isChanged: boolean;
}

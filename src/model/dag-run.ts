import type { DataInterval, Instant } from './instant.js';
import type { DagRunState, RunType, TriggeredBy } from './states.js';

/** One execution of a DAG. Identity for people: (dagId, runId); inside: `id`. */
export interface DagRun {
  readonly id: number;
  readonly dagId: string;
  readonly runId: string;
  readonly runType: RunType;
  readonly triggeredBy: TriggeredBy;
  readonly state: DagRunState;
  readonly logicalDate: Instant | null;
  readonly dataInterval: DataInterval | null;
  /** Earliest instant at which the run may start. */
  readonly runAfter: Instant;
  /** The author's `conf`: a JSON object. */
  readonly conf: Readonly<Record<string, unknown>>;
  readonly versionId: number;
  readonly backfillId: number | null;
  /** Position within its backfill, from 1; null for other runs. */
  readonly backfillOrdinal: number | null;
  readonly queuedAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly clearNumber: number;
  readonly note: string | null;
  /** The user who asked for it; null when nobody did. */
  readonly triggeringUser: string | null;
  /**
   * Counts the commits that changed this run or its task instances. A plan made from revision N commits only while the stored
   * revision is still N: that is what makes a cached snapshot safe.
   */
  readonly revision: number;
}

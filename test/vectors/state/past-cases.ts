/** The recorded cases of the check of the run before. */
import type { VectorCase } from '../vector-file.js';

export interface PastRun {
  readonly type: 'scheduled' | 'manual' | 'backfill' | 'asset';
  /** Logical date in days; null: none. */
  readonly day: number | null;
  readonly ordinal?: number;
  readonly [task: string]: unknown;
}

export interface PastCase extends VectorCase {
  readonly catchup: boolean;
  readonly task: {
    readonly depends_on_past?: boolean;
    readonly wait_for_downstream?: boolean;
    readonly ignore_first_depends_on_past?: boolean;
    readonly start_day?: number;
  };
  readonly mapped?: number;
  readonly run: PastRun;
  readonly runs: readonly PastRun[];
  readonly ctx?: Readonly<Record<string, boolean>>;
  readonly expect: { readonly met: boolean; readonly reason: string };
}

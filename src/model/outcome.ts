import type { AttemptToken, TaskError } from './task-instance.js';
import type { Instant } from './instant.js';
import type { TaggedJson } from './tagged-json.js';

/** How an attempt ended, as its worker saw it. `core/task-instance/settle-attempt.ts` turns it into a transition. */
export type Outcome =
  | { readonly kind: 'success'; readonly output: TaskOutput | null }
  | {
      readonly kind: 'failed';
      readonly error: TaskError;
      /** false: no retry even if tries are left. */ readonly retryable: boolean;
    }
  | { readonly kind: 'skipped'; readonly message: string | null }
  /** A sensor in reschedule mode wants to be called again at `at`. */
  | { readonly kind: 'reschedule'; readonly at: Instant }
  /** The infrastructure, not the task, ended the attempt: it is dispatched again without using up a retry. */
  | { readonly kind: 'lost'; readonly reason: string };

/** A return value, already encoded. */
export interface TaskOutput {
  readonly value: TaggedJson;
  /** See `TaskInstance.outputLength`. */
  readonly length: number;
}

export interface AttemptOutcome {
  readonly token: AttemptToken;
  readonly taskInstanceId: number;
  readonly dagRunId: number;
  readonly outcome: Outcome;
  /** By the worker's database-corrected clock. */
  readonly endedAt: Instant;
}

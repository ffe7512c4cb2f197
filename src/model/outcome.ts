import type { OutletRecord } from './asset.js';
import type { XComWrite } from './commit.js';
import type { AttemptToken, FlowDecision, TaskError } from './task-instance.js';
import type { Instant } from './instant.js';
import type { TaggedJson } from './tagged-json.js';

/** How an attempt ended, as its worker saw it. `core/task-instance/settle-attempt.ts` turns it into a transition. */
export type Outcome =
  | {
      readonly kind: 'success';
      readonly output: TaskOutput | null;
      /** Fields of the return value that are stored under keys of their own. */
      readonly fields?: readonly XComWrite[];
      readonly decision?: FlowDecision;
      /** What the task said of its outlets. */
      readonly outlets?: readonly OutletRecord[];
      readonly mapLabel?: string;
    }
  | {
      readonly kind: 'failed';
      readonly error: TaskError;
      /** false: no retry even if tries are left. */
      readonly retryable: boolean;
      /** The delay that a retry policy has chosen for this failure, in place of the task's own. */
      readonly retryDelayMs?: number;
      readonly mapLabel?: string;
    }
  | { readonly kind: 'skipped'; readonly message: string | null }
  /** A sensor in reschedule mode wants to be called again at `at`. */
  | { readonly kind: 'reschedule'; readonly at: Instant }
  /** The task waits for a trigger without holding a slot; at `timeoutAt` it goes on to fail. */
  | { readonly kind: 'defer'; readonly deferral: TaggedJson; readonly timeoutAt: Instant | null }
  /** The task waits for a person. */
  | { readonly kind: 'ask'; readonly deferral: TaggedJson; readonly timeoutAt: Instant | null }
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

import type { ExternalQuery } from './external-states.js';
import type { DataInterval, Instant } from './instant.js';

/** What a running task may ask for that is not known without asking: of its run's past, its copies, other DAGs and the settings. */
export type TaskFact =
  /** A `PreviousSuccess`. */
  | { readonly kind: 'previousSuccess' }
  /** Number of copies of the asking task. */
  | { readonly kind: 'expandedCount' }
  /** Of the assets that the task reads and writes those that cannot be used, as sentences. */
  | { readonly kind: 'displacedAssets' }
  /** An `ExternalStates`. */
  | { readonly kind: 'externalStates'; readonly query: ExternalQuery }
  /** The text of a variable. */
  | { readonly kind: 'variable'; readonly key: string }
  /** A `Connection`. */
  | { readonly kind: 'connection'; readonly connId: string };

/** The last run before the asking task's, by logical date, that ended well. */
export interface PreviousSuccess {
  readonly dataInterval: DataInterval | null;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
}

import type { TaggedJson } from './tagged-json.js';

/** A pull of XComs, as a task asks for it. */
export interface XComPull {
  /** One task, several in order, or (null) the asking task itself. */
  readonly taskIds: string | readonly string[] | null;
  readonly key: string;
  /** `all`: those that there are. */
  readonly mapIndexes: number | readonly number[] | 'all';
  /** Another run of the same DAG; null: the asking task's. */
  readonly runId: string | null;
  /** Whether a value of an earlier run counts where that run has none. */
  readonly includePriorDates: boolean;
  /** Stands in for what is missing. */
  readonly fallback?: TaggedJson;
}

/** What of the store a pull is made of. */
export interface XComQuery {
  readonly taskIds: readonly string[];
  readonly key: string;
  /** Null: all. */
  readonly mapIndexes: readonly number[] | null;
  /** The run with this id; null: the asking task's. */
  readonly runId: string | null;
  /** For each task, and with `mapIndexes` for each of its copies, the newest run up to that one that has a value other than null. */
  readonly includePriorDates: boolean;
}

/** A stored value that a query found. */
export interface XComRow {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly value: TaggedJson;
}

/** Slots that task instances of any DAG share. */
export interface Pool {
  readonly name: string;
  /** Most slots that may be taken at once; -1: no limit, 0: nothing starts. */
  readonly slots: number;
  readonly description: string | null;
  /** Deferred task instances keep their slots. */
  readonly includeDeferred: boolean;
}

/** The pool of a task that names none. It cannot be deleted. */
export const DEFAULT_POOL = 'default_pool';

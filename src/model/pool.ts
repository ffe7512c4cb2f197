/** Slots that task instances of any DAG share. */
export interface Pool {
  readonly name: string;
  /** Most slots that may be taken at once; -1: no limit, 0: nothing starts. */
  readonly slots: number;
  readonly description: string | null;
  /** Deferred task instances keep their slots. */
  readonly includeDeferred: boolean;
}

/** A pool with the slots that are taken. */
export interface PoolUse extends Pool {
  readonly queued: number;
  readonly running: number;
  /** Slots of deferred task instances; they count only with `includeDeferred`. */
  readonly deferred: number;
}

/** The pool of a task that names none. It cannot be deleted. */
export const DEFAULT_POOL = 'default_pool';
export const MOST_POOL_SLOTS = 2_147_483_647;

/** How a pool stands in the history: `3 slots`, `no limit, deferred included`. */
export function describePool({ slots, includeDeferred }: Pool): string {
  return `${slots < 0 ? 'no limit' : `${slots} ${slots === 1 ? 'slot' : 'slots'}`}${includeDeferred ? ', deferred included' : ''}`;
}

import type { Instant } from '../model/instant.js';

/** Time for decisions. In production it follows the database's clock; in tests and `testDag` it is set by hand. */
export interface Clock {
  now(): Instant;
  /** Resolves after `ms` of this clock, or at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Mints attempt tokens (UUID). */
export type MintToken = () => string;

import type { Instant } from '../model/instant.js';

/** The one shape of every service: `runOnce` does a bounded amount of work and says whether there is more. */
export interface Service<Result = ServiceResult> {
  readonly name: string;
  runOnce(now: Instant): Promise<Result>;
}

export interface ServiceResult {
  /** How many entities were changed. */
  readonly processed: number;
  /** True: call again at once, a limit was reached. */
  readonly more: boolean;
}

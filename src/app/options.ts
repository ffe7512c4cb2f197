import type { LoadedConfig } from '../config/load-config.js';

export interface ProcessOptions {
  readonly config: LoadedConfig;
  /** Show every log line of the system, not only warnings. */
  readonly verbose: boolean;
}

/** Which Postgres serves: the one of `database.url`, or the embedded one below the home folder. The rest of the code sees only a URL. */
import { join } from 'node:path';
import type { Config } from '../config/index.js';
import type { Logger } from '../ports/logger.js';

export interface Database {
  readonly url: string;
  /** `embedded 18.4` or the server's address without credentials, for people. */
  readonly label: string;
  /** Pid of an embedded server that this process started or adopted. */
  readonly pid: number | null;
  /** Stops an embedded server if this process is its owner; does nothing to an external one. */
  stop(): Promise<void>;
}

/** Connects to the running embedded server, starts it when there is none, or answers with the external one. */
export async function openDatabase(config: Config, logger: Logger): Promise<Database> {
  if (config.database.url !== null) {
    const { host, pathname } = new URL(config.database.url);
    return { url: config.database.url, label: `${host}${pathname}`, pid: null, stop: async () => {} };
  }
  const { startEmbeddedPostgres } = await import('./embedded-postgres.js');
  const server = await startEmbeddedPostgres({ dataDir: join(config.core.home, 'postgres'), logger });
  return { url: server.url, label: 'embedded', pid: server.pid, stop: () => server.stop() };
}

/** The embedded server of a running standalone or of another command, or null. */
export async function findRunningDatabase(config: Config): Promise<Database | null> {
  if (config.database.url !== null) return null;
  const { findRunningEmbeddedPostgres } = await import('./embedded-postgres.js');
  const found = await findRunningEmbeddedPostgres(join(config.core.home, 'postgres'));
  return found && { url: found.url, label: 'embedded', pid: null, stop: async () => {} };
}

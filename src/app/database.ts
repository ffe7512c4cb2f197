/** Which Postgres serves: the one of `database.url`, or the embedded one below the home folder. The rest of the code sees only a URL. */
import { join } from 'node:path';
import type { Config } from '../config/index.js';
import type { Logger } from '../ports/logger.js';
import { maskUrl } from '../store/postgres/connection.js';

export interface Database {
  readonly url: string;
  /** `embedded`, or the server's URL without its password, for people. */
  readonly label: string;
  /** Pid of an embedded server. */
  readonly pid: number | null;
  /** Leaves an embedded server, which ends when nobody else uses it; with `force` it ends in any case. Does nothing to an external one. */
  stop(options?: { readonly force?: boolean }): Promise<void>;
}

/** Joins the running embedded server, starts it when there is none, or answers with the external one. */
export async function openDatabase(config: Config, logger: Logger): Promise<Database> {
  if (config.database.url !== null) {
    return { url: config.database.url, label: maskUrl(config.database.url), pid: null, stop: async () => {} };
  }
  const { startEmbeddedPostgres } = await import('./embedded-postgres.js');
  const server = await startEmbeddedPostgres({ dataDir: join(config.core.home, 'postgres'), logger });
  return { url: server.url, label: 'embedded', pid: server.pid, stop: (options) => server.stop(options) };
}

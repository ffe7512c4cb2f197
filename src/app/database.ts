/** Which Postgres serves: the one of `database.url`, or the embedded one below the home folder. The rest of the code sees only a URL. */
import { join } from 'node:path';
import type { Config } from '../config/index.js';
import { isAirflowLikeError } from '../model/errors.js';
import type { Logger } from '../ports/logger.js';
import { checkConnection, isPassingFailure, maskUrl } from '../store/postgres/index.js';
import { sleep } from './database-clock.js';

export interface Database {
  readonly url: string;
  /** Where it is, for people: an embedded server by its address and pid, another one by its URL without the password. */
  readonly label: string;
  /** Leaves an embedded server, which ends when nobody else uses it; with `force` it ends in any case. Does nothing to an external one. */
  stop(options?: { readonly force?: boolean }): Promise<void>;
}

const RETRY_MS = 500;

/** Joins the running embedded server, starts it when there is none, or answers with the external one. */
export async function openDatabase(config: Config, logger: Logger): Promise<Database> {
  if (config.database.url !== null) {
    return { url: config.database.url, label: maskUrl(config.database.url), stop: async () => {} };
  }
  const { startEmbeddedPostgres } = await import('./embedded-postgres.js');
  const server = await startEmbeddedPostgres({ dataDir: join(config.core.home, 'postgres'), logger });
  const label = `embedded, 127.0.0.1:${server.port} (pid ${server.pid})`;
  return { url: server.url, label, stop: (options) => server.stop(options) };
}

/**
 * Resolves with the version of the server, for example `18.4`. A process that is started together with its database waits for it here, at most
 * `timeoutMs`; a wrong password or a missing database is not waited for. Commands do not wait: they answer at once.
 * @throws AirflowLikeError DB_CONNECT, DB_VERSION
 */
export async function waitForDatabase(url: string, timeoutMs: number, logger: Logger): Promise<string> {
  const deadline = performance.now() + timeoutMs;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await checkConnection(url);
    } catch (error) {
      if (!isPassingFailure(error) || performance.now() + RETRY_MS > deadline) throw error;
      if (isFirst && isAirflowLikeError(error)) {
        logger.warn({ connectTimeoutMs: timeoutMs }, `waiting for the database: ${error.message}`);
      }
      await sleep(RETRY_MS);
    }
  }
}

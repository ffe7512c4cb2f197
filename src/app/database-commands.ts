/** `db migrate`, `db check` and `db reset`. */
import { createLogger } from '../logging/logger.js';
import { checkConnection, checkSchema, maskUrl, migrate, resetSchema, schemaStatus } from '../store/postgres/index.js';
import { openDatabase } from './database.js';
import { prepareHome } from './home.js';
import type { ProcessOptions } from './options.js';

export interface DatabaseStatus {
  readonly serverVersion: string;
  /** The server's URL without its password. */
  readonly location: string;
  readonly schemaVersion: number;
  readonly expectedSchemaVersion: number;
}

export interface MigrationResult extends DatabaseStatus {
  /** Names of the migrations that were applied, in order. */
  readonly applied: readonly string[];
}

/** Applies what is missing. */
export function migrateDatabase(options: ProcessOptions): Promise<MigrationResult> {
  return withDatabase(options, async (url) => {
    const applied = await migrate(url);
    return { ...(await statusOf(url)), applied };
  });
}

/** @throws AirflowLikeError DB_CONNECT or DB_VERSION when the server cannot serve, SCHEMA_VERSION when its schema does not fit. */
export function checkDatabase(options: ProcessOptions): Promise<DatabaseStatus> {
  return withDatabase(options, async (url) => {
    const status = await statusOf(url);
    await checkSchema(url);
    return status;
  });
}

/** Drops everything of ours, with all history, and creates the schema anew. */
export function resetDatabase(options: ProcessOptions): Promise<MigrationResult> {
  return withDatabase(options, async (url) => {
    const before = await schemaStatus(url);
    await resetSchema(url);
    return { ...(await statusOf(url)), applied: before.version === 0 ? [] : ['reset'] };
  });
}

async function withDatabase<Result>(
  { config: { config } }: ProcessOptions,
  use: (url: string) => Promise<Result>,
): Promise<Result> {
  prepareHome(config.core.home);
  const logger = await createLogger({ level: 'warn', format: config.logging.format });
  const database = await openDatabase(config, logger);
  try {
    return await use(database.url);
  } finally {
    await database.stop();
  }
}

async function statusOf(url: string): Promise<DatabaseStatus> {
  const serverVersion = await checkConnection(url);
  const { version, needed } = await schemaStatus(url);
  return { serverVersion, location: maskUrl(url), schemaVersion: version, expectedSchemaVersion: needed };
}

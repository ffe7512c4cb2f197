/**
 * A database per test file, cloned from a migrated template (about 100 ms). The server is one embedded Postgres per jest run, or the one
 * that AIRFLOW_LIKE_TEST_DATABASE_URL names.
 */
import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/app/embedded-postgres.js';
import type { Logger } from '../../src/ports/logger.js';
import { migrate } from '../../src/store/postgres/index.js';
import { MIGRATIONS } from '../../src/store/postgres/schema.js';

export interface TestDatabase {
  readonly url: string;
  /** Drops the database, ending what is still connected. */
  drop(): Promise<void>;
}

const quiet = () => undefined;
/** Swallows everything. */
export const silentLogger: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => silentLogger };

const TEMPLATE = `airflow_like_template_${createHash('sha256').update(JSON.stringify(MIGRATIONS)).digest('hex').slice(0, 12)}`;

/** URL of a server on which databases may be created. */
export async function testServerUrl(): Promise<string> {
  const external = process.env['AIRFLOW_LIKE_TEST_DATABASE_URL'];
  if (external) return external;
  const dataDir = process.env['AIRFLOW_LIKE_TEST_POSTGRES_FOLDER'];
  if (!dataDir) throw new Error('test/support/jest-setup.mjs has not run');
  return (await startEmbeddedPostgres({ dataDir, logger: silentLogger })).url;
}

/** A new database with the current schema. */
export async function createTestDatabase(): Promise<TestDatabase> {
  return createFrom(TEMPLATE);
}

/** A new database without any schema, for tests of migrations. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return createFrom('template0');
}

async function createFrom(template: string): Promise<TestDatabase> {
  const server = await testServerUrl();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await withClient(server, async (client) => {
    // One process at a time: a template that somebody is connected to cannot be copied.
    await client.query('select pg_advisory_lock(1095782732, 99)');
    if (template === TEMPLATE) {
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [TEMPLATE]);
      if (rowCount === 0) {
        const half = `${TEMPLATE}_new`;
        await client.query(`drop database if exists ${half}`);
        await client.query(`create database ${half}`);
        await migrate(urlOf(server, half));
        await whenUnused(() => client.query(`alter database ${half} rename to ${TEMPLATE}`));
      }
    }
    await whenUnused(() => client.query(`create database ${name} template ${template}`));
  });
  return {
    url: urlOf(server, name),
    drop: () => withClient(server, (client) => whenUnused(() => client.query(`drop database if exists ${name} with (force)`))),
  };
}

/** A session that was closed, or ended by force, may take a while to go on a busy machine; Postgres waits for it five seconds only. */
async function whenUnused(change: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await change();
      return;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code !== '55006') throw error;
    }
  }
}

/** Runs statements on a client of their own. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', quiet);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.toString();
}

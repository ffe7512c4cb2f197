/**
 * Moves the database forward to the schema of this build and says whether it fits. Migrations run one transaction each, on a connection of
 * their own, under a blocking advisory lock: of many processes that start at once one migrates and the others wait. A killed
 * migration rolls back, and the lock ends with its connection, so nothing has to be cleaned.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { AirflowLikeError } from '../../model/errors.js';
import { connect, connectFailure, errorCode, maskUrl, SCHEMA } from './connection.js';
import { checkServer } from './database.js';
import { firstSchema } from './migrations/0001-first-schema.js';
import { problemsByParsedFile } from './migrations/0002-problems-by-parsed-file.js';
import { statesOfACompleteCore } from './migrations/0003-states-of-a-complete-core.js';
import { assets } from './migrations/0004-assets.js';
import { limitsAndLanes } from './migrations/0005-limits-and-lanes.js';
import { watchedFiles } from './migrations/0006-watched-files.js';
import { activeSince } from './migrations/0007-active-since.js';
import { longBackfills } from './migrations/0008-long-backfills.js';
import { callbacks } from './migrations/0009-callbacks.js';
import { incompleteBackfills } from './migrations/0010-incomplete-backfills.js';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** In order, versions 1, 2, 3... A migration that was released never changes. */
export const MIGRATIONS: readonly Migration[] = [
  firstSchema,
  problemsByParsedFile,
  statesOfACompleteCore,
  assets,
  limitsAndLanes,
  watchedFiles,
  activeSince,
  longBackfills,
  callbacks,
  incompleteBackfills,
];

export interface SchemaStatus {
  /** Version of the database; 0 when the schema is missing. */
  readonly version: number;
  /** Version this build needs. */
  readonly needed: number;
  readonly state: 'current' | 'missing' | 'older' | 'newer' | 'changed';
}

/** First half of the advisory lock's key says whose it is, the second what for. */
const MIGRATION_LOCK = `select pg_advisory_lock(1095782732, 1)`;
const MIGRATION_TIMEOUT_MS = 600_000;

/**
 * Applies what is missing and returns the names of the migrations applied.
 *
 * @throws AirflowLikeError SCHEMA_VERSION (newer or changed), DB_CONNECT, DB_VERSION
 */
export async function migrate(url: string): Promise<readonly string[]> {
  return withClient(url, async (client) => {
    await client.query('set lock_timeout = 0');
    await client.query(MIGRATION_LOCK);
    await client.query(`set lock_timeout = '5s'`);
    await client.query(`create schema if not exists ${SCHEMA}`);
    await client.query(
      `create table if not exists schema_migration (
         version integer primary key, name text not null, checksum text not null, applied_at timestamptz(3) not null default clock_timestamp()
       )`,
    );
    const status = await readStatus(client);
    if (status.state === 'newer' || status.state === 'changed') throw misfit(url, status);
    const missing = MIGRATIONS.slice(status.version);
    for (const migration of missing) await apply(client, migration);
    // Without statistics the plans of hot statements would be made for empty tables.
    if (missing.length > 0) await client.query('analyze dag, dag_run, task_instance, task_attempt, event_log, xcom');
    return missing.map((migration) => migration.name);
  });
}

/** How the database's schema compares to this build. */
export async function schemaStatus(url: string): Promise<SchemaStatus> {
  return withClient(url, readStatus);
}

/**
 * Resolves if the schema is exactly the one of this build.
 *
 * @throws AirflowLikeError SCHEMA_VERSION with the two versions and what to do
 */
export async function checkSchema(url: string): Promise<void> {
  const status = await schemaStatus(url);
  if (status.state !== 'current') throw misfit(url, status);
}

/** Drops everything of ours, with all history, and creates the schema anew. */
export async function resetSchema(url: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('set lock_timeout = 0');
    await client.query(MIGRATION_LOCK);
    await client.query(`drop schema if exists ${SCHEMA} cascade`);
  });
  await migrate(url);
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect({ url, role: 'migrate', statementTimeoutMs: MIGRATION_TIMEOUT_MS });
  try {
    await checkServer(client, url);
    return await work(client);
  } catch (error) {
    throw /^(42501|25006|08|57P)/.test(errorCode(error)) ? connectFailure(url, error) : error;
  } finally {
    await client.end();
  }
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.sql);
    await client.query('insert into schema_migration (version, name, checksum) values ($1, $2, $3)', [
      migration.version,
      migration.name,
      checksum(migration),
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function readStatus(client: pg.Client): Promise<SchemaStatus> {
  const needed = MIGRATIONS.length;
  const table = await client.query<{ found: boolean }>(`select to_regclass('${SCHEMA}.schema_migration') is not null as found`);
  if (!table.rows[0]?.found) return { version: 0, needed, state: 'missing' };
  const { rows } = await client.query<{ version: number; checksum: string }>(
    'select version, checksum from schema_migration order by version',
  );
  const version = rows.at(-1)?.version ?? 0;
  if (version > needed) return { version, needed, state: 'newer' };
  if (rows.some((row) => row.checksum !== checksum(MIGRATIONS[row.version - 1]!))) return { version, needed, state: 'changed' };
  if (version < needed) return { version, needed, state: version === 0 ? 'missing' : 'older' };
  return { version, needed, state: 'current' };
}

function checksum(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex');
}

function misfit(url: string, status: SchemaStatus): AirflowLikeError {
  const { version, needed } = status;
  const message = {
    current: '',
    missing: `the database has no schema of ours yet, this build needs version ${needed}; run "airflow-like db migrate"`,
    older: `database ${version}, this build needs ${needed}; run "airflow-like db migrate"`,
    newer: `database ${version}, this build knows only ${needed}; install the newer airflow-like (nothing was written)`,
    changed: `database ${version} was made by another build of the same version (checksum differs); use that build, or "airflow-like db reset"`,
  }[status.state];
  return new AirflowLikeError('SCHEMA_VERSION', { place: maskUrl(url), message });
}

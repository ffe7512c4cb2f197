/** Is there a database that fits? Connecting, versions of the server, creating the database of the embedded server. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { AirflowLikeError } from '../../model/errors.js';
import { connect, errorCode, maskUrl, OLDEST_SERVER } from './connection.js';

export interface CheckConnectionOptions {
  /** How often a failed attempt is repeated. Default 0. */
  readonly retry?: number;
  /** Pause between attempts. Default 1,000 ms. */
  readonly retryDelayMs?: number;
}

/**
 * Resolves with the server's version, for example `18.4`, when it can be reached and written.
 *
 * @throws AirflowLikeError DB_CONNECT, DB_VERSION
 */
export async function checkConnection(url: string, options: CheckConnectionOptions = {}): Promise<string> {
  for (let left = options.retry ?? 0; ; left--) {
    try {
      const client = await connect({ url, role: 'check' });
      try {
        return await checkServer(client, url);
      } finally {
        await client.end();
      }
    } catch (error) {
      if (left <= 0 || !(error instanceof AirflowLikeError) || error.code !== 'DB_CONNECT') throw error;
      await sleep(options.retryDelayMs ?? 1_000);
    }
  }
}

/**
 * Checks the server behind an open client.
 *
 * @throws AirflowLikeError DB_VERSION, DB_CONNECT (read-only)
 */
export async function checkServer(client: pg.Client, url: string): Promise<string> {
  const { rows } = await client.query<{ number: string; version: string; standby: boolean }>(
    `select current_setting('server_version_num') as number, current_setting('server_version') as version, pg_is_in_recovery() as standby`,
  );
  const row = rows[0]!;
  const version = row.version.split(' ')[0] ?? row.version;
  if (Number(row.number) < OLDEST_SERVER) {
    throw new AirflowLikeError('DB_VERSION', {
      place: maskUrl(url),
      message: 'this Postgres is too old',
      value: version,
      allowed: 'PostgreSQL 14 to 18',
    });
  }
  if (row.standby) {
    throw new AirflowLikeError('DB_CONNECT', {
      place: maskUrl(url),
      message: 'the server is read-only (a standby); use the primary',
    });
  }
  return version;
}

/** Creates the database that the URL names, if it is missing, through the maintenance database `postgres`. */
export async function ensureDatabase(url: string): Promise<void> {
  try {
    await (await connect({ url, role: 'check' })).end();
    return;
  } catch (error) {
    if (!(error instanceof AirflowLikeError) || errorCode(error.details.cause) !== '3D000') throw error;
  }
  const maintenance = new URL(url);
  const name = decodeURIComponent(maintenance.pathname.slice(1));
  maintenance.pathname = '/postgres';
  const client = await connect({ url: maintenance.toString(), role: 'check', statementTimeoutMs: 60_000 });
  try {
    await client.query(`create database ${client.escapeIdentifier(name)}`);
  } catch (error) {
    if (errorCode(error) !== '42P04') throw error;
  } finally {
    await client.end();
  }
}

/**
 * How every connection to Postgres is made: limits, types and names in one place, so that no client without an error listener or
 * a deadline can exist. What goes over a connection is not decided here.
 */
import pg from 'pg';
import { AirflowLikeError } from '../../model/errors.js';
import { parseTimestamp } from './timestamps.js';

/** Name of the schema that holds all tables. */
export const SCHEMA = 'airflow_like';
/** Oldest server that is supported, as `server_version_num`. */
export const OLDEST_SERVER = 140_000;

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 2_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;

export interface ConnectionOptions {
  readonly url: string;
  /** Part of `application_name`: `airflow-like:<role>`. */
  readonly role: string;
  /**
   * One plan per prepared statement and session, made of index lookups and nested loops only. Without this the plan of a statement that
   * was prepared while the tables were empty reads all history (measured: five times slower after a minute).
   */
  readonly pinPlans?: boolean;
  /** 0 turns it off. Default 10 s. */
  readonly statementTimeoutMs?: number;
}

/** Options for a pg client or pool. */
export function clientConfig(options: ConnectionOptions): pg.ClientConfig {
  const settings: Record<string, string | number> = {
    search_path: SCHEMA,
    timezone: 'UTC',
    datestyle: 'ISO',
    jit: 'off',
    statement_timeout: options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    ...(options.pinPlans && {
      plan_cache_mode: 'force_generic_plan',
      enable_seqscan: 'off',
      enable_bitmapscan: 'off',
      enable_hashjoin: 'off',
      enable_mergejoin: 'off',
    }),
  };
  const fromUrl = readUrl(options.url).searchParams.get('options');
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  return {
    connectionString: driverUrl(options.url),
    options: [...(fromUrl ? [fromUrl] : []), ...flags].join(' '),
    application_name: `airflow-like:${options.role}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser },
  };
}

/**
 * Opens one client with an error listener: without one, a server that ends the connection would end this process.
 *
 * @throws AirflowLikeError DB_CONNECT
 */
export async function connect(options: ConnectionOptions): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(options));
  client.on('error', () => client.end().catch(() => undefined));
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw connectFailure(options.url, error);
  }
}

/** ids are below 2^53, instants are epoch milliseconds: neither needs a class. */
const parsers: Readonly<Record<number, (text: string) => unknown>> = { 20: Number, 1184: parseTimestamp };

function getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  return (format !== 'binary' && parsers[oid]) || (pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown);
}

/** The URL without its password, for messages and logs. */
export function maskUrl(url: string): string {
  try {
    if (!url.includes('//')) return maskRoughly(url);
    const parsed = parseUrl(url);
    if (parsed.hash) return maskRoughly(url);
    if (parsed.password) parsed.password = '***';
    if (parsed.searchParams.has('password')) parsed.searchParams.set('password', '***');
    return parsed.toString();
  } catch {
    return maskRoughly(url);
  }
}

/** For a text that is no URL, often because its password holds a `#` or `/`: all between the user's name and the last `@`. */
const maskRoughly = (text: string) => text.replace(/^([a-z]+:\/\/)?([^:@]*):.*@/is, '$1$2:***@');

/** Also takes libpq's form without a host, `postgres://user@/database?host=/folder/of/the/socket`. */
const parseUrl = (url: string) => new URL(url.replace('@/', '@localhost/'));

/**
 * @throws AirflowLikeError DB_CONNECT unless it is a Postgres URL.
 */
function readUrl(url: string): URL {
  let parsed: URL | null = null;
  try {
    parsed = parseUrl(url);
  } catch {
    // Falls through to the error below.
  }
  if (parsed === null || parsed.hash !== '' || !['postgres:', 'postgresql:'].includes(parsed.protocol)) {
    throw new AirflowLikeError('DB_CONNECT', {
      place: 'database.url',
      message: 'this is not a Postgres URL',
      value: maskUrl(url),
      allowed: 'postgres://user:password@host:5432/database, in a password # / ? written as %23 %2F %3F',
    });
  }
  return parsed;
}

/** The URL as the driver takes it: without `options`, which are joined with ours, and with `sslmode` meaning what it means to psql. */
function driverUrl(url: string): string {
  if (!/[?&](options|sslmode)=/.test(url)) return url;
  const parsed = readUrl(url);
  parsed.searchParams.delete('options');
  if (parsed.searchParams.has('sslmode') && !parsed.searchParams.has('uselibpqcompat')) {
    parsed.searchParams.set('uselibpqcompat', 'true');
  }
  return parsed.toString();
}

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; start the server, or check host and port',
  ENOENT: 'there is no such socket; start the server, or check the path',
  ENOTFOUND: 'the host name is unknown; check it',
  EAI_AGAIN: 'the host name cannot be resolved now; check it and the network',
  ETIMEDOUT: 'it does not answer; check host, port and firewall',
  EHOSTUNREACH: 'there is no way to the host; check it and the network',
  '28P01': 'check user and password',
  '28000': 'the server refuses this user from here; check user and pg_hba.conf',
  '3D000': 'the database does not exist; create it with "createdb", or check the name',
  '42501': 'the user lacks a right; grant it (CREATE on the database)',
  '25006': 'the server is read-only (a standby?); use the primary',
  '53300': 'the server has no free connection; raise its max_connections or lower database.poolSize',
  '57P03': 'the server is starting up or shutting down; try again',
};

/** Turns whatever a connection attempt threw into one line that says where, what and what to do. */
export function connectFailure(url: string, error: unknown): AirflowLikeError {
  if (error instanceof AirflowLikeError) return error;
  const code = errorCode(error);
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const said = (first instanceof Error ? first.message : String(first)).split('\n')[0] ?? '';
  const hint = HINTS[code] ?? (/timeout/i.test(said) ? HINTS['ETIMEDOUT'] : 'check database.url');
  return new AirflowLikeError('DB_CONNECT', {
    place: maskUrl(url),
    message: `${said.replaceAll(passwordOf(url), '***')}; ${hint}`,
    cause: error,
  });
}

function passwordOf(url: string): string {
  try {
    return decodeURIComponent(parseUrl(url).password) || '\0';
  } catch {
    return '\0';
  }
}

/** Failures that end by themselves when the server or the network comes up. */
const PASSING = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  '53300',
  '57P03',
]);

/** Whether a DB_CONNECT is worth another try: a server that is not up yet, not a wrong password or name. */
export function isPassingFailure(error: unknown): boolean {
  return error instanceof AirflowLikeError && error.code === 'DB_CONNECT' && PASSING.has(errorCode(error.details.cause));
}

/** SQLSTATE or Node's error code; empty when there is none. */
export function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error instanceof AggregateError ? errorCode(error.errors[0]) : '';
}

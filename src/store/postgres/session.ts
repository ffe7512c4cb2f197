/**
 * The only way statements reach Postgres: named prepared statements over pooled connections, each with a client-side deadline that
 * destroys the socket, and whole-transaction retry on errors that pass. All our transactions are idempotent (unique keys, state,
 * token and revision guards), so a retry after an unknown commit outcome is safe: what was written already comes back as stale.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '../../ports/logger.js';
import { clientConfig, connectFailure, errorCode, type ConnectionOptions } from './connection.js';

/** A statement that is parsed and planned once per connection. The name must be unique per text. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export type Row = Record<string, unknown>;

/** Runs statements; in a transaction all on one connection, in the order in which they are sent, which need not wait for answers. */
export interface Session {
  run<R = Row>(statement: Statement, values?: readonly unknown[]): Promise<R[]>;
  /** For statements whose text is made per call (filters): not prepared. */
  runText<R = Row>(text: string, values?: readonly unknown[]): Promise<R[]>;
}

const TRIES = 5;
const MAX_RETRY_DELAY_MS = 400;
/** Longer than statement_timeout: it ends only queries whose server or network is gone. */
const CLIENT_DEADLINE_MS = 12_000;

export interface DatabaseOptions extends ConnectionOptions {
  readonly poolSize: number;
  /** After this time without an answer the socket is destroyed. Default 12 s: longer than `statementTimeoutMs`. */
  readonly deadlineMs?: number;
  readonly logger?: Logger;
}

export class Database implements Session {
  private readonly pool: pg.Pool;
  private readonly deadlineMs: number;

  constructor(private readonly options: DatabaseOptions) {
    this.pool = new pg.Pool({
      ...clientConfig(options),
      pipeline: true,
      max: options.poolSize,
      idleTimeoutMillis: 0,
      allowExitOnIdle: true,
    });
    this.deadlineMs = options.deadlineMs ?? CLIENT_DEADLINE_MS;
    // The pool listens only to idle clients: a connection that breaks while in use would end the process.
    this.pool.on('connect', (client) =>
      client.on('error', (error) => this.options.logger?.debug({ err: error }, 'a database connection ended')),
    );
    this.pool.on('error', (error) => this.options.logger?.debug({ err: error }, 'an idle database connection ended'));
  }

  async run<R = Row>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    return this.retry((session) => session.run<R>(statement, values));
  }

  /** Runs a statement that must not be repeated when its outcome is unknown: the caller has to hear of it. */
  async runOnce<R = Row>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    try {
      return await this.withClient((session) => session.run<R>(statement, values));
    } catch (error) {
      throw isLost(error) ? connectFailure(this.options.url, error) : error;
    }
  }

  async runText<R = Row>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    return this.retry((session) => session.runText<R>(text, values));
  }

  /** Runs `work` in a READ COMMITTED transaction; on a passing error all of it again. `work` must not touch anything but its session. */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.retry(async (session) => {
      // What `work` sends first travels with it.
      const begun = session.runText('begin');
      try {
        const [, result] = await Promise.all([begun, work(session)]);
        await session.runText('commit');
        return result;
      } catch (error) {
        // A broken connection rolls back by itself; `retry` discards it.
        if (isSqlError(error)) await session.runText('rollback').catch(() => undefined);
        throw error;
      }
    });
  }

  /** A transaction in one round trip: `send` hands over all its statements before it waits for an answer. If one of them fails, none counts. */
  async batch<T>(send: (session: Session) => Promise<T>): Promise<T> {
    return this.retry(async (session) => {
      const answers = await Promise.allSettled([session.runText('begin'), send(session), session.runText('commit')]);
      for (const answer of answers) if (answer.status === 'rejected') throw answer.reason as Error;
      return (answers[1] as PromiseFulfilledResult<T>).value;
    });
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async retry<T>(work: (session: Session) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.withClient(work);
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (attempt === TRIES) throw isLost(error) ? connectFailure(this.options.url, error) : error;
        this.options.logger?.debug({ err: error, attempt }, 'retrying a database transaction');
        await sleep(Math.random() * Math.min(MAX_RETRY_DELAY_MS, 25 * 2 ** attempt));
      }
    }
  }

  private async withClient<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    const session = new ClientSession(client, this.deadlineMs);
    try {
      const result = await work(session);
      client.release();
      return result;
    } catch (error) {
      // Only an error the server reported on a healthy connection leaves the connection usable.
      client.release(isSqlError(error) ? undefined : true);
      throw error;
    }
  }
}

class ClientSession implements Session {
  constructor(
    private readonly client: pg.PoolClient,
    private readonly deadlineMs: number,
  ) {}

  run<R>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    return this.query<R>({ name: statement.name, text: statement.text, values: values as unknown[] });
  }

  runText<R>(text: string, values?: readonly unknown[]): Promise<R[]> {
    return this.query<R>(values?.length ? { text, values: values as unknown[] } : { text });
  }

  private async query<R>(config: pg.QueryConfig): Promise<R[]> {
    const timer = setTimeout(() => {
      const { connection } = this.client as unknown as { connection: { stream: { destroy(error: Error): void } } };
      connection.stream.destroy(Object.assign(new Error('the database did not answer in time'), { code: 'ETIMEDOUT' }));
    }, this.deadlineMs);
    try {
      return (await this.client.query(config)).rows as R[];
    } finally {
      clearTimeout(timer);
    }
  }
}

/** An SQLSTATE of five characters that does not say that the session is over. */
function isSqlError(error: unknown): boolean {
  const code = errorCode(error);
  return error instanceof pg.DatabaseError && code.length === 5 && !/^(57P0[1-5]|08|25P0[2-4]|25006)/.test(code);
}

/** Errors that go away by themselves: conflicts, restarts, failovers, full servers, broken connections. */
function isPassing(error: unknown): boolean {
  const code = errorCode(error);
  return /^(40001|40P01|55P03|53300)$/.test(code) || isLost(error);
}

function isLost(error: unknown): boolean {
  const code = errorCode(error);
  if (/^(57P0[1-5]|08...|25006|25P03)$/.test(code)) return true;
  if (['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOENT', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code))
    return true;
  return (
    error instanceof Error &&
    /Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect/.test(error.message)
  );
}

import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { checkConnection, openPostgresStore } from '../../src/store/postgres/index.js';
import { connectFailure, maskUrl } from '../../src/store/postgres/connection.js';
import { Database } from '../../src/store/postgres/session.js';
import { parseTimestamp } from '../../src/store/postgres/timestamps.js';
import { createTestDatabase, withClient, type TestDatabase } from '../support/postgres.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** The database's address over TCP, where passwords are asked for. */
function tcpUrl(change: (url: URL) => void): string {
  const url = new URL(database.url);
  url.searchParams.delete('host');
  change(url);
  return url.toString();
}

describe('checkConnection', () => {
  it('answers with the version of the server', async () => {
    expect(await checkConnection(database.url)).toMatch(/^\d+(\.\d+)?$/);
  });

  it.each<[string, () => string, RegExp]>([
    ['another scheme', () => 'mysql://u:secret@localhost/x', /not a Postgres URL.*allowed: postgres:\/\//],
    ['no URL at all', () => 'localhost 5432', /not a Postgres URL/],
    ['a closed port', () => tcpUrl((url) => (url.port = '1')), /ECONNREFUSED.*nothing listens there/],
    ['a host that does not exist', () => tcpUrl((url) => (url.hostname = 'no-such-host.invalid')), /host name/],
    [
      'a wrong password',
      () => tcpUrl((url) => (url.password = 'secret')),
      /password authentication failed.*check user and password/,
    ],
    ['an unknown database', () => tcpUrl((url) => (url.pathname = '/missing')), /"missing" does not exist.*createdb/],
    ['a missing socket', () => `postgres://u:secret@/x?host=${encodeURIComponent('/nowhere')}`, /no such socket/],
  ])('names %s in one line, without the password', async (_what, url, message) => {
    const error = await checkConnection(url()).then(
      () => null,
      (reason: unknown) => reason as Error & { code: string },
    );
    expect(error).toMatchObject({ code: 'DB_CONNECT' });
    expect(error!.message).toMatch(message);
    expect(error!.message).not.toMatch(/secret|\n/);
    expect(error!.message).not.toContain(new URL(database.url).password);
  });

  it('gives up on a server that does not answer', async () => {
    const silent: Server = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    await expect(checkConnection(`postgres://u@127.0.0.1:${port}/x`)).rejects.toMatchObject({ code: 'DB_CONNECT' });
    silent.close();
  });

  it('tries again as often as asked', async () => {
    let attempts = 0;
    const server = createServer((socket) => {
      attempts++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const refused = checkConnection(`postgres://u@127.0.0.1:${port}/x`, { retry: 3, retryDelayMs: 1 });
    await expect(refused).rejects.toMatchObject({ code: 'DB_CONNECT' });
    expect(attempts).toBe(4);
    server.close();
  });

  it.each([
    ['postgres://u:p%40ss@h:1/d?x=1', 'postgres://u:***@h:1/d?x=1'],
    ['postgres://h/d?password=p', 'postgres://h/d?password=***'],
    ['u:p@h', 'u:***@h'],
    ['postgres://u:p#a/ss@h:1/d', 'postgres://u:***@h:1/d'],
    ['postgres://u:12#p@h/d', 'postgres://u:***@h/d'],
  ])('masks %s', (url, masked) => expect(maskUrl(url)).toBe(masked));

  it('takes a password out of what the driver says', () => {
    expect(connectFailure('postgres://u:hunter2@h/d', new Error('cannot use hunter2\nat x')).message).not.toMatch(/hunter2|at x/);
  });
});

describe('Database', () => {
  const opened: Database[] = [];
  const open = (options: { poolSize?: number; statementTimeoutMs?: number; deadlineMs?: number } = {}) => {
    const made = new Database({ url: database.url, role: 'test', poolSize: 2, pinPlans: true, ...options });
    opened.push(made);
    return made;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((made) => made.close()));
  });

  it('survives the end of its connections, idle or in use', async () => {
    const client = open();
    const pid = { name: 'pid', text: 'select pg_backend_pid() as pid' };
    const [first] = await client.run<{ pid: number }>(pid);
    await withClient(database.url, (admin) => admin.query('select pg_terminate_backend($1)', [first!.pid]));
    const [second] = await client.run<{ pid: number }>(pid);
    expect(second!.pid).not.toBe(first!.pid);
    let tries = 0;
    const result = await client.transaction(async (session) => {
      const [row] = await session.run<{ pid: number }>(pid);
      if (++tries === 1) await withClient(database.url, (admin) => admin.query('select pg_terminate_backend($1)', [row!.pid]));
      return (await session.run<{ one: number }>({ name: 'one', text: 'select 1 as one' }))[0]!.one;
    });
    expect([tries, result]).toEqual([2, 1]);
  });

  it.each(['40001', '40P01', '55P03', '57P01', '57P03', '08006', '25006', '53300'])(
    'repeats a whole transaction after %s',
    async (state) => {
      const client = open();
      await client.runText('create temp sequence if not exists tries');
      let tries = 0;
      const result = await client.transaction(async (session) => {
        tries++;
        if (tries < 3) await session.runText(`do $$ begin raise exception 'passing' using errcode = '${state}'; end $$`);
        return tries;
      });
      expect(result).toBe(3);
    },
  );

  it('rolls back and does not repeat on other errors, and the connection stays good', async () => {
    const client = open({ poolSize: 1 });
    await client.runText('create temp table t (x int)');
    let tries = 0;
    const failing = client.transaction(async (session) => {
      tries++;
      await session.runText('insert into t values (1)');
      await session.runText('select 1 / 0');
    });
    await expect(failing).rejects.toMatchObject({ code: '22012' });
    expect(tries).toBe(1);
    expect(await client.runText('select * from t')).toEqual([]);
  });

  it('gives up after five tries', async () => {
    let tries = 0;
    const failing = open().transaction(async (session) => {
      tries++;
      await session.runText(`do $$ begin raise exception 'again' using errcode = '40001'; end $$`);
    });
    await expect(failing).rejects.toMatchObject({ code: '40001' });
    expect(tries).toBe(5);
  });

  it('says which role it is and limits what a statement may take', async () => {
    const [row] = await open().runText<Record<string, string>>(
      `select current_setting('application_name') as name, current_setting('statement_timeout') as statement,
        current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle`,
    );
    expect(row).toEqual({ name: 'airflow-like:test', statement: '10s', lock: '2s', idle: '10s' });
    await expect(open({ statementTimeoutMs: 20 }).runText('select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' });
  });

  it('destroys the socket of a server that stops answering', async () => {
    const client = open({ deadlineMs: 1_500, poolSize: 1 });
    await expect(client.runText('select pg_sleep(60)')).rejects.toMatchObject({ code: 'DB_CONNECT' });
    expect(await client.runText('select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('timestamps', () => {
  it.each([
    '1970-01-01T00:00:00.000Z',
    '2024-02-29T23:59:59.999Z',
    '2024-02-29T23:59:59.120Z',
    '2024-02-29T23:59:59.100Z',
    '0044-03-15T12:00:00.007Z',
    '-000043-03-15T12:00:00.000Z',
    '+012345-06-07T08:09:10.011Z',
    '9999-12-31T23:59:59.999Z',
  ])('reads %s as Postgres writes it', async (iso) => {
    const instant = Date.parse(iso);
    const text = await withClient(database.url, async (client) => {
      await client.query(`set timezone = 'UTC'`);
      return (await client.query<{ t: string }>('select to_timestamp($1::float8 / 1000)::timestamptz(3)::text as t', [instant]))
        .rows[0]!.t;
    });
    expect(parseTimestamp(text)).toBe(instant);
  });
});

describe('plans', () => {
  it('find rows by index, whatever the tables held when they were made', async () => {
    const store = await openPostgresStore({ url: `${database.url}&options=-c%20log_statement%3Dnone`, role: 'plans' });
    expect(await store.scheduling.claimRunsToPlan(Date.now(), 5, 1_000)).toEqual([]);
    await store.close();
    const client = new Database({ url: database.url, role: 'test', poolSize: 1, pinPlans: true });
    const { commitStatement, PARTS } = await import('../../src/store/postgres/commit-statement.js');
    const parts = Object.keys(PARTS) as (keyof typeof PARTS)[];
    for (const filled of [false, true]) {
      if (filled) {
        await client.runText(
          `insert into dag_run (dag_id, run_id, run_type, triggered_by, state, run_after, version_id, queued_at, conf)
           values ('d', 'r', 'manual', 'cli', 'running', now(), 1, now(), '{}')`,
        );
        await client.runText('analyze dag_run, task_instance, task_attempt, xcom');
      }
      const values = ["'00'", "'00'", ...parts.map((part) => `'{}'::${PARTS[part].typeName}[]`)];
      await client.runText(`deallocate all`);
      await client.runText(`prepare plan_under_test as ${commitStatement(parts).text}`);
      const rows = await client.runText<{ 'QUERY PLAN': string }>(`explain execute plan_under_test (${values.join(', ')})`);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).not.toContain('Seq Scan');
      const hot = ['dag_run_pkey', 'task_instance_pkey', 'task_attempt_pkey', 'xcom_pkey'];
      const scans = (plan.match(/Index Scan using \w+ on \w+ \w+/g) ?? []).map((scan) => scan.split(' ')[3] as string);
      expect(scans).toEqual(expect.arrayContaining(hot));
      // Tables that are few rows for ever (assets) are looked up by what they hold.
      expect(plan.match(/Index Cond: \(\w+ = ANY/g)).toHaveLength(scans.filter((index) => hot.includes(index)).length);
    }
    await client.close();
  });
});

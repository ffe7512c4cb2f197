import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findRunningEmbeddedPostgres, startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/app/embedded-postgres.js';
import { silentLogger, withClient } from '../support/postgres.js';

let root: string;
let dataDir: string;
const start = (folder = dataDir, port?: number) =>
  startEmbeddedPostgres({ dataDir: folder, logger: silentLogger, ...(port === undefined ? {} : { port }) });
const query = (url: string, sql: string) =>
  withClient(url, async (client) => (await client.query<Record<string, string>>(sql)).rows);
/** A process that has ended but was not collected by init yet does not count. */
function isAlive(pid: number): boolean {
  if (!existsSync('/proc/self/stat')) return kill(pid, 0);
  return existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}
/** The server removes its pid file a moment before its process ends. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
}
function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** A process of its own that starts the server, says its pid and waits. */
async function startInChild(): Promise<{ pid: number; serverPid: number; kill: () => Promise<void> }> {
  const module = new URL('../../dist/app/embedded-postgres.js', import.meta.url).href;
  const quiet = '() => {}';
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(module)};
    const logger = { debug: ${quiet}, info: ${quiet}, warn: ${quiet}, error: ${quiet}, child: () => logger };
    const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, logger });
    process.stdout.write(String(server.pid));
    setInterval(${quiet}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    pid: child.pid!,
    serverPid: Number(said.toString()),
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'airflow-like-embedded-'));
  await chmod(root, 0o755);
  dataDir = join(root, 'postgres');
});
afterAll(async () => {
  await (await start()).stop({ force: true });
  await rm(root, { recursive: true, force: true, maxRetries: 10 });
});

describe('embedded Postgres', () => {
  it('has nothing running before the first start', async () => {
    expect(await findRunningEmbeddedPostgres(dataDir)).toBeNull();
  });

  it('does an interrupted initdb again, starts, and keeps its data over a restart', async () => {
    await mkdir(join(dataDir, 'data.new'), { recursive: true });
    await writeFile(join(dataDir, 'data.new', 'PG_VERSION'), '18');
    const first = await start();
    expect(first).toMatchObject({ wasRunning: false, folder: dataDir });
    await query(first.url, 'create table kept as select 7 as x');
    await first.stop();
    await gone(first.pid);
    const second = await start();
    expect(await query(second.url, 'select x from kept')).toEqual([{ x: 7 }]);
    expect(second.port).toBe(first.port);
    expect(second.url).toBe(first.url);
    await second.stop();
  });

  it('is durable, reachable on this machine only, and asks for a password on TCP', async () => {
    const server = await start();
    const settings = await query(
      server.url,
      `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'listen_addresses', 'unix_socket_permissions') order by name`,
    );
    expect(Object.fromEntries(settings.map((row) => [row['name'], row['setting']]))).toMatchObject({
      fsync: 'on',
      listen_addresses: '127.0.0.1',
      synchronous_commit: 'on',
    });
    const tcp = new URL(server.url);
    tcp.searchParams.delete('host');
    expect(await query(tcp.toString(), 'select 1 as one')).toEqual([{ one: 1 }]);
    tcp.password = 'guess';
    await expect(query(tcp.toString(), 'select 1')).rejects.toMatchObject({ code: '28P01' });
    await server.stop();
  });

  it('starts one server for many that want it, and the last one out stops it', async () => {
    const child = await startInChild();
    const [here, again] = await Promise.all([start(), start()]);
    expect([here.pid, again.pid, here.wasRunning]).toEqual([child.serverPid, child.serverPid, true]);
    expect(await findRunningEmbeddedPostgres(dataDir)).toEqual({ url: here.url });
    await here.stop();
    expect(isAlive(child.serverPid)).toBe(true);
    await child.kill();
    await (await start()).stop();
    expect(isAlive(child.serverPid)).toBe(true); // this process uses it twice
    await again.stop();
    await gone(child.serverPid);
    expect(await findRunningEmbeddedPostgres(dataDir)).toBeNull();
  });

  it('stops by force although others use it', async () => {
    const child = await startInChild();
    await (await start()).stop({ force: true });
    expect(isAlive(child.serverPid)).toBe(false);
    await child.kill();
  });

  it('adopts the server of a killed parent', async () => {
    const child = await startInChild();
    await child.kill();
    expect(isAlive(child.serverPid)).toBe(true);
    const adopted = await start();
    expect(adopted).toMatchObject({ pid: child.serverPid, wasRunning: true });
    await adopted.stop();
    expect(isAlive(child.serverPid)).toBe(false);
  });

  it('recovers when the server itself was killed, and passes over a pid that is somebody else now', async () => {
    const first = await start();
    await query(first.url, 'create table durable as select 1 as x');
    kill(first.pid, 'SIGKILL');
    await first.stop();
    const second = await start();
    expect(second.pid).not.toBe(first.pid);
    expect(await query(second.url, 'select x from durable')).toEqual([{ x: 1 }]);
    await second.stop();
    await writeFile(join(dataDir, 'data', 'postmaster.pid'), `${process.pid}\n${join(dataDir, 'data')}\n1\n1\n\n\n\nready\n`);
    const third = await start();
    expect(third.wasRunning).toBe(false);
    await third.stop();
  });

  it('takes another port when its own is taken, and the one it is told', async () => {
    const first = await start();
    await first.stop();
    const thief = createServer();
    await new Promise<void>((resolve) => thief.listen(first.port, '127.0.0.1', resolve));
    const second = await start();
    expect(second.port).not.toBe(first.port);
    await second.stop();
    await new Promise((resolve) => thief.close(resolve));
    const third = await start(dataDir, first.port);
    expect(third.port).toBe(first.port);
    await third.stop();
  });

  it('says what the server said when it does not start', async () => {
    const broken = join(root, 'broken');
    await mkdir(join(broken, 'data'), { recursive: true });
    await expect(start(broken)).rejects.toMatchObject({
      code: 'DB_CONNECT',
      message: expect.stringMatching(/does not start: .*postgresql\.conf.*postgres\.log/) as unknown as string,
    });
    expect(existsSync(join(broken, 'start.lock'))).toBe(false);
  });

  it('takes over the lock of a process that died while starting', async () => {
    await writeFile(join(dataDir, 'start.lock'), '999999999');
    await (await start()).stop();
  });

  it('puts the socket elsewhere when the folder is too deep for one', async () => {
    const deep = join(root, 'a'.repeat(60), 'b'.repeat(60));
    const server = await start(deep);
    expect(decodeURIComponent(server.url)).toMatch(/host=\/tmp\/airflow-like-/);
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server.stop();
    await rm(new URL(server.url).searchParams.get('host')!, { recursive: true, force: true, maxRetries: 10 });
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot('as root uses a folder that the unprivileged account can reach', async () => {
    const locked = join(root, 'locked');
    await mkdir(locked, { mode: 0o700 });
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) };
    const open = (): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ dataDir: join(locked, 'pg'), logger });
    const server = await open();
    expect(server.folder).toMatch(/^\/var\/lib\/airflow-like\//);
    expect(warnings).toEqual([expect.stringContaining(server.folder)]);
    const owner = await query(server.url, `select pg_catalog.current_setting('data_directory') as folder`);
    expect(owner).toEqual([{ folder: join(server.folder, 'data') }]);
    expect(await findRunningEmbeddedPostgres(join(locked, 'pg'))).toEqual({ url: server.url });
    await server.stop();
    expect((await open()).folder).toBe(server.folder);
    await (await open()).stop({ force: true });
    await rm(server.folder, { recursive: true, force: true, maxRetries: 10 });
  });
});

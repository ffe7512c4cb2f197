/**
 * The Postgres that comes with the package, for laptops and small teams: a real, durable server of its own process group,
 * listening on a unix socket in a private folder and on 127.0.0.1 with a random password.
 *
 * The server outlives its parent on purpose. When the process that started it is killed, it goes on without harm (clients' open
 * transactions roll back); the next start finds it through `postmaster.pid` and adopts it, which takes a few milliseconds. Several
 * processes may use one server, and one process several times: each use registers below `users/`, and the last one that stops ends it.
 *
 * Layout of the folder: `data/` (the cluster), `run/` (socket), `users/` (`<pid>.<n>`), `connection.json`, `postgres.log`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, openSync, closeSync } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AirflowLikeError } from '../model/errors.js';
import type { Logger } from '../ports/logger.js';
import { ensureDatabase } from '../store/postgres/database.js';
import { chooseAccount, chooseFolder, type ServerAccount } from './embedded-postgres/account.js';
import { findBinaries, isOneOf, prepareBinaries, type PostgresBinaries } from './embedded-postgres/binaries.js';
import { isAlive, isPostgresOf, readPostmaster, type Postmaster } from './embedded-postgres/postmaster.js';

export interface EmbeddedPostgresOptions {
  /** Folder for everything the server needs; created when missing. Root may be given another one, see `EmbeddedPostgres.folder`. */
  readonly dataDir: string;
  /** TCP port on 127.0.0.1. Default: a free one, chosen once and remembered in the folder. */
  readonly port?: number;
  readonly logger: Logger;
}

export interface EmbeddedPostgres {
  /** Connection URL: through the unix socket where there is one, with port and password for other tools. */
  readonly url: string;
  readonly pid: number;
  readonly port: number;
  /** Where the cluster really is. */
  readonly folder: string;
  /** The server was already running. */
  readonly wasRunning: boolean;
  /** Ends the server if no other process uses it, or, with `force`, in any case. Resolves when it is gone. Never rejects. */
  stop(options?: { readonly force?: boolean }): Promise<void>;
}

const DATABASE = 'airflow_like';
const START_TIMEOUT_MS = 60_000;

/** Laptop-sized; durability stays on. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  max_connections: '100',
  shared_buffers: '128MB',
  max_wal_size: '1GB',
  jit: 'off',
  fsync: 'on',
  synchronous_commit: 'on',
  autovacuum_naptime: '10s',
  max_parallel_workers_per_gather: '0',
  log_checkpoints: 'off',
};

/**
 * Starts the server or joins the one that already runs on this folder. The first start creates the cluster (about a second).
 *
 * @throws AirflowLikeError DB_CONNECT when it cannot be started; the message ends with the last lines of the server's log.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { logger } = options;
  const wanted = resolve(options.dataDir);
  const found = findBinaries();
  const account = await chooseAccount();
  const folder = await chooseFolder(wanted, account);
  if (folder !== wanted) {
    logger.warn(
      { folder, wanted, account: account?.name },
      `the account that runs Postgres cannot reach ${wanted}; its data is in ${folder}`,
    );
  }
  const cluster = new Cluster(folder, account, logger);
  const unlock = await lockStart(folder);
  try {
    let postmaster = await readPostmaster(cluster.dataFolder);
    const wasRunning = postmaster !== null;
    if (postmaster) logger.info({ serverPid: postmaster.pid }, 'joining the Postgres that already runs');
    else {
      const binaries = await prepareBinaries(found, account, account ? '/var/lib/airflow-like' : folder);
      await cluster.create(binaries);
      await cluster.start(binaries, options.port ?? null);
    }
    postmaster = await cluster.waitUntilReady();
    await cluster.register();
    const url = await cluster.url(postmaster);
    await ensureDatabase(url);
    const { pid, port } = postmaster;
    return { url, pid, port, folder, wasRunning, stop: (how) => cluster.stop(how?.force ?? false) };
  } finally {
    await unlock();
  }
}

/** The server that another process has started on this folder, or null. Does not keep it running. */
export async function findRunningEmbeddedPostgres(dataDir: string): Promise<{ url: string } | null> {
  const account = process.getuid?.() === 0 ? await chooseAccount() : null;
  const wanted = resolve(dataDir);
  if (account === null && !existsSync(wanted)) return null;
  const cluster = new Cluster(await chooseFolder(wanted, account), account, null);
  const postmaster = await readPostmaster(cluster.dataFolder);
  return postmaster?.isReady ? { url: await cluster.url(postmaster) } : null;
}

/** One cluster folder and the server on it. */
class Cluster {
  readonly dataFolder: string;
  private exit: { code: number | null; signal: string | null } | null = null;
  private readonly user = `${process.pid}.${randomBytes(4).toString('hex')}`;

  constructor(
    private readonly folder: string,
    private readonly account: ServerAccount | null,
    private readonly logger: Logger | null,
  ) {
    this.dataFolder = join(folder, 'data');
  }

  /** Runs initdb in a folder beside, whose renaming marks it as complete: a killed initdb is done again. */
  async create(binaries: PostgresBinaries): Promise<void> {
    if (existsSync(this.dataFolder)) return;
    this.logger?.info({ folder: this.folder, version: binaries.version }, 'creating the Postgres cluster');
    const half = join(this.folder, 'data.new');
    const passwordFile = join(this.folder, 'password.new');
    const { password } = await this.connection();
    await rm(half, { recursive: true, force: true });
    await rm(passwordFile, { force: true });
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (this.account) chownSync(passwordFile, this.account.uid, this.account.gid);
    const result = spawnSync(
      join(binaries.native, 'bin', 'initdb'),
      [
        '-D',
        half,
        '-U',
        DATABASE,
        '-E',
        'UTF8',
        '--no-locale',
        '-A',
        'scram-sha-256',
        `--pwfile=${passwordFile}`,
        '--no-instructions',
      ],
      { cwd: '/', encoding: 'utf8', env: serverEnvironment(), ...this.identity() },
    );
    await rm(passwordFile, { force: true });
    if (result.status !== 0) {
      throw startFailure(`initdb failed: ${(result.error?.message ?? result.stderr).trim()}`, this.folder);
    }
    // Whoever gets into the private socket folder is trusted; TCP asks for the password.
    await writeFile(join(half, 'pg_hba.conf'), 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n');
    await rename(half, this.dataFolder);
  }

  /** Spawns the server in a process group of its own, so that Ctrl-C in the terminal does not reach it. */
  async start(binaries: PostgresBinaries, wantedPort: number | null): Promise<void> {
    const socketFolder = await this.socketFolder();
    const logFile = join(this.folder, 'postgres.log');
    if (
      await stat(logFile).then(
        (s) => s.size > 10_000_000,
        () => false,
      )
    )
      await rename(logFile, `${logFile}.1`);
    const settings = Object.entries({ ...SETTINGS, unix_socket_directories: socketFolder }).flatMap(([key, value]) => [
      '-c',
      `${key}=${value}`,
    ]);
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      const logBefore = await stat(logFile).then(
        (s) => s.size,
        () => 0,
      );
      const { port } = await this.connection(wantedPort ?? undefined);
      const log = openSync(logFile, 'a', 0o600);
      const child = spawn(join(binaries.native, 'bin', 'postgres'), ['-D', this.dataFolder, '-p', String(port), ...settings], {
        cwd: '/',
        detached: true,
        stdio: ['ignore', log, log],
        env: serverEnvironment(),
        ...this.identity(),
      });
      closeSync(log);
      this.exit = null;
      child.on('error', (error) => (this.exit = { code: null, signal: error.message }));
      child.on('exit', (code, signal) => (this.exit = { code, signal }));
      child.unref();
      while (this.exit === null && !(await readPostmaster(this.dataFolder))?.isReady && performance.now() < deadline)
        await sleep(10);
      if (this.exit === null) return;
      const said = (await readFile(logFile, 'utf8')).slice(logBefore).trim();
      // A server that was just killed may still hold its lock file or shared memory for a moment; a free port may be taken meanwhile.
      const isPassing =
        /lock file "postmaster\.pid" already exists|shared memory block .* still in use/.test(said) ||
        (wantedPort === null && /could not bind IPv4 address/.test(said));
      if (isPassing && performance.now() < deadline) await sleep(250);
      else throw startFailure(said.split('\n').slice(-4).join(' | ') || `it ended with ${JSON.stringify(this.exit)}`, this.folder);
    }
  }

  async waitUntilReady(): Promise<Postmaster> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < deadline) {
      const postmaster = await readPostmaster(this.dataFolder);
      if (postmaster?.isReady) return postmaster;
      if (this.exit) break;
      await sleep(10);
    }
    throw startFailure(
      this.exit ? `it ended with ${JSON.stringify(this.exit)}` : `it was not ready after ${START_TIMEOUT_MS / 1000} s`,
      this.folder,
    );
  }

  async url(postmaster: Postmaster): Promise<string> {
    const { password } = await this.connection();
    const socket = postmaster.socketFolder ? `?host=${encodeURIComponent(postmaster.socketFolder)}` : '';
    return `postgres://${DATABASE}:${password}@127.0.0.1:${postmaster.port}/${DATABASE}${socket}`;
  }

  async register(): Promise<void> {
    await mkdir(join(this.folder, 'users'), { recursive: true });
    await writeFile(join(this.folder, 'users', this.user), '');
    ownUses.add(this.user);
  }

  async stop(force: boolean): Promise<void> {
    ownUses.delete(this.user);
    await rm(join(this.folder, 'users', this.user), { force: true });
    if (!force && (await this.otherUsers())) return;
    const postmaster = await readPostmaster(this.dataFolder);
    if (!postmaster) return;
    // SIGINT is Postgres' fast shutdown, SIGQUIT the immediate one (recovery at next start).
    for (const [signal, patienceMs] of [
      ['SIGINT', 4_000],
      ['SIGQUIT', 2_000],
      ['SIGKILL', 1_000],
    ] as const) {
      try {
        process.kill(postmaster.pid, signal);
      } catch {
        return;
      }
      const deadline = performance.now() + patienceMs;
      while (performance.now() < deadline) {
        // Its file is gone a moment before it is.
        if (!(await isPostgresOf(postmaster.pid, this.dataFolder))) return;
        await sleep(10);
      }
      this.logger?.warn({ serverPid: postmaster.pid, signal }, 'Postgres does not stop');
    }
  }

  private async otherUsers(): Promise<boolean> {
    const users = await readdir(join(this.folder, 'users')).catch(() => []);
    return users.some((user) => {
      const pid = Number.parseInt(user, 10);
      // A file with our pid that is none of ours was left behind by a dead process that had the same one.
      return pid === process.pid ? ownUses.has(user) : isAlive(pid);
    });
  }

  private identity(): { uid?: number; gid?: number } {
    return this.account ? { uid: this.account.uid, gid: this.account.gid } : {};
  }

  /** A socket's path may have 107 bytes: below a deep folder it lives in the temporary folder instead. */
  private async socketFolder(): Promise<string> {
    if (process.platform === 'win32') return '';
    let folder = join(this.folder, 'run');
    if (folder.length > 80) folder = `/tmp/airflow-like-${(await this.connection()).id}`;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (this.account) chownSync(folder, this.account.uid, this.account.gid);
    return folder;
  }

  /** Port and password, chosen once; another port when somebody else has taken ours. */
  private async connection(port?: number): Promise<{ port: number; password: string; id: string }> {
    const file = join(this.folder, 'connection.json');
    let known: { port: number; password: string; id: string } | null = null;
    try {
      known = JSON.parse(await readFile(file, 'utf8')) as { port: number; password: string; id: string };
    } catch (error) {
      if (!isOneOf(error, ['ENOENT']) && !(error instanceof SyntaxError)) throw error;
    }
    const next = {
      port: port ?? known?.port ?? 0,
      password: known?.password ?? randomBytes(18).toString('base64url'),
      id: known?.id ?? randomBytes(8).toString('hex'),
    };
    const isTaken = port === undefined && (await readPostmaster(this.dataFolder)) === null && !(await isFree(next.port));
    if (next.port === 0 || isTaken) next.port = await freePort();
    if (JSON.stringify(next) !== JSON.stringify(known)) {
      await writeFile(`${file}.new`, JSON.stringify(next), { mode: 0o600 });
      await rename(`${file}.new`, file);
    }
    return next;
  }
}

/** The uses of this process that have not stopped yet. */
const ownUses = new Set<string>();

/** One process at a time creates, starts or joins. A lock left by a dead process is taken over. */
async function lockStart(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'start.lock');
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      const handle = await open(file, 'wx', 0o600);
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if (!isOneOf(error, ['EEXIST'])) throw error;
    }
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    const ageMs = await stat(file).then(
      (s) => Date.now() - s.mtimeMs,
      () => 0,
    );
    // An empty file belongs to somebody who is about to write his pid.
    if ((owner > 0 && !isAlive(owner)) || (owner === 0 && ageMs > 2_000)) await rm(file, { force: true });
    else if (performance.now() > deadline) throw startFailure(`process ${owner} has been starting it for a minute`, folder);
    else await sleep(20);
  }
}

const serverEnvironment = () => ({ PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' });

function startFailure(message: string, folder: string): AirflowLikeError {
  return new AirflowLikeError('DB_CONNECT', {
    place: 'embedded Postgres',
    message: `the server does not start: ${message}; see ${join(folder, 'postgres.log')}`,
  });
}

function freePort(): Promise<number> {
  return new Promise((onPort, onError) => {
    const server = createServer();
    server.once('error', onError);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => onPort(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}

function isFree(port: number): Promise<boolean> {
  if (port === 0) return Promise.resolve(false);
  return new Promise((answer) => {
    const server = createServer();
    server.once('error', () => answer(false));
    server.listen(port, '127.0.0.1', () => server.close(() => answer(true)));
  });
}

/** A real `airflow-like standalone` in a home of its own, and a connection to its Postgres. Stopped and removed at the end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findRunningEmbeddedPostgres } from '../dist/app/embedded-postgres.js';

const COMMAND = join(process.cwd(), 'dist', 'cli', 'main.js');

export interface Home {
  readonly folder: string;
  readonly dags: string;
}

/** Makes an empty home, hands it to `work`, and removes it. */
export async function withHome<T>(work: (home: Home) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'airflow-like-bench-'));
  chmodSync(folder, 0o755);
  const dags = join(folder, 'dags');
  mkdirSync(dags);
  try {
    return await work({ folder, dags });
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Starts `standalone`, waits until it says that it is ready, hands it to `work`, and stops it. */
export async function withStandalone<T>(home: Home, work: (system: Standalone) => Promise<T>): Promise<T> {
  const system = await Standalone.start(home);
  try {
    return await work(system);
  } finally {
    await system.stop();
  }
}

export class Standalone {
  readonly home: Home;
  readonly pid: number;
  readonly database: pg.Client;
  /** Milliseconds from its first line (database and API stand) to the line that says ready (every DAG file was read). */
  readonly firstScanMs: number;
  readonly #child: ChildProcess;

  private constructor(home: Home, child: ChildProcess, database: pg.Client, firstScanMs: number) {
    this.home = home;
    this.firstScanMs = firstScanMs;
    this.pid = child.pid as number;
    this.#child = child;
    this.database = database;
  }

  static async start(home: Home): Promise<Standalone> {
    const child = spawn(process.execPath, [COMMAND, 'standalone', '--port', '0'], {
      cwd: home.folder,
      env: environment(home),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const firstScanMs = await untilReady(child);
      const server = await findRunningEmbeddedPostgres(join(home.folder, '.airflow-like', 'postgres'));
      if (!server) throw new Error('standalone is ready, but its Postgres was not found');
      const database = new pg.Client({ connectionString: server.url, options: '-c search_path=airflow_like' });
      await database.connect();
      return new Standalone(home, child, database, firstScanMs);
    } catch (error) {
      child.kill('SIGTERM');
      throw error;
    }
  }

  /** One value of one row, as a number; NaN for null. */
  async number(sql: string, values: readonly unknown[] = []): Promise<number> {
    const { rows } = await this.database.query<unknown[]>({ text: sql, values: [...values], rowMode: 'array' });
    const value = rows[0]?.[0];
    return value === null || value === undefined ? Number.NaN : Number(value);
  }

  /** Looks every `everyMs` until the query's value is at least `wanted`. */
  async until(sql: string, values: readonly unknown[], wanted: number, everyMs: number, timeoutMs = 300_000): Promise<void> {
    const endAt = performance.now() + timeoutMs;
    while (!((await this.number(sql, values)) >= wanted)) {
      if (performance.now() > endAt) throw new Error(`waited ${timeoutMs} ms for ${sql}`);
      await sleep(everyMs);
    }
  }

  /** Runs a command of the CLI against this system. */
  async command(...args: readonly string[]): Promise<void> {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      cwd: this.home.folder,
      env: environment(this.home),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`airflow-like ${args.join(' ')} ended with ${code}: ${said}`);
  }

  /** Proportional share of memory of the process tree, Postgres left out, in MiB. */
  pssMib(): number {
    return treeOf(this.pid).reduce((total, pid) => total + pssKib(pid), 0) / 1_024;
  }

  async stop(): Promise<void> {
    await this.database.end();
    if (this.#child.exitCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
  }
}

function environment(home: Home): NodeJS.ProcessEnv {
  return {
    ...process.env,
    AIRFLOW_LIKE__CORE__HOME: join(home.folder, '.airflow-like'),
    AIRFLOW_LIKE__CORE__DAGS_FOLDER: home.dags,
    AIRFLOW_LIKE__CORE__PLUGINS_FOLDER: join(home.folder, 'plugins'),
  };
}

/** Resolves when `standalone` says that it is ready, with the milliseconds since its first line. */
async function untilReady(child: ChildProcess): Promise<number> {
  let announcedAt = Number.NaN;
  return new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (line.startsWith('airflow-like ')) announcedAt = performance.now();
      if (line.startsWith('ready in ')) resolve(performance.now() - announcedAt);
    });
    child.once('exit', (code) => reject(new Error(`standalone ended with ${code} before it was ready`)));
  });
}

/** A process and its descendants, Postgres servers left out. Empty where there is no /proc. */
function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const stat = readQuietly(`/proc/${name}/stat`);
    const close = stat.lastIndexOf(')');
    if (close < 0 || stat.slice(stat.indexOf('(') + 1, close).startsWith('postgres')) continue;
    const parent = Number(stat.slice(close + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree: number[] = [];
  const queue = [root];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    tree.push(pid);
    queue.push(...(children.get(pid) ?? []));
  }
  return tree;
}

function pssKib(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readQuietly(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

/** A process may end between listing and reading. */
function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

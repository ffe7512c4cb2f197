/** A real installation in a temporary folder: its own home, DAGs and port, run through the built command like a user would. */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const MAIN = join(ROOT, 'dist', 'cli', 'main.js');

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Gives it a process group of its own, like a command in a terminal. */
  readonly ownGroup?: boolean;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface InstallationOptions {
  /** Files of the DAGs folder by name. */
  readonly dags?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether this repository stands in for the installed package. Default true. */
  readonly isLinked?: boolean;
}

export class Installation {
  readonly root: string;
  readonly #env: Record<string, string>;
  readonly #processes: RunningCommand[] = [];

  constructor(options: InstallationOptions = {}) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'airflow-like-')));
    // Root's embedded Postgres runs as another account, which has to get in here.
    chmodSync(this.root, 0o755);
    if (options.isLinked ?? true) {
      mkdirSync(join(this.root, 'node_modules'));
      symlinkSync(ROOT, join(this.root, 'node_modules', 'airflow-like'));
    }
    writeFileSync(join(this.root, 'package.json'), '{"type":"module"}');
    this.#env = { AIRFLOW_LIKE__API__PORT: '0', AIRFLOW_LIKE_VAR_ROOT: this.root, ...options.env };
    mkdirSync(join(this.root, 'dags'));
    for (const [name, content] of Object.entries(options.dags ?? {})) this.writeDag(name, content);
  }

  get home(): string {
    return join(this.root, '.airflow-like');
  }

  /** All at once, as editors save: nobody reads half of it. */
  writeDag(name: string, content: string): void {
    const aside = join(this.root, 'saving');
    writeFileSync(aside, content);
    renameSync(aside, join(this.root, 'dags', name));
  }

  removeDag(name: string): void {
    unlinkSync(join(this.root, 'dags', name));
  }

  /** Starts a command that keeps running, such as `standalone`. */
  start(args: readonly string[], options: SpawnOptions = {}): RunningCommand {
    return this.spawn([process.execPath, MAIN, ...args], options);
  }

  /** Starts any program here. */
  spawn(command: readonly string[], options: SpawnOptions = {}): RunningCommand {
    const env = { ...this.#env, ...options.env };
    const running = new RunningCommand(command, { ...options, cwd: options.cwd ?? this.root, env });
    this.#processes.push(running);
    return running;
  }

  /** Starts `standalone` and waits until it says that it is ready. */
  async startStandalone(env: Readonly<Record<string, string>> = {}): Promise<RunningCommand> {
    const standalone = this.start(['standalone'], { env });
    await standalone.printed(/ready in/);
    return standalone;
  }

  /** Runs a command to its end. */
  async run(...args: string[]): Promise<CommandResult> {
    return this.start(args).ended();
  }

  /** Runs a listing and parses its JSON. */
  async json<Row = Record<string, unknown>>(...args: string[]): Promise<Row[]> {
    const result = await this.run(...args, '-o', 'json');
    if (result.code !== 0) throw new Error(`${args.join(' ')} ended with ${result.code}: ${result.stderr}`);
    return JSON.parse(result.stdout) as Row[];
  }

  /** Ends every process of this installation at once, as a power cut does. Resolves when they are gone. */
  async cutPower(): Promise<void> {
    await this.#killAll();
    await Promise.all(this.#processes.map((process) => process.ended()));
  }

  /** Pids of all live processes of this installation, found by the marker in their environment or command line. */
  livePids(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => pid !== process.pid && this.#owns(pid));
  }

  /** Ends everything that is left and removes the folder. */
  async dispose(): Promise<void> {
    for (const process of this.#processes) process.kill('SIGTERM');
    await Promise.all(this.#processes.map((process) => process.ended(6_000)));
    await this.#killAll();
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  /** Resolves when they are gone: one that is being killed may still write. */
  async #killAll(): Promise<void> {
    await eventually(() => {
      const left = this.livePids();
      for (const pid of left) killQuietly(pid);
      return left.length === 0 ? true : null;
    });
  }

  #owns(pid: number): boolean {
    try {
      if (!isAlive(pid)) return false;
      const own = [readFileSync(`/proc/${pid}/cmdline`, 'latin1'), readFileSync(`/proc/${pid}/environ`, 'latin1')];
      return own.some((text) => text.includes(this.root));
    } catch {
      return false;
    }
  }
}

/** One process of the command, with what it printed so far. */
export class RunningCommand {
  readonly process: ChildProcess;
  readonly #listeners = new Set<() => void>();
  readonly #ended: Promise<CommandResult>;
  #isOver = false;
  #stdout = '';
  #stderr = '';

  constructor([file = '', ...args]: readonly string[], { cwd, env, ownGroup }: SpawnOptions) {
    const { PATH, HOME, LANG } = process.env;
    this.process = spawn(file, args, {
      cwd,
      detached: ownGroup ?? false,
      env: { ...(PATH ? { PATH } : {}), ...(HOME ? { HOME } : {}), ...(LANG ? { LANG } : {}), TMPDIR: tmpdir(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => this.#add(() => (this.#stdout += text)));
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#add(() => (this.#stderr += text)));
    this.#ended = new Promise((resolve) => {
      this.process.once('close', (code) => {
        this.#add(() => (this.#isOver = true));
        resolve({ code, stdout: this.#stdout, stderr: withoutSlowness(this.#stderr) });
      });
    });
  }

  get pid(): number {
    return this.process.pid as number;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves with the first match in standard output, or in its log on standard error; rejects when the process ends without it. */
  printed(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this[stream]);
        if (!match && !this.#isOver) return;
        this.#listeners.delete(look);
        if (match) resolve(match);
        else reject(new Error(`ended without printing ${String(pattern)}:\n${this.#stdout}\n${this.#stderr}`));
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** Resolves when the process has ended; after `killAfterMs` it is killed. */
  ended(killAfterMs?: number): Promise<CommandResult> {
    if (killAfterMs !== undefined) {
      const timer = setTimeout(() => this.kill('SIGKILL'), killAfterMs);
      void this.#ended.then(() => clearTimeout(timer));
    }
    return this.#ended;
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#isOver) this.process.kill(signal);
  }

  /** Signals the whole process group, as a terminal does at Ctrl-C. */
  killGroup(signal: NodeJS.Signals): void {
    if (!this.#isOver) process.kill(-this.pid, signal);
  }

  #add(change: () => void): void {
    change();
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Warnings that say no more than that the machine is slow at the moment, or stood still. */
const SLOWNESS =
  /the database answers slowly|the clock of this machine is|a heartbeat could not be sent|heartbeat failed|Postgres does not stop|importing \S+ took \d/;

/** What a command says on standard error does not depend on how slow the machine is. */
export function withoutSlowness(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !SLOWNESS.test(line))
    .join('\n');
}

/** Whether a process runs; one that has ended and was not collected yet does not. */
export function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

/** Looks again every 100 ms until `probe` gives something else than null; the test's own timeout bounds it. */
export async function eventually<Value>(probe: () => Promise<Value | null> | Value | null): Promise<Value> {
  for (;;) {
    const value = await probe();
    if (value !== null) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** The built command as a user starts it: a project folder of its own with the example DAGs, real processes, embedded Postgres. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROJECT_ROOT } from '../tidy/project-root.js';

const GIVE_UP_MS = 100_000;
const COMMAND = join(PROJECT_ROOT, 'dist', 'cli', 'main.js');

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project folder with this repository's packages, and with DAGs. */
export class ProjectFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'airflow-like-e2e-'));
  readonly #env: NodeJS.ProcessEnv;

  /** @param dags The files of its DAGs folder by name. Default: a copy of the examples, which have runs of their own. */
  constructor(dags?: Readonly<Record<string, string>>) {
    chmodSync(this.folder, 0o755);
    if (dags) {
      mkdirSync(this.path('dags'));
      for (const [name, source] of Object.entries(dags)) writeFileSync(this.path('dags', name), source);
    } else cpSync(join(PROJECT_ROOT, 'dags'), this.path('dags'), { recursive: true });
    symlinkSync(join(PROJECT_ROOT, 'node_modules'), this.path('node_modules'));
    this.#env = {
      ...process.env,
      AIRFLOW_LIKE__CORE__HOME: join(this.folder, '.airflow-like'),
      NO_COLOR: '1',
    };
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  spawn(...args: readonly string[]): ChildProcess {
    return spawn(process.execPath, [COMMAND, ...args], { cwd: this.folder, env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async run(...args: readonly string[]): Promise<CommandResult> {
    const child = this.spawn(...args);
    let [stdout, stderr] = ['', ''];
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  /** Rows of a list command. */
  async list(...args: readonly string[]): Promise<Record<string, unknown>[]> {
    const { code, stdout, stderr } = await this.run(...args, '-o', 'json');
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as Record<string, unknown>[];
  }

  /** Asks again until the rows are as wanted; gives up, with the last rows, before the test does. */
  async listUntil(isWanted: (rows: readonly Record<string, unknown>[]) => boolean, ...args: readonly string[]) {
    const endAt = performance.now() + GIVE_UP_MS;
    for (;;) {
      const rows = await this.list(...args);
      if (isWanted(rows)) return rows;
      if (performance.now() > endAt) throw new Error(`${args.join(' ')}: still ${JSON.stringify(rows)}`);
      await sleep(200);
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** `standalone`, started and ready. */
export class RunningSystem {
  /** Everything it has printed. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(project: ProjectFolder): Promise<RunningSystem> {
    const child = project.spawn('standalone', '--port', '0');
    const system = new RunningSystem(child);
    await new Promise<void>((resolve, reject) => {
      const note = (line: string) => {
        system.lines.push(line);
        if (line.startsWith('ready in ')) resolve();
      };
      createInterface({ input: child.stdout! }).on('line', note);
      createInterface({ input: child.stderr! }).on('line', note);
      child.once('exit', (code) => reject(new Error(`standalone ended with ${code}:\n${system.lines.join('\n')}`)));
    });
    return system;
  }

  /** Asks it to stop, as Ctrl-C does; answers its exit code. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGINT');
      await exit;
    }
    return this.#child.exitCode;
  }
}

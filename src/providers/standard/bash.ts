import type { ChildProcess } from 'node:child_process';
import { AirflowLikeError } from '../../model/errors.js';
import { context, type TaskContext } from '../../sdk/context.js';
import { operator, type Templated } from '../../sdk/operator.js';
import { SkipTask } from '../../sdk/task-errors.js';
import { LineReader } from './line-reader.js';

/** The `bash` operator: a shell command as a task. It owns the process group of the command and leaves nothing of it behind. */

export interface BashOptions {
  /** Run by `bash -c` (`sh -c` where there is no bash). Inputs of the task are its positional parameters `$1`, `$2`... */
  readonly command: Templated<string>;
  /** Added to the environment of the worker. `AIRFLOW_CTX_*` variables name the DAG, run, task, try and data interval. */
  readonly env?: Templated<Readonly<Record<string, string>>>;
  /** Folder to run in. Default: the worker's. */
  readonly cwd?: Templated<string>;
  /** The command skips the task by ending with this exit code; null: it cannot. Default 99. */
  readonly skipOnExitCode?: number | null;
}

/** After SIGTERM, so much time until SIGKILL. */
const GRACE_MS = 5_000;
/** How long the output is read after the command has ended, in milliseconds: a process that left the group may hold it open for ever. */
const LAST_OUTPUT_MS = 1_000;
/** What of standard error is kept for the message of a failure. */
const KEPT_ERROR_CHARACTERS = 500;

/**
 * Runs first in the process group. A subshell holds the read end of a pipe whose other end only the runner has: when the runner dies, by
 * whatever signal, the read ends and the whole group is killed. Nothing else would do that for a group of its own.
 */
const START =
  '( ( trap "" TERM INT HUP; read -r _ <&3; kill -KILL 0 ) </dev/null >/dev/null 2>&1 & ); exec 3<&-; shell=$1; command=$2; shift 2; exec "$shell" -c "$command" bash "$@"';

/**
 * A shell command. Its lines go to the task's log, the last line of its standard output is the task's return value.
 *
 * Exit code 99 skips the task; another one than 0 fails it with COMMAND_FAILED, 127 with COMMAND_NOT_FOUND. When the attempt has to end, the
 * whole process group gets SIGTERM, and SIGKILL five seconds later. What the command leaves running in its group is killed when it ends.
 */
export const bash = operator<BashOptions, Promise<string>, readonly (string | number | boolean)[], 'command' | 'env' | 'cwd'>({
  name: 'bash',
  optionNames: ['command', 'env', 'cwd', 'skipOnExitCode'],
  templateFields: ['command', 'env', 'cwd'],
  checkOptions({ command, env, cwd }) {
    if (typeof command !== 'function') checkText(command, 'bash.command');
    if (env !== undefined && typeof env !== 'function') checkEnvironment(env);
    if (cwd !== undefined && typeof cwd !== 'function') checkText(cwd, 'bash.cwd');
  },
  async execute(options, inputs) {
    const current = context();
    const command = checkText(options.command, 'bash.command');
    const env = checkEnvironment(options.env ?? {});
    const cwd = await checkFolder(options.cwd);
    const args = inputs.map((input, index) => checkText(String(input), `bash.args[${index}]`));
    const result = await runCommand({ command, args, env: { ...contextVariables(current), ...env }, cwd, current });
    return outcomeOf(result, options.skipOnExitCode === undefined ? 99 : options.skipOnExitCode, command);
  },
});

interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly current: TaskContext;
}

interface CommandResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lastLine: string;
  readonly errorTail: string;
}

async function runCommand({ command, args, env, cwd, current }: Command): Promise<CommandResult> {
  const { spawn } = await import('node:child_process');
  const shell = await findShell();
  current.signal.throwIfAborted();
  const start = (): ChildProcess =>
    spawn('/bin/sh', ['-c', START, 'airflow-like', shell, command, ...args], {
      cwd,
      // The environment of the runner is what a command of a task has always seen; nothing is read from it here.
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
  const child = orNotStarted(start);
  let lastLine = '';
  let errorTail = '';
  const output = new LineReader((line) => {
    lastLine = line;
    current.log.info(line);
  });
  const errors = new LineReader((line) => {
    errorTail = `${errorTail}${errorTail === '' ? '' : '\n'}${line}`.slice(-KEPT_ERROR_CHARACTERS);
    current.log.warn(line);
  });
  child.stdout?.on('data', (bytes: Buffer) => output.write(bytes));
  child.stderr?.on('data', (bytes: Buffer) => errors.write(bytes));
  const stopListening = killOnAbort(child, current.signal);
  try {
    const [exitCode, signal] = await ended(child);
    output.end();
    errors.end();
    current.signal.throwIfAborted();
    return { exitCode, signal, lastLine, errorTail };
  } finally {
    stopListening();
  }
}

/** Resolves when the command has ended, its group is gone and its output is read to the end. */
function ended(child: ChildProcess): Promise<readonly [number | null, NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(notStarted(error)));
    child.once('exit', () => {
      // What is left of the group may hold the output open: it is killed first, then the streams close.
      killGroup(child, 'SIGKILL');
      const timer = setTimeout(() => {
        for (const stream of [child.stdout, child.stderr, child.stdio[3]]) stream?.destroy();
      }, LAST_OUTPUT_MS);
      child.once('close', () => clearTimeout(timer));
    });
    child.once('close', (exitCode, signal) => resolve([exitCode, signal]));
  });
}

/** Some refusals of the system are thrown at once, such as a command that is too long for it. */
function orNotStarted(start: () => ChildProcess): ChildProcess {
  try {
    return start();
  } catch (error) {
    throw notStarted(error as Error);
  }
}

function notStarted(error: Error): AirflowLikeError {
  return new AirflowLikeError('COMMAND_FAILED', {
    place: 'bash',
    message: `the shell could not be started: ${error.message}`,
    cause: error,
  });
}

function killOnAbort(child: ChildProcess, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const kill = () => {
    killGroup(child, 'SIGTERM');
    timer = setTimeout(() => killGroup(child, 'SIGKILL'), GRACE_MS);
  };
  signal.addEventListener('abort', kill, { once: true });
  return () => {
    signal.removeEventListener('abort', kill);
    clearTimeout(timer);
  };
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function outcomeOf(
  { exitCode, signal, lastLine, errorTail }: CommandResult,
  skipOnExitCode: number | null,
  command: string,
): string {
  if (exitCode === 0) return lastLine;
  if (exitCode !== null && exitCode === skipOnExitCode) throw new SkipTask(`the command ended with exit code ${exitCode}`);
  const how = signal === null ? `ended with exit code ${exitCode}${meaningOf(exitCode)}` : `was killed by ${signal}`;
  const detail = errorTail === '' ? '' : `: ${errorTail}`;
  throw new AirflowLikeError(exitCode === 127 ? 'COMMAND_NOT_FOUND' : 'COMMAND_FAILED', {
    place: 'bash',
    message: `the command ${how}${detail}`,
    value: command,
  });
}

function meaningOf(exitCode: number | null): string {
  if (exitCode === 126) return ' (not executable)';
  return exitCode !== null && exitCode > 128 && exitCode < 128 + 65 ? ` (killed by signal ${exitCode - 128})` : '';
}

async function findShell(): Promise<string> {
  const { access } = await import('node:fs/promises');
  return access('/bin/bash').then(
    () => '/bin/bash',
    () => '/bin/sh',
  );
}

function checkText(value: unknown, place: string): string {
  if (typeof value !== 'string') throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this must be a text', value });
  if (value.includes('\0'))
    throw new AirflowLikeError('ARG_HAS_NUL', { place, message: 'a command cannot take a NUL character', value });
  return value;
}

function checkEnvironment(env: unknown): Readonly<Record<string, string>> {
  if (typeof env !== 'object' || env === null) {
    throw new AirflowLikeError('VALUE_TYPE', { place: 'bash.env', message: 'this must be an object of texts', value: env });
  }
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || name.includes('=') || name.includes('\0')) {
      throw new AirflowLikeError('VALUE_RANGE', {
        place: 'bash.env',
        message: 'this cannot be the name of a variable: it must not be empty or contain = or NUL',
        value: name,
      });
    }
    checkText(value, `bash.env.${name}`);
  }
  return env as Readonly<Record<string, string>>;
}

async function checkFolder(cwd: string | undefined): Promise<string | undefined> {
  if (cwd === undefined) return undefined;
  const { stat } = await import('node:fs/promises');
  const found = await stat(checkText(cwd, 'bash.cwd')).catch(() => null);
  if (found?.isDirectory()) return cwd;
  throw new AirflowLikeError('COMMAND_FAILED', {
    place: 'bash.cwd',
    message: found ? 'this is not a folder' : 'there is no such folder',
    value: cwd,
  });
}

/** Airflow's names. */
function contextVariables(current: TaskContext): Record<string, string> {
  const variables: Record<string, string> = {
    AIRFLOW_CTX_DAG_ID: current.dagId,
    AIRFLOW_CTX_TASK_ID: current.taskId,
    AIRFLOW_CTX_DAG_RUN_ID: current.runId,
    AIRFLOW_CTX_TRY_NUMBER: String(current.tryNumber),
  };
  if (current.mapIndex >= 0) variables['AIRFLOW_CTX_MAP_INDEX'] = String(current.mapIndex);
  if (current.logicalDate) variables['AIRFLOW_CTX_LOGICAL_DATE'] = current.logicalDate.toISOString();
  if (current.dataInterval) {
    variables['AIRFLOW_CTX_DATA_INTERVAL_START'] = current.dataInterval.start.toISOString();
    variables['AIRFLOW_CTX_DATA_INTERVAL_END'] = current.dataInterval.end.toISOString();
  }
  return variables;
}

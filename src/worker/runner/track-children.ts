/**
 * Watches which processes the user code of this thread starts, so that none outlives its attempt. It changes `node:child_process` of this
 * thread: every child gets the attempt's token in its environment also when the author gives an environment, and a child that would
 * write to the runner's own standard streams (`stdio: 'inherit'`) writes into the attempt's log instead.
 */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { ATTEMPT_MARKER } from '../processes/descendants.js';

interface SpawnOptions {
  envPairs?: string[];
  stdio?: unknown;
}

type Spawn = (this: childProcess.ChildProcess, options: SpawnOptions) => number;

export interface ChildTracker {
  /** From now on children belong to this attempt. */
  begin(token: string, write: (stream: 'stdout' | 'stderr', text: string) => void): void;
  /** Ends the attempt; says whether anything was started, and which direct children are still alive. */
  end(): { readonly startedAny: boolean; readonly alive: readonly number[] };
}

/** Installs the tracker in this thread. Call once, before user code is loaded. */
export function trackChildren(): ChildTracker {
  let token: string | null = null;
  let startedAny = false;
  let write: (stream: 'stdout' | 'stderr', text: string) => void = () => undefined;
  const children = new Map<number, childProcess.ChildProcess>();

  const prototype = childProcess.ChildProcess.prototype as unknown as { spawn: Spawn };
  const spawn = prototype.spawn;
  prototype.spawn = function trackedSpawn(options) {
    if (token === null) return spawn.call(this, options);
    startedAny = true;
    markPairs(options, token);
    const inherited = takeInheritedStreams(options);
    const result = spawn.call(this, options);
    const { pid } = this;
    if (pid !== undefined) {
      children.set(pid, this);
      this.once('exit', () => children.delete(pid));
    }
    const sink = write;
    for (const stream of inherited) this[stream]?.setEncoding('utf8').on('data', (text: string) => sink(stream, text));
    return result;
  };

  const module = childProcess as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ['spawnSync', 'execSync', 'execFileSync']) {
    const original = module[name] as (...args: unknown[]) => unknown;
    module[name] = (...args) => {
      if (token === null) return original(...args);
      startedAny = true;
      return original(...args.map((arg) => markOptions(arg, token as string)));
    };
  }
  syncBuiltinESMExports();

  return {
    begin(nextToken, nextWrite) {
      token = nextToken;
      write = nextWrite;
      startedAny = false;
      children.clear();
      process.env[ATTEMPT_MARKER] = nextToken;
    },
    end() {
      token = null;
      return { startedAny, alive: [...children.keys()] };
    },
  };
}

function markPairs(options: SpawnOptions, token: string): void {
  const marker = `${ATTEMPT_MARKER}=${token}`;
  options.envPairs = [...(options.envPairs ?? []).filter((pair) => !pair.startsWith(`${ATTEMPT_MARKER}=`)), marker];
}

function markOptions(arg: unknown, token: string): unknown {
  if (typeof arg !== 'object' || arg === null || Array.isArray(arg) || !('env' in arg) || !arg.env) return arg;
  return { ...arg, env: { ...arg.env, [ATTEMPT_MARKER]: token } };
}

function takeInheritedStreams(options: SpawnOptions): ('stdout' | 'stderr')[] {
  const stdio = typeof options.stdio === 'string' ? [options.stdio, options.stdio, options.stdio] : options.stdio;
  if (!Array.isArray(stdio)) return [];
  const inherited: ('stdout' | 'stderr')[] = [];
  const changed = stdio.map((entry: unknown, fd) => {
    const isOurs = entry === 'inherit' || entry === fd || entry === (fd === 1 ? process.stdout : process.stderr);
    if ((fd !== 1 && fd !== 2) || !isOurs) return entry;
    inherited.push(fd === 1 ? 'stdout' : 'stderr');
    return 'pipe';
  });
  options.stdio = changed;
  return inherited;
}

/**
 * Watches which processes the user code of this thread starts, so that none outlives its attempt. It changes `node:child_process` of this
 * thread: every child gets the attempt's token in its environment also when the author gives an environment, and a child that would
 * write to the runner's own standard streams (`stdio: 'inherit'`) writes into the attempt's log instead: at once, or, where the thread waits
 * for the child, when that has ended.
 */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { InheritedFiles } from './inherited-files.js';
import { ATTEMPT_MARKER } from '../processes/descendants.js';

interface SpawnOptions {
  envPairs?: string[];
  stdio?: unknown;
}

type Spawn = (this: childProcess.ChildProcess, options: SpawnOptions) => number;

export interface ChildTracker {
  /** From now on children belong to this attempt. */
  begin(token: string, write: (stream: 'stdout' | 'stderr', bytes: Buffer) => void): void;
  /** Ends the attempt; says whether anything was started, and which direct children are still alive. */
  end(): { readonly startedAny: boolean; readonly alive: readonly number[] };
}

/**
 * Installs the tracker in this thread. Call once, before user code is loaded.
 * @param onStart Called before an attempt starts a process.
 */
export function trackChildren(onStart: () => void): ChildTracker {
  let token: string | null = null;
  let startedAny = false;
  let write: (stream: 'stdout' | 'stderr', bytes: Buffer) => void = () => undefined;
  const children = new Map<number, childProcess.ChildProcess>();

  const prototype = childProcess.ChildProcess.prototype as unknown as { spawn: Spawn };
  const spawn = prototype.spawn;
  prototype.spawn = function trackedSpawn(options) {
    if (token === null) return spawn.call(this, options);
    startedAny = true;
    onStart();
    markPairs(options, token);
    const inherited = takeInheritedStreams(options);
    const result = spawn.call(this, options);
    const { pid } = this;
    if (pid !== undefined) {
      children.set(pid, this);
      this.once('exit', () => children.delete(pid));
    }
    const sink = write;
    for (const stream of inherited) this[stream]?.on('data', (bytes: Buffer) => sink(stream, bytes));
    return result;
  };

  const module = childProcess as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ['spawnSync', 'execSync', 'execFileSync']) {
    const original = module[name] as (...args: unknown[]) => unknown;
    module[name] = (...args) => {
      if (token === null) return original(...args);
      startedAny = true;
      onStart();
      const files = new InheritedFiles(write);
      try {
        return original(...args.map((arg) => changeOptions(arg, token as string, files)));
      } finally {
        files.close();
      }
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

/** Options of a synchronous call, as they may stand at any place of its arguments. */
function changeOptions(arg: unknown, token: string, files: InheritedFiles): unknown {
  if (typeof arg !== 'object' || arg === null || Array.isArray(arg)) return arg;
  const changed: { env?: object; stdio?: unknown } = { ...arg };
  if (changed.env) changed.env = { ...changed.env, [ATTEMPT_MARKER]: token };
  replaceInherited(changed, (stream) => files.open(stream));
  return changed;
}

function takeInheritedStreams(options: SpawnOptions): ('stdout' | 'stderr')[] {
  const inherited: ('stdout' | 'stderr')[] = [];
  replaceInherited(options, (stream) => {
    inherited.push(stream);
    return 'pipe';
  });
  return inherited;
}

/** Puts something else where the child would get a standard stream of this process. */
function replaceInherited(options: { stdio?: unknown }, replacement: (stream: 'stdout' | 'stderr') => unknown): void {
  const stdio = typeof options.stdio === 'string' ? [options.stdio, options.stdio, options.stdio] : options.stdio;
  if (!Array.isArray(stdio)) return;
  options.stdio = stdio.map((entry: unknown, fd) => {
    const isOurs = entry === 'inherit' || entry === fd || entry === (fd === 1 ? process.stdout : process.stderr);
    return (fd === 1 || fd === 2) && isOurs ? replacement(fd === 1 ? 'stdout' : 'stderr') : entry;
  });
}

/**
 * One runner process as its supervisor sees it: started in a process group of its own with a scrubbed environment, spoken to in batches,
 * killed as a group. It does not know what attempts are about.
 */
import { fork, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { killGroup } from '../processes/descendants.js';
import { RUNNER_SETTINGS_VARIABLE, type RunnerMessage, type RunnerSettings, type SupervisorMessage } from '../runner/protocol.js';

/** How a runner came to its end. */
export interface RunnerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why the supervisor killed it; null when it ended by itself. */
  readonly killedBecause: string | null;
  /** False: it never came up. */
  readonly wasReady: boolean;
}

export interface RunnerEvents {
  onMessage(message: RunnerMessage): void;
  /** Text on the standard streams of the process: native code, or children that print past their parent. */
  onPrinted(stream: 'stdout' | 'stderr', text: string): void;
  /** Once, after the last message. */
  onExit(exit: RunnerExit): void;
}

export interface RunnerOptions {
  /** The built `worker/runner/main.js`. */
  readonly entry: string;
  readonly settings: RunnerSettings;
  /** The whole environment of user code. */
  readonly env: Readonly<Record<string, string>>;
}

/** Messages that were sent before the end may arrive a little after it. */
const LAST_MESSAGES_MS = 500;

export class RunnerProcess {
  private readonly child: ChildProcess;
  private outbox: SupervisorMessage[] = [];
  private wasReady = false;
  private killedBecause: string | null = null;
  private hasExited = false;

  constructor(
    options: RunnerOptions,
    private readonly events: RunnerEvents,
  ) {
    this.child = fork(options.entry, [], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Few arenas: with many threads the C library would keep freed memory in each of them.
      env: { MALLOC_ARENA_MAX: '2', ...options.env, [RUNNER_SETTINGS_VARIABLE]: JSON.stringify(options.settings) },
      execArgv: [],
      serialization: 'json',
    });
    this.child.on('message', (batch: readonly RunnerMessage[]) => {
      for (const message of batch) this.receive(message);
    });
    this.listen(this.child.stdout, 'stdout');
    this.listen(this.child.stderr, 'stderr');
    this.child.on('error', () => this.finish(null, null));
    this.child.on('exit', (code, signal) => {
      if (this.child.connected) {
        const timer = setTimeout(() => this.finish(code, signal), LAST_MESSAGES_MS);
        this.child.once('disconnect', () => {
          clearTimeout(timer);
          this.finish(code, signal);
        });
      } else setImmediate(() => this.finish(code, signal));
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isUsable(): boolean {
    return !this.hasExited && this.killedBecause === null && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Messages of one turn travel together. */
  send(message: SupervisorMessage): void {
    this.outbox.push(message);
    if (this.outbox.length === 1) queueMicrotask(() => this.flush());
  }

  /** SIGKILL to the whole process group. */
  kill(because: string): void {
    this.killedBecause ??= because;
    if (this.child.pid !== undefined) killGroup(this.child.pid, 'SIGKILL');
  }

  private flush(): void {
    const batch = this.outbox;
    this.outbox = [];
    // A send to a process that is just ending fails; its exit says what becomes of the attempts.
    if (this.child.connected) this.child.send(batch, () => undefined);
  }

  private receive(message: RunnerMessage): void {
    if (message.kind === 'ready') this.wasReady = true;
    this.events.onMessage(message);
  }

  private listen(stream: Readable | null, name: 'stdout' | 'stderr'): void {
    stream?.setEncoding('utf8').on('data', (text: string) => this.events.onPrinted(name, text));
  }

  private finish(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.hasExited) return;
    this.hasExited = true;
    // Children of the runner that stayed in its group.
    if (this.child.pid !== undefined) killGroup(this.child.pid, 'SIGKILL');
    this.events.onExit({ code, signal, killedBecause: this.killedBecause, wasReady: this.wasReady });
  }
}

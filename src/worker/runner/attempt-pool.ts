/**
 * The piscina pool of one runner, seen as attempts: starts them, ends them, and knows which thread works on which attempt. What becomes of
 * threads that misbehave while they run is watched by `thread-watch.ts`.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { MessagePort, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Outcome } from '../../model/outcome.js';
import type { AttemptLogLevel } from '../../model/attempt-log.js';
import type { Instant } from '../../model/instant.js';
import type { AttemptToken, TaskError } from '../../model/task-instance.js';
import { appendToAttemptLog } from '../attempt/attempt-log-writer.js';
import { describeThrown, exitError, taskError } from '../attempt/task-error.js';
import { killDescendants, killRestOfOwnGroup } from '../processes/descendants.js';
import {
  CELLS,
  encodeOutcome,
  type MessageToThread,
  type RunnerMessage,
  type RunnerSettings,
  type SupervisorMessage,
  type ThreadAnswer,
  type ThreadHello,
  type ThreadMessage,
  type ThreadTask,
} from './protocol.js';
import { StartGate } from './start-gate.js';
import { ThreadWatch } from './thread-watch.js';

/** Threads beyond the first end after this time without work, in milliseconds. */
const IDLE_THREAD_MS = 15_000;
/** An idle runner that uses so much more than a fresh one asks to be replaced. */
const WORN_BYTES = 40 * 1_048_576;
/** Small, so that a thread which has made many short attempts does not keep what they left. */
const YOUNG_GENERATION_MB = 8;
/** Between the end of a thread that could not start and the next try, in milliseconds, doubled each time up to the most. */
const RESTART_PAUSE_MS = 20;
const MAX_RESTART_PAUSE_MS = 2_000;
const NOTHING: ThreadTask = { sequence: 0, sentAt: 0, workload: '' };
/**
 * An aborted thread that has shown no beat at so many looks in a row, so many milliseconds apart, cannot hear the abort. Looks, because a
 * machine that stood still for as long would make every thread look deaf.
 */
const DEAF_AFTER_LOOKS = 6;
const DEAF_LOOK_MS = 100;

type Start = Extract<SupervisorMessage, { kind: 'start' }>;
type Abort = Extract<SupervisorMessage, { kind: 'abort' }>;
type Reply = Extract<SupervisorMessage, { kind: 'reply' }>;

/** One attempt that this runner makes. */
export interface PooledAttempt {
  readonly token: AttemptToken;
  readonly sequence: number;
  readonly logFile: string;
  readonly tryNumber: number;
  /** The database-corrected clock of the supervisor, counted on. */
  readonly now: () => Instant;
  readonly startedAt: number;
  /** Aborting it makes piscina terminate the thread. */
  readonly thread: AbortController;
  /** `aborted`: the supervisor wants it to end and will say how it ended. `terminating`: its thread is being ended. */
  state: 'running' | 'aborted' | 'terminating';
  /** The supervisor knows that there is a log file. */
  isLogged: boolean;
  readonly timers: NodeJS.Timeout[];
}

/** A thread of the pool that has said hello. */
export interface PoolThread {
  readonly port: MessagePort;
  readonly cells: Int32Array;
  readonly worker: Worker;
}

/** For how long a thread's event loop has not turned, and in which function, if that is known. */
export interface Block {
  readonly ms: number;
  readonly functionName: string | null;
}

export class AttemptPool {
  readonly attempts = new Map<AttemptToken, PooledAttempt>();
  private readonly threads = new Map<number, PoolThread>();
  private readonly requests = new Map<number, { readonly thread: PoolThread; readonly id: number }>();
  private readonly pool: Piscina<ThreadTask, ThreadAnswer>;
  private readonly watch: ThreadWatch;
  private readonly gate = new StartGate<PooledAttempt>(availableParallelism(), (attempt) => this.threadOf(attempt) !== undefined);
  private sequence = 0;
  private requestCount = 0;
  private restartTimer: NodeJS.Timeout | undefined;
  private restartPauseMs = RESTART_PAUSE_MS;
  private idleTimer: NodeJS.Timeout | undefined;
  /** A thread that has ended since this process was idle had started processes. */
  private hadChildren = false;
  /** What this process used once its first thread was up. */
  private freshRss = Infinity;

  constructor(
    private readonly settings: RunnerSettings,
    private readonly send: (message: RunnerMessage) => void,
  ) {
    this.pool = new Piscina<ThreadTask, ThreadAnswer>({
      filename: fileURLToPath(new URL('./thread.js', import.meta.url)),
      minThreads: 1,
      maxThreads: settings.threads,
      concurrentTasksPerWorker: 1,
      idleTimeout: IDLE_THREAD_MS,
      recordTiming: false,
      workerHistogram: false,
      resourceLimits: { maxOldGenerationSizeMb: settings.maxHeapMb, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      workerData: settings,
    });
    this.pool.on('message', (hello: ThreadHello) => this.onHello(hello));
    // A thread without an attempt has failed, perhaps while it started: piscina starts no other one for those that wait for it.
    this.pool.on('error', () => this.startThreadSoon());
    this.watch = new ThreadWatch(this, settings, send);
  }

  start({ token, logFile, tryNumber, sentAt, workload }: Start): void {
    const startedAt = performance.now();
    this.sequence = (this.sequence % 0x7fff_ffff) + 1;
    const attempt: PooledAttempt = {
      token,
      sequence: this.sequence,
      logFile,
      tryNumber,
      now: () => Math.round(sentAt + performance.now() - startedAt),
      startedAt,
      thread: new AbortController(),
      state: 'running',
      isLogged: false,
      timers: [],
    };
    this.attempts.set(token, attempt);
    clearTimeout(this.idleTimer);
    this.watch.start();
    this.gate.enter(attempt, () => this.run(attempt, workload));
  }

  private run(attempt: PooledAttempt, workload: string): void {
    const { sequence, thread } = attempt;
    this.pool.run({ sequence, sentAt: attempt.now(), workload }, { signal: thread.signal }).then(
      ({ outcome, isLogged }) => {
        if (isLogged) this.markLogged(attempt);
        this.report(attempt, outcome);
      },
      (error: unknown) => {
        if (attempt.state === 'terminating') return;
        this.killChildren(attempt);
        this.reportOwn(attempt, outcomeOfThreadError(error), null);
      },
    );
  }

  /** No file could be opened, for example, because a task holds all that there are. */
  private startThreadSoon(): void {
    this.restartTimer ??= setTimeout(() => {
      this.restartTimer = undefined;
      // Whatever is submitted brings a thread, which then takes what waits.
      if (this.attempts.size > 0) this.pool.run(NOTHING, { name: 'doNothing' }).catch(() => undefined);
    }, this.restartPauseMs);
    this.restartPauseMs = Math.min(2 * this.restartPauseMs, MAX_RESTART_PAUSE_MS);
  }

  /** Asks the attempt to stop, then ends its thread; `ended` says when it is over. */
  abort({ token, reason, graceMs }: Abort): void {
    const attempt = this.attempts.get(token);
    if (!attempt) {
      this.send({ kind: 'ended', token, blockedMs: 0, blockedIn: null });
      return;
    }
    if (attempt.state !== 'running') return;
    attempt.state = 'aborted';
    const thread = this.threadOf(attempt);
    if (!thread || graceMs === 0) {
      this.terminate(attempt, null);
      return;
    }
    const beats = Atomics.load(thread.cells, CELLS.beats);
    thread.port.postMessage({ kind: 'abort', sequence: attempt.sequence, reason } satisfies MessageToThread);
    let looks = 0;
    let hasBeaten = false;
    const endIfDeaf = (): void => {
      hasBeaten ||= Atomics.load(thread.cells, CELLS.beats) !== beats;
      if (++looks >= DEAF_AFTER_LOOKS && !hasBeaten) this.terminate(attempt, null, true);
    };
    attempt.timers.push(
      setInterval(endIfDeaf, DEAF_LOOK_MS),
      setTimeout(() => this.terminate(attempt, null), graceMs),
    );
  }

  /** Ends the attempt's thread now; this runner itself says why. */
  fail(attempt: PooledAttempt, error: TaskError): void {
    if (attempt.state === 'running') this.terminate(attempt, { kind: 'failed', error, retryable: true });
  }

  reply({ id, value, error }: Reply): void {
    const request = this.requests.get(id);
    this.requests.delete(id);
    request?.thread.port.postMessage({ kind: 'reply', id: request.id, value, error } satisfies MessageToThread);
  }

  threadOf(attempt: PooledAttempt): PoolThread | undefined {
    for (const thread of this.threads.values()) {
      if (Atomics.load(thread.cells, CELLS.sequence) === attempt.sequence) return thread;
    }
    return undefined;
  }

  /** Adds a line about the attempt to its log, beside what its thread writes. */
  log(attempt: PooledAttempt, message: string, level: AttemptLogLevel = 'warn'): void {
    this.markLogged(attempt);
    appendToAttemptLog(attempt.logFile, attempt, level, 'system', message);
  }

  /**
   * A thread inside a synchronous wait for a child ends only when that child does, therefore its processes are killed first. The attempt
   * is over when the thread is gone; when that takes too long the supervisor kills the runner.
   */
  private terminate(attempt: PooledAttempt, outcome: Outcome | null, isDeaf = false): void {
    if (attempt.state === 'terminating' || !this.attempts.has(attempt.token)) return;
    attempt.state = 'terminating';
    const thread = this.threadOf(attempt);
    const block = this.watch.blockOf(attempt, isDeaf);
    const finish = (): void => {
      this.killChildren(attempt);
      this.reportOwn(attempt, outcome, block);
    };
    this.killChildren(attempt);
    attempt.thread.abort();
    if (thread) thread.worker.once('exit', finish);
    else finish();
  }

  private markLogged(attempt: PooledAttempt): void {
    if (attempt.isLogged) return;
    attempt.isLogged = true;
    this.send({ kind: 'logged', token: attempt.token });
  }

  /** Reports an end that the thread itself did not see, and therefore did not log. */
  private reportOwn(attempt: PooledAttempt, outcome: Outcome | null, block: Block | null): void {
    if (outcome?.kind === 'failed' && attempt.state !== 'aborted') {
      this.log(attempt, `failed: ${outcome.error.code}: ${outcome.error.message}`, 'error');
    }
    this.report(attempt, outcome && encodeOutcome(outcome), block);
  }

  /** @param outcome JSON of the outcome; null when the supervisor knows it. */
  private report(attempt: PooledAttempt, outcome: string | null, block: Block | null = null): void {
    if (!this.attempts.delete(attempt.token)) return;
    this.gate.leave(attempt);
    for (const timer of attempt.timers) clearTimeout(timer);
    if (this.attempts.size === 0) this.becomeIdle();
    const { token } = attempt;
    if (outcome === null || attempt.state === 'aborted') {
      this.send({ kind: 'ended', token, blockedMs: Math.round(block?.ms ?? 0), blockedIn: block?.functionName ?? null });
    } else {
      this.send({ kind: 'outcome', token, outcome });
    }
  }

  /** Memory that attempts left behind (modules, heaps of many threads) is given back by a fresh process. */
  private becomeIdle(): void {
    this.watch.stop();
    this.killStrays();
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => {
      if (process.memoryUsage.rss() > this.freshRss + WORN_BYTES) this.send({ kind: 'worn' });
    }, this.settings.wornAfterMs);
  }

  /** A process that cannot be assigned to an attempt is killed when no attempt is left that may need it. */
  private killStrays(): void {
    let hadChildren = this.hadChildren;
    for (const { cells } of this.threads.values()) if (Atomics.exchange(cells, CELLS.startedChildren, 0) === 1) hadChildren = true;
    this.hadChildren = false;
    if (hadChildren) killRestOfOwnGroup();
  }

  private killChildren(attempt: PooledAttempt): void {
    const killed = killDescendants({ tokens: new Set([attempt.token]), except: new Set([process.pid]) });
    if (killed.length > 0)
      this.log(attempt, `killed what the task had started: ${killed.map(({ pid, name }) => `${pid} (${name})`).join(', ')}`);
  }

  private onHello({ threadId, cells, port }: ThreadHello): void {
    const worker = this.pool.threads.find((candidate) => candidate.threadId === threadId);
    if (!worker) return;
    this.restartPauseMs = RESTART_PAUSE_MS;
    const thread: PoolThread = { port, cells, worker };
    this.threads.set(threadId, thread);
    this.freshRss = Math.min(this.freshRss, process.memoryUsage.rss());
    port.on('message', (message: ThreadMessage) => this.onThreadMessage(thread, message));
    worker.once('exit', () => {
      this.threads.delete(threadId);
      if (Atomics.load(cells, CELLS.startedChildren) === 1) this.hadChildren = true;
      port.close();
    });
  }

  private onThreadMessage(thread: PoolThread, message: ThreadMessage): void {
    const attempt = [...this.attempts.values()].find(({ sequence }) => sequence === message.sequence);
    if (!attempt) return;
    if (message.kind === 'logged') {
      this.markLogged(attempt);
      return;
    }
    if (message.kind === 'began') {
      this.watch.look(attempt);
      this.send({ kind: 'began', token: attempt.token });
      return;
    }
    if (message.kind === 'final') {
      const { state } = attempt;
      this.report(attempt, message.outcome);
      if (state !== 'terminating') {
        attempt.state = 'terminating';
        attempt.thread.abort();
      }
      return;
    }
    const id = ++this.requestCount;
    this.requests.set(id, { thread, id: message.id });
    this.send({ kind: 'request', id, token: attempt.token, request: message.request });
  }
}

/** What piscina says when a thread ended under its attempt. */
function outcomeOfThreadError(error: unknown): Outcome {
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return failed(
      taskError('TASK_MEMORY', "the task used up the memory of its thread; give it isolation: 'process' or let it stream its data"),
    );
  }
  const exit = /^worker exited with code: (-?\d+)$/.exec(error instanceof Error ? error.message : '');
  if (exit) return failed(exitError(exit[1] as string));
  return failed(describeThrown(error));
}

function failed(error: TaskError): Outcome {
  return { kind: 'failed', error, retryable: true };
}

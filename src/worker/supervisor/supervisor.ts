/**
 * The executor of a process that has runners: it gives attempts to runner processes, limits their time, kills them, and turns whatever
 * happens into one outcome each. It runs no user code, so nothing a task does can stop it from hearing and killing.
 *
 * It owns attempts from `start` to their outcome. It does not own leases (`lease-keeper.ts`), nor what an outcome means for a run.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attemptLogPath } from '../../model/attempt-log.js';
import { formatDuration } from '../../model/duration.js';
import type { AttemptOutcome, Outcome } from '../../model/outcome.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { AttemptToken } from '../../model/task-instance.js';
import type { Assignment } from '../../model/workload.js';
import type { Clock } from '../../ports/clock.js';
import type { Executor } from '../../ports/executor.js';
import type { Logger } from '../../ports/logger.js';
import type { AttemptStore, DagCatalog } from '../../ports/store.js';
import { appendToAttemptLog, MAX_LOG_BYTES } from '../attempt/attempt-log-writer.js';
import { taskError } from '../attempt/task-error.js';
import { timeLimitReason } from '../attempt/time-limit.js';
import { InputResolver } from '../inputs/input-resolver.js';
import { StoreTaskChannel } from '../inputs/store-task-channel.js';
import { killDescendants } from '../processes/descendants.js';
import { decodeOutcome, type RunnerMessage, type RunnerSettings, type WireWorkload } from '../runner/protocol.js';
import { LogPathRecorder } from './log-path-recorder.js';
import { OutputCache } from './output-cache.js';
import { RunnerProcess, type RunnerExit } from './runner-process.js';
import { MissingVersionError, VersionCache, type LocalVersion } from './version-cache.js';

export interface RunnerSetup {
  /** How long an attempt may go on after it was told to stop, before its thread is ended, in milliseconds. */
  readonly executionGraceMs: number;
  /** Memory a runner process may use before the attempt to blame is ended. */
  readonly maxRssMb: number;
  /** Limit of the JavaScript heap of one attempt; default: half of `maxRssMb`. */
  readonly maxHeapMb?: number;
  /** An event loop that stands still for this long is named in the attempt's log, in milliseconds. */
  readonly blockedLoopWarnMs: number;
  /** Most bytes of the JSON text of an XCom. */
  readonly maxXComBytes: number;
  /** Most bytes that a task may write into its log; default 100 MiB. */
  readonly maxLogBytes?: number;
  /** The whole environment that user code sees. Must hold no secret of the system. */
  readonly env: Readonly<Record<string, string>>;
  /** The DAGs folder; npm packages of DAGs are resolved from it when it exists on this machine. */
  readonly originalRoot: string;
  /** The built entry of the runner; default: the one beside this file. */
  readonly entry?: string;
}

export interface SupervisorOptions {
  readonly workerId: string;
  readonly slots: number;
  readonly attempts: AttemptStore;
  readonly catalog: Pick<DagCatalog, 'getVersion' | 'getBundle'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `core.home`: logs and caches lie below it. */
  readonly home: string;
  readonly runnerOptions: RunnerSetup;
  /**
   * Bytes of recent outputs kept for tasks downstream; default 32 MiB. Give 0 where other workers may run tasks of the same runs: after a
   * clear, a task may then have run again elsewhere.
   */
  readonly outputCacheBytes?: number;
}

/** Why an attempt is being ended, and what is to be reported when it is over; null: nothing. */
interface Ending {
  readonly kind: 'timeout' | 'cancelled' | 'shutdown';
  readonly reason: string;
}

interface Attempt {
  readonly assignment: Assignment;
  /** Below `<home>/logs`. */
  readonly logPath: string;
  /** True once the store was told that there is a log. */
  isLogged: boolean;
  version: LocalVersion | null;
  runner: RunnerProcess | null;
  ending: Ending | null;
  readonly timers: NodeJS.Timeout[];
}

const DEFAULT_OUTPUT_CACHE_BYTES = 32 * 1_048_576;
/** What a runner gets beyond the grace to report that an attempt is over, before it is killed, in milliseconds. */
const KILL_MARGIN_MS = 1_500;
const MAX_TIMER_MS = 2_147_483_647;
const MAX_RETRY_PAUSE_MS = 2_000;
/** Before the end of a stop the attempts still running are told, in milliseconds; they have this long to clean up. */
const SHUTDOWN_NOTICE_MS = 1_000;

export class Supervisor implements Executor {
  readonly workerId: string;
  readonly slots: number;
  private readonly attempts = new Map<AttemptToken, Attempt>();
  private readonly runners = new Set<RunnerProcess>();
  private readonly versions: VersionCache;
  private readonly outputs: OutputCache;
  private readonly inputs: InputResolver;
  private readonly channel: StoreTaskChannel;
  private readonly logPaths: LogPathRecorder;
  /** Task instances that were running when a runner crashed: each runs alone next time, so that the guilty one shows itself. */
  private readonly suspects = new Set<number>();
  private shared: RunnerProcess | null = null;
  private listener: (outcome: AttemptOutcome) => void = () => undefined;
  private onIdle: (() => void) | null = null;
  private isStopping = false;

  constructor(private readonly options: SupervisorOptions) {
    this.workerId = options.workerId;
    this.slots = options.slots;
    this.versions = new VersionCache(options.catalog, join(options.home, 'cache'), options.runnerOptions.originalRoot);
    this.outputs = new OutputCache(options.outputCacheBytes ?? DEFAULT_OUTPUT_CACHE_BYTES);
    this.inputs = new InputResolver(options.attempts, this.outputs);
    this.logPaths = new LogPathRecorder(options.attempts, options.logger);
    this.channel = new StoreTaskChannel(options.attempts, (token) => {
      const attempt = this.attempts.get(token);
      if (!attempt?.version) return undefined;
      return { dagRunId: attempt.assignment.dagRunId, mappedTasks: attempt.version.mappedTasks };
    });
  }

  /** Starts the shared runner before the first attempt needs it. */
  warmUp(): void {
    this.sharedRunner();
  }

  freeSlots(): number {
    return this.isStopping ? 0 : Math.max(0, this.slots - this.attempts.size);
  }

  running(): readonly AttemptToken[] {
    const tokens: AttemptToken[] = [];
    for (const [token, { ending }] of this.attempts) if (ending?.kind !== 'cancelled') tokens.push(token);
    return tokens;
  }

  onOutcome(listener: (outcome: AttemptOutcome) => void): void {
    this.listener = listener;
  }

  start(assignments: readonly Assignment[]): void {
    const waiting: Attempt[] = [];
    for (const assignment of assignments) {
      if (this.attempts.has(assignment.token)) continue;
      const attempt = this.admit(assignment);
      attempt.version = this.versions.get(assignment.versionId) ?? null;
      const args = attempt.version && this.inputs.resolveNow({ assignment, mappedTasks: attempt.version.mappedTasks });
      if (args) this.launch(attempt, args);
      else waiting.push(attempt);
    }
    if (waiting.length > 0) void this.prepare(waiting);
  }

  cancel(token: AttemptToken, reason: string): void {
    const attempt = this.attempts.get(token);
    if (attempt) this.end(attempt, { kind: 'cancelled', reason });
  }

  async stop(graceMs: number): Promise<void> {
    this.isStopping = true;
    const stopAt = performance.now() + graceMs;
    const left = (): number => Math.max(0, stopAt - performance.now());
    await this.idleWithin(Math.max(0, left() - SHUTDOWN_NOTICE_MS));
    for (const attempt of [...this.attempts.values()])
      this.end(attempt, { kind: 'shutdown', reason: 'the worker is stopping' }, left());
    await this.idleWithin(left());
    for (const runner of this.runners) runner.kill('the worker is stopping');
    await this.idleWithin(KILL_MARGIN_MS);
    await this.logPaths.flush();
  }

  /** Kills everything at once and reports nothing: the lease is lost, so the attempts belong to somebody else. */
  abandon(reason: string): void {
    if (this.attempts.size > 0) this.options.logger.error({ attempts: this.attempts.size }, `${reason}: all attempts are killed`);
    const tokens = new Set(this.attempts.keys());
    for (const runner of this.runners) runner.kill(reason);
    for (const attempt of [...this.attempts.values()]) this.forget(attempt);
    if (tokens.size > 0) killDescendants({ tokens, except: new Set([process.pid]) });
  }

  private admit(assignment: Assignment): Attempt {
    const { token, key, tryNumber, task } = assignment;
    const logPath = attemptLogPath(key, tryNumber, token);
    const attempt: Attempt = {
      assignment,
      logPath,
      isLogged: false,
      version: null,
      runner: null,
      ending: null,
      timers: [],
    };
    this.attempts.set(token, attempt);
    this.outputs.delete(OutputCache.keyOf(assignment));
    if (task.executionTimeoutMs !== null) this.limitTime(attempt, task.executionTimeoutMs);
    return attempt;
  }

  private limitTime(attempt: Attempt, ms: number): void {
    const reason = timeLimitReason(attempt.assignment.task.executionTimeoutMs ?? 0);
    const fire = (): void =>
      ms > MAX_TIMER_MS ? this.limitTime(attempt, ms - MAX_TIMER_MS) : this.end(attempt, { kind: 'timeout', reason });
    attempt.timers.push(setTimeout(fire, Math.min(ms, MAX_TIMER_MS)));
  }

  /** Loads versions and inputs of attempts that cannot start from memory. A store that is away is asked again while the lease lasts. */
  private async prepare(batch: readonly Attempt[]): Promise<void> {
    let waiting = batch;
    for (let pauseMs = 100; waiting.length > 0; pauseMs = Math.min(2 * pauseMs, MAX_RETRY_PAUSE_MS)) {
      try {
        await this.loadVersions(waiting);
        waiting = waiting.filter((attempt) => this.isWaiting(attempt));
        const resolvable = waiting.map(({ assignment, version }) => ({
          assignment,
          mappedTasks: (version as LocalVersion).mappedTasks,
        }));
        const args = await this.inputs.resolve(resolvable);
        waiting.forEach((attempt, index) => this.isWaiting(attempt) && this.launch(attempt, args[index] ?? []));
        return;
      } catch (error) {
        waiting = waiting.filter((attempt) => this.isWaiting(attempt));
        this.options.logger.warn(
          { err: error, attempts: waiting.length },
          'attempts wait: their code or inputs cannot be read yet',
        );
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  private async loadVersions(waiting: readonly Attempt[]): Promise<void> {
    for (const attempt of waiting) {
      try {
        attempt.version ??= await this.versions.load(attempt.assignment.versionId);
      } catch (error) {
        if (!(error instanceof MissingVersionError)) throw error;
        this.report(attempt, { kind: 'lost', reason: error.message });
      }
    }
  }

  private isWaiting(attempt: Attempt): boolean {
    return this.attempts.get(attempt.assignment.token) === attempt && attempt.ending === null;
  }

  private launch(attempt: Attempt, args: readonly (TaggedJson | undefined)[]): void {
    const { assignment } = attempt;
    const { runnerOptions, clock } = this.options;
    const logFile = this.logFile(attempt);
    const { bundle, specFile } = attempt.version as LocalVersion;
    const { token, tryNumber, task } = assignment;
    const absentInputs = args.flatMap((value, index) => (value === undefined ? [index] : []));
    const sentAt = clock.now();
    const workload: WireWorkload = {
      token,
      key: assignment.key,
      tryNumber,
      maxTries: assignment.maxTries,
      taskId: task.taskId,
      run: assignment.run,
      bundle,
      specFile,
      inputs: args as readonly TaggedJson[],
      absentInputs,
      waitingSince: assignment.waitingSince,
      pokeNumber: assignment.pokeNumber,
      startedAt: assignment.startedAt,
      sentAt,
      logFile,
      logFolder: join(this.options.home, 'logs', attempt.logPath.slice(0, attempt.logPath.indexOf('/'))),
      maxXComBytes: runnerOptions.maxXComBytes,
      maxLogBytes: runnerOptions.maxLogBytes ?? MAX_LOG_BYTES,
    };
    const isAlone = task.isolation === 'process' || this.suspects.has(assignment.taskInstanceId);
    attempt.runner = isAlone ? this.startRunner(1) : this.sharedRunner();
    attempt.runner.send({ kind: 'start', token, logFile, tryNumber, sentAt, workload: JSON.stringify(workload) });
  }

  private sharedRunner(): RunnerProcess {
    if (!this.shared?.isUsable) this.shared = this.startRunner(this.slots);
    return this.shared;
  }

  /** Nothing runs in it, so nobody notices. */
  private replaceWorn(runner: RunnerProcess): void {
    if (this.shared !== runner || this.isStopping || [...this.attempts.values()].some((attempt) => attempt.runner === runner))
      return;
    runner.kill('it has grown and is idle');
    this.warmUp();
  }

  private startRunner(threads: number): RunnerProcess {
    const { maxRssMb, maxHeapMb, blockedLoopWarnMs, env, originalRoot, entry } = this.options.runnerOptions;
    const settings: RunnerSettings = {
      threads,
      maxHeapMb: maxHeapMb ?? Math.ceil(maxRssMb / 2),
      maxRssMb,
      blockedLoopWarnMs,
      originalRoot,
    };
    const runner: RunnerProcess = new RunnerProcess(
      { entry: entry ?? fileURLToPath(new URL('../runner/main.js', import.meta.url)), settings, env },
      {
        onMessage: (message) => this.receive(runner, message),
        onPrinted: (stream, text) => this.keepPrinted(runner, stream, text),
        onExit: (exit) => this.runnerExited(runner, exit),
      },
    );
    this.runners.add(runner);
    return runner;
  }

  private receive(runner: RunnerProcess, message: RunnerMessage): void {
    switch (message.kind) {
      case 'ready':
        return;
      case 'logged': {
        const attempt = this.attempts.get(message.token);
        if (attempt) this.recordLog(attempt);
        return;
      }
      case 'worn':
        this.replaceWorn(runner);
        return;
      case 'outcome': {
        const attempt = this.attempts.get(message.token);
        if (!attempt || attempt.runner !== runner) return;
        const outcome = decodeOutcome(message.outcome);
        if (outcome.kind === 'success') {
          this.outputs.set(OutputCache.keyOf(attempt.assignment), outcome.output?.value, message.outcome.length);
        }
        this.finish(attempt, outcome);
        return;
      }
      case 'ended': {
        const attempt = this.attempts.get(message.token);
        if (attempt?.ending) this.finish(attempt, this.outcomeOfEnding(attempt.ending, message.blockedMs, message.blockedIn));
        return;
      }
      case 'request':
        void this.answer(runner, message);
        return;
      case 'doomed':
        this.doom(runner, message.token, message.message);
    }
  }

  private async answer(runner: RunnerProcess, { id, token, request }: Extract<RunnerMessage, { kind: 'request' }>): Promise<void> {
    try {
      if (request.kind === 'push') {
        await this.channel.pushXCom(token, request.key, request.value);
        runner.send({ kind: 'reply', id });
      } else {
        runner.send({ kind: 'reply', id, value: await this.channel.pullXCom(token, request) });
      }
    } catch (error) {
      runner.send({ kind: 'reply', id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Tells the attempt to stop; whatever it does then, `ending` says what is reported. The runner is killed if that takes too long. */
  private end(attempt: Attempt, ending: Ending, graceMs = this.options.runnerOptions.executionGraceMs): void {
    if (attempt.ending) {
      // A cancelled attempt reports nothing, also when it was being ended for another reason.
      if (ending.kind === 'cancelled') attempt.ending = ending;
      return;
    }
    attempt.ending = ending;
    const { runner } = attempt;
    if (!runner) {
      this.finish(attempt, this.outcomeOfEnding(ending, 0, null));
      return;
    }
    runner.send({ kind: 'abort', token: attempt.assignment.token, reason: ending.reason, graceMs });
    attempt.timers.push(
      setTimeout(() => runner.kill(`task ${attempt.assignment.key.taskId} did not stop`), graceMs + KILL_MARGIN_MS),
    );
  }

  private outcomeOfEnding(ending: Ending, blockedMs: number, blockedIn: string | null): Outcome | null {
    if (ending.kind === 'cancelled') return null;
    if (ending.kind === 'shutdown') return { kind: 'lost', reason: ending.reason };
    const isBlocked = blockedMs > 0;
    const where = blockedIn === null ? '' : ` in ${blockedIn}`;
    const error = isBlocked
      ? taskError('TASK_BLOCKED', `${ending.reason}; its event loop was blocked for the last ${formatDuration(blockedMs)}${where}`)
      : taskError('TASK_TIMEOUT', ending.reason);
    return { kind: 'failed', error, retryable: true };
  }

  /** The runner uses too much memory and cannot shed it: the one to blame fails, the others are lost. */
  private doom(runner: RunnerProcess, token: AttemptToken | null, message: string): void {
    runner.kill(message);
    const guilty = token === null ? undefined : this.attempts.get(token);
    if (guilty?.runner !== runner) return;
    const outcome: Outcome = { kind: 'failed', error: taskError('TASK_MEMORY', message), retryable: true };
    this.describeEnd(guilty, outcome);
    this.report(guilty, outcome);
  }

  private runnerExited(runner: RunnerProcess, exit: RunnerExit): void {
    this.runners.delete(runner);
    if (this.shared === runner) this.shared = null;
    const left = [...this.attempts.values()].filter((attempt) => attempt.runner === runner);
    if (left.length > 0) {
      killDescendants({ tokens: new Set(left.map(({ assignment }) => assignment.token)), except: new Set([process.pid]) });
      this.options.logger.warn({ pid: runner.pid, attempts: left.length }, `a runner ended: ${describeExit(exit)}`);
    }
    const hasCrashed = exit.killedBecause === null && exit.wasReady;
    for (const attempt of left) {
      const outcome = this.outcomeOfExit(attempt, exit, hasCrashed && left.length === 1);
      if (hasCrashed && left.length > 1) this.suspects.add(attempt.assignment.taskInstanceId);
      if (outcome) this.describeEnd(attempt, outcome);
      if (outcome) this.report(attempt, outcome);
      else this.forget(attempt);
    }
    this.settleIdle();
  }

  private outcomeOfExit(attempt: Attempt, exit: RunnerExit, isGuilty: boolean): Outcome | null {
    if (attempt.ending) return this.outcomeOfEnding(attempt.ending, 0, null);
    if (!isGuilty) return { kind: 'lost', reason: `its runner process ended: ${describeExit(exit)}` };
    return { kind: 'failed', error: taskError('TASK_CRASHED', `its process crashed: ${describeExit(exit)}`), retryable: true };
  }

  /** An outcome that the runner's thread did not see itself is written into the log by the supervisor. */
  private describeEnd(attempt: Attempt, outcome: Outcome): void {
    const text =
      outcome.kind === 'failed'
        ? `failed: ${outcome.error.code}: ${outcome.error.message}`
        : `lost: ${'reason' in outcome ? outcome.reason : ''}`;
    this.appendLog(attempt, outcome.kind === 'failed' ? 'error' : 'warn', 'system', text);
  }

  private appendLog(
    attempt: Attempt,
    level: 'info' | 'warn' | 'error',
    source: 'system' | 'stdout' | 'stderr',
    text: string,
  ): void {
    const options = { tryNumber: attempt.assignment.tryNumber, now: () => this.options.clock.now() };
    this.recordLog(attempt);
    appendToAttemptLog(this.logFile(attempt), options, level, source, text);
  }

  private logFile(attempt: Attempt): string {
    return join(this.options.home, 'logs', attempt.logPath);
  }

  private recordLog(attempt: Attempt): void {
    if (attempt.isLogged) return;
    attempt.isLogged = true;
    this.logPaths.add(attempt.assignment.token, attempt.logPath);
  }

  /** What a runner prints past its threads belongs to an attempt only where there is just one. */
  private keepPrinted(runner: RunnerProcess, stream: 'stdout' | 'stderr', text: string): void {
    const [attempt, ...others] = [...this.attempts.values()].filter((one) => one.runner === runner);
    const lines = text.split('\n').filter((line) => line !== '');
    if (attempt && others.length === 0) {
      for (const line of lines) this.appendLog(attempt, stream === 'stderr' ? 'error' : 'info', stream, line);
    } else {
      this.options.logger.warn(
        { pid: runner.pid, stream, text: text.slice(0, 2_000) },
        'a runner printed something that no single attempt can be named for',
      );
    }
  }

  /** Ends the books of an attempt whose thread is over, and of its runner if that was its own. */
  private finish(attempt: Attempt, outcome: Outcome | null): void {
    const { runner, ending } = attempt;
    const reported = ending
      ? outcome?.kind === 'failed' && ending.kind === 'timeout'
        ? outcome
        : this.outcomeOfEnding(ending, 0, null)
      : outcome;
    if (ending && reported) this.describeEnd(attempt, reported);
    if (runner && runner !== this.shared) runner.kill('its attempt is over');
    this.suspects.delete(attempt.assignment.taskInstanceId);
    if (reported) this.report(attempt, reported);
    else this.forget(attempt);
  }

  private report(attempt: Attempt, outcome: Outcome): void {
    const { token, taskInstanceId, dagRunId } = attempt.assignment;
    this.forget(attempt);
    this.listener({ token, taskInstanceId, dagRunId, outcome, endedAt: this.options.clock.now() });
  }

  private forget(attempt: Attempt): void {
    for (const timer of attempt.timers) clearTimeout(timer);
    if (this.attempts.get(attempt.assignment.token) === attempt) this.attempts.delete(attempt.assignment.token);
    this.settleIdle();
  }

  /** Resolves when no attempt is under way, and, while stopping, no runner is left; at the latest after `ms`. */
  private idleWithin(ms: number): Promise<void> {
    if (this.isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private isIdle(): boolean {
    return this.attempts.size === 0 && [...this.runners].every((runner) => runner.isUsable);
  }

  private settleIdle(): void {
    if (!this.onIdle || !this.isIdle()) return;
    this.onIdle();
    this.onIdle = null;
  }
}

function describeExit(exit: RunnerExit): string {
  if (exit.killedBecause !== null) return `it was killed, because ${exit.killedBecause}`;
  const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
  return exit.wasReady ? how : `it did not start (${how})`;
}

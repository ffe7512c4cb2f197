/**
 * The executor of a process that has runners: it gives attempts to runner processes, limits their time, kills them, and turns whatever
 * happens into one outcome each. It runs no user code, so nothing a task does can stop it from hearing and killing.
 *
 * It owns attempts from `start` to their outcome. It does not own leases (`lease-keeper.ts`), nor what an outcome means for a run.
 */
import { join } from 'node:path';
import type { AttemptOutcome, Outcome } from '../../model/outcome.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { AttemptToken } from '../../model/task-instance.js';
import type { Assignment } from '../../model/workload.js';
import type { Clock } from '../../ports/clock.js';
import type { Executor } from '../../ports/executor.js';
import type { Logger } from '../../ports/logger.js';
import type { SettingsSource } from '../../ports/settings-source.js';
import type { AttemptStore, DagCatalog } from '../../ports/store.js';
import { MAX_LOG_BYTES } from '../attempt/attempt-log-writer.js';
import { timeLimitReason } from '../attempt/time-limit.js';
import { InputResolver } from '../inputs/input-resolver.js';
import { answerRequest } from '../inputs/answer-request.js';
import { StoreTaskChannel, type AttemptScope } from '../inputs/store-task-channel.js';
import { killDescendants } from '../processes/descendants.js';
import type { RunnerMessage } from '../runner/protocol.js';
import {
  describeExit,
  outcomeOfEnding,
  outcomeOfExit,
  outcomeOfMemory,
  outcomeOfUnreadable,
  type Ending,
  type LastBlock,
} from './attempt-end.js';
import { LogPathRecorder } from './log-path-recorder.js';
import { OutputCache } from './output-cache.js';
import { readOutcome } from './read-outcome.js';
import { RunnerFleet, type RunnerSetup } from './runner-fleet.js';
import type { RunnerExit, RunnerProcess } from './runner-process.js';
import { SupervisedLog } from './supervised-log.js';
import { UnclaimedOutput } from './unclaimed-output.js';
import { MissingVersionError, VersionCache, type LocalVersion } from './version-cache.js';
import { wireWorkload } from './wire-workload.js';

export type { RunnerSetup } from './runner-fleet.js';

export interface SupervisorOptions {
  readonly workerId: string;
  readonly slots: number;
  /** `worker.queues`. */
  readonly queues: readonly string[];
  readonly attempts: AttemptStore;
  readonly catalog: Pick<DagCatalog, 'getVersion' | 'getBundle'>;
  /** Where tasks' variables and connections come from. */
  readonly settings: SettingsSource;
  /** Most characters that are kept of a rendered template field. */
  readonly maxRenderedLength: number;
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

interface Attempt {
  readonly assignment: Assignment;
  /** Values it was given that must not be seen in what is kept of it. */
  readonly secrets: Set<string>;
  readonly log: SupervisedLog;
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
const STOPPING = 'the worker is stopping';

export class Supervisor implements Executor {
  readonly workerId: string;
  readonly slots: number;
  readonly queues: readonly string[];
  private readonly attempts = new Map<AttemptToken, Attempt>();
  private readonly fleet: RunnerFleet;
  private readonly versions: VersionCache;
  private readonly outputs: OutputCache;
  private readonly inputs: InputResolver;
  private readonly channel: StoreTaskChannel;
  private readonly logPaths: LogPathRecorder;
  private readonly unclaimed: UnclaimedOutput;
  private listener: (outcome: AttemptOutcome) => void = () => undefined;
  private onIdle: (() => void) | null = null;
  private isStopping = false;

  constructor(private readonly options: SupervisorOptions) {
    this.workerId = options.workerId;
    this.slots = options.slots;
    this.queues = options.queues;
    this.fleet = new RunnerFleet(options.runnerOptions, options.slots, {
      onMessage: (runner, message) => this.receive(runner, message),
      onPrinted: (runner, stream, text) => this.keepPrinted(runner, stream, text),
      onExit: (runner, exit) => this.runnerExited(runner, exit),
    });
    this.versions = new VersionCache(options.catalog, join(options.home, 'cache'), options.runnerOptions.originalRoot);
    this.outputs = new OutputCache(options.outputCacheBytes ?? DEFAULT_OUTPUT_CACHE_BYTES);
    this.inputs = new InputResolver(options.attempts, this.outputs);
    this.logPaths = new LogPathRecorder(options.attempts, options.logger);
    this.unclaimed = new UnclaimedOutput(options.logger);
    this.channel = new StoreTaskChannel({
      attempts: options.attempts,
      settings: options.settings,
      maxRenderedLength: options.maxRenderedLength,
      scopeOf: (token) => this.scopeOf(token),
    });
  }

  /** Starts the shared runner before the first attempt needs it. */
  warmUp(): void {
    this.fleet.sharedRunner();
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
      if (this.isStopping) {
        this.report(attempt, { kind: 'lost', reason: STOPPING });
        continue;
      }
      attempt.version = this.versions.get(assignment.versionId) ?? null;
      const args = attempt.version && this.inputs.resolveNow({ assignment, shapes: attempt.version.shapes });
      if (args) this.launch(attempt, args);
      else waiting.push(attempt);
    }
    if (waiting.length > 0) void this.prepare(waiting);
  }

  cancel(token: AttemptToken, reason: string): void {
    const attempt = this.attempts.get(token);
    if (attempt) this.end(attempt, { kind: 'cancelled', reason });
  }

  async stop(graceMs: number, hurry?: AbortSignal): Promise<void> {
    this.isStopping = true;
    const stopAt = performance.now() + graceMs;
    const left = (): number => (hurry?.aborted ? 0 : Math.max(0, stopAt - performance.now()));
    await this.idleWithin(Math.max(0, left() - SHUTDOWN_NOTICE_MS), hurry);
    for (const attempt of [...this.attempts.values()]) this.end(attempt, { kind: 'shutdown', reason: STOPPING }, left());
    await this.idleWithin(left(), hurry);
    this.fleet.killAll(STOPPING);
    await this.idleWithin(KILL_MARGIN_MS);
    await this.logPaths.flush();
  }

  /** Kills everything at once and reports nothing: the lease is lost, so the attempts belong to somebody else. */
  abandon(reason: string): void {
    if (this.attempts.size > 0) this.options.logger.error({ attempts: this.attempts.size }, `${reason}: all attempts are killed`);
    const tokens = new Set(this.attempts.keys());
    this.fleet.killAll(reason);
    for (const attempt of [...this.attempts.values()]) this.forget(attempt);
    if (tokens.size > 0) killDescendants({ tokens, except: new Set([process.pid]) });
  }

  private scopeOf(token: AttemptToken): AttemptScope | undefined {
    const attempt = this.attempts.get(token);
    if (!attempt?.version) return undefined;
    const { assignment, version, secrets } = attempt;
    const { dagRunId, task } = assignment;
    return { dagRunId, taskId: task.taskId, inlets: task.inlets, outlets: task.outlets, shapes: version.shapes, secrets };
  }

  private admit(assignment: Assignment): Attempt {
    const { token } = assignment;
    const { home, clock, runnerOptions } = this.options;
    const attempt: Attempt = {
      assignment,
      secrets: new Set(),
      log: new SupervisedLog(home, assignment, clock, this.logPaths, runnerOptions.maxLogBytes ?? MAX_LOG_BYTES),
      version: null,
      runner: null,
      ending: null,
      timers: [],
    };
    this.attempts.set(token, attempt);
    this.outputs.delete(OutputCache.keyOf(assignment));
    return attempt;
  }

  /** From the moment at which a thread has it: what the machine takes to start one is not the task's. */
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
        const shapesOf = (attempt: Attempt) => (attempt.version as LocalVersion).shapes;
        const resolvable = waiting.map((attempt) => ({ assignment: attempt.assignment, shapes: shapesOf(attempt) }));
        const args = await this.inputs.resolve(resolvable);
        waiting.forEach((attempt, index) => this.isWaiting(attempt) && this.launch(attempt, args[index] ?? []));
        return;
      } catch (error) {
        waiting = waiting.filter((attempt) => this.isWaiting(attempt));
        this.options.logger.warn({ err: error, attempts: waiting.length }, 'attempts wait: code or inputs cannot be read yet');
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
    const { assignment, log } = attempt;
    const { runnerOptions, clock } = this.options;
    const { token, tryNumber, task } = assignment;
    const sentAt = clock.now();
    const workload = wireWorkload(assignment, attempt.version as LocalVersion, args, {
      logFile: log.file,
      logFolder: log.folder,
      maxLogBytes: runnerOptions.maxLogBytes ?? MAX_LOG_BYTES,
      maxXComBytes: runnerOptions.maxXComBytes,
    });
    attempt.runner = this.fleet.runnerFor(assignment.taskInstanceId, task.isolation);
    attempt.runner.send({ kind: 'start', token, logFile: log.file, tryNumber, sentAt, workload: JSON.stringify(workload) });
  }

  private receive(runner: RunnerProcess, message: RunnerMessage): void {
    switch (message.kind) {
      case 'ready':
        return;
      case 'logged':
        this.attempts.get(message.token)?.log.record();
        return;
      case 'began': {
        const attempt = this.attempts.get(message.token);
        const limitMs = attempt?.runner === runner ? attempt.assignment.task.executionTimeoutMs : null;
        if (attempt && limitMs !== null) this.limitTime(attempt, limitMs);
        return;
      }
      case 'worn':
        if (!this.isStopping && this.attemptsOf(runner).length === 0) this.fleet.replace(runner);
        return;
      case 'outcome': {
        const attempt = this.attempts.get(message.token);
        if (!attempt || attempt.runner !== runner) return;
        this.complete(attempt, message.outcome);
        return;
      }
      case 'ended': {
        const attempt = this.attempts.get(message.token);
        const block = message.blockedMs > 0 ? { ms: message.blockedMs, functionName: message.blockedIn } : null;
        if (attempt?.ending) this.finishEnding(attempt, attempt.ending, block);
        return;
      }
      case 'request':
        void answerRequest(this.channel, message).then((reply) => runner.send(reply));
        return;
      case 'doomed':
        this.doom(runner, message.token, message.message);
    }
  }

  private complete(attempt: Attempt, outcomeText: string): void {
    if (attempt.ending) {
      this.finishEnding(attempt, attempt.ending, null);
      return;
    }
    const outcome = readOutcome(outcomeText, this.options.runnerOptions.maxXComBytes);
    if (outcome === null) {
      if (attempt.runner) this.fleet.release(attempt.runner);
      this.reportUnseen(attempt, outcomeOfUnreadable());
      return;
    }
    if (outcome.kind === 'success') {
      this.outputs.set(OutputCache.keyOf(attempt.assignment), outcome.output?.value, outcomeText.length);
    }
    this.finish(attempt, outcome);
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
      this.finishEnding(attempt, ending, null);
      return;
    }
    runner.send({ kind: 'abort', token: attempt.assignment.token, reason: ending.reason, graceMs });
    const kill = () => runner.kill(`task ${attempt.assignment.key.taskId} did not stop`);
    // One after the other: after a machine has stood still the runner still has its time to say how it ended.
    attempt.timers.push(setTimeout(() => attempt.timers.push(setTimeout(kill, KILL_MARGIN_MS)), graceMs));
  }

  /** The runner uses too much memory and cannot shed it: the one to blame fails, the others are lost. */
  private doom(runner: RunnerProcess, token: AttemptToken | null, message: string): void {
    runner.kill(message);
    const guilty = token === null ? undefined : this.attempts.get(token);
    if (guilty?.runner !== runner) return;
    this.reportUnseen(guilty, outcomeOfMemory(message));
  }

  private runnerExited(runner: RunnerProcess, exit: RunnerExit): void {
    const left = this.attemptsOf(runner);
    if (left.length > 0) {
      killDescendants({ tokens: new Set(left.map(({ assignment }) => assignment.token)), except: new Set([process.pid]) });
      this.options.logger.warn({ pid: runner.pid, attempts: left.length }, `a runner ended: ${describeExit(exit)}`);
    }
    const hasCrashed = exit.killedBecause === null && exit.wasReady;
    for (const attempt of left) {
      if (attempt.ending) {
        this.finishEnding(attempt, attempt.ending, null);
      } else {
        if (hasCrashed && left.length > 1) this.fleet.suspect(attempt.assignment.taskInstanceId);
        this.reportUnseen(attempt, outcomeOfExit(exit, hasCrashed && left.length === 1));
      }
    }
    this.settleIdle();
  }

  private attemptsOf(runner: RunnerProcess): Attempt[] {
    return [...this.attempts.values()].filter((attempt) => attempt.runner === runner);
  }

  /** Reports an outcome that no thread saw, and therefore none has logged. */
  private reportUnseen(attempt: Attempt, outcome: Outcome): void {
    if (outcome.kind === 'failed') attempt.log.append('error', 'system', `failed: ${outcome.error.code}: ${outcome.error.message}`);
    else if (outcome.kind === 'lost') attempt.log.append('warn', 'system', `lost: ${outcome.reason}`);
    this.report(attempt, outcome);
  }

  /** What a runner prints past its threads belongs to an attempt only where there is just one. */
  private keepPrinted(runner: RunnerProcess, stream: 'stdout' | 'stderr', text: string): void {
    const [attempt, ...others] = this.attemptsOf(runner);
    if (attempt && others.length === 0) attempt.log.print(stream, text);
    else this.unclaimed.add(runner.pid, stream, text);
  }

  /** The attempt was told to end, and has. */
  private finishEnding(attempt: Attempt, ending: Ending, block: LastBlock | null): void {
    if (attempt.runner) this.fleet.release(attempt.runner);
    const outcome = outcomeOfEnding(ending, attempt.assignment.task.sensor, block);
    if (outcome) return this.reportUnseen(attempt, outcome);
    attempt.log.append('warn', 'system', `TASK_CANCELLED: ${ending.reason}`);
    this.forget(attempt);
  }

  private finish(attempt: Attempt, outcome: Outcome): void {
    if (attempt.runner) this.fleet.release(attempt.runner);
    this.fleet.exonerate(attempt.assignment.taskInstanceId);
    this.report(attempt, outcome);
  }

  private report(attempt: Attempt, outcome: Outcome): void {
    const { token, taskInstanceId, dagRunId } = attempt.assignment;
    this.forget(attempt);
    this.listener({ token, taskInstanceId, dagRunId, outcome, endedAt: this.options.clock.now() });
  }

  private forget(attempt: Attempt): void {
    for (const timer of attempt.timers) clearTimeout(timer);
    attempt.log.close();
    if (this.attempts.get(attempt.assignment.token) === attempt) this.attempts.delete(attempt.assignment.token);
    this.settleIdle();
  }

  /** Resolves when no attempt is under way, and, while stopping, no runner is left; at the latest after `ms`, or once `hurry` aborts. */
  private idleWithin(ms: number, hurry?: AbortSignal): Promise<void> {
    if (this.isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        hurry?.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, ms);
      hurry?.addEventListener('abort', finish);
      this.onIdle = finish;
    });
  }

  private isIdle(): boolean {
    return this.attempts.size === 0 && this.fleet.isSteady;
  }

  private settleIdle(): void {
    if (!this.onIdle || !this.isIdle()) return;
    this.onIdle();
    this.onIdle = null;
  }
}

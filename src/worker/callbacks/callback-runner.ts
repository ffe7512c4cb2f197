/**
 * Calls callbacks in runner processes of their own, so that they take no slot of a task and a callback that hangs holds up no task. A call is over
 * after its time limit, whatever it does; a crash of its process costs the calls in it, which are repeated.
 */
import { join } from 'node:path';
import { callbackLogPath } from '../../model/attempt-log.js';
import type { CallbackAssignment } from '../../model/callback.js';
import { formatDuration } from '../../model/duration.js';
import type { TaskError } from '../../model/task-instance.js';
import type { Clock } from '../../ports/clock.js';
import type { Logger } from '../../ports/logger.js';
import type { DagCatalog } from '../../ports/store.js';
import { MAX_LOG_BYTES } from '../attempt/attempt-log-writer.js';
import { describeThrown, taskError } from '../attempt/task-error.js';
import { killDescendants } from '../processes/descendants.js';
import type { RunnerMessage, WireCallback } from '../runner/protocol.js';
import { describeExit } from '../supervisor/attempt-end.js';
import { readOutcome } from '../supervisor/read-outcome.js';
import { RunnerFleet, type RunnerSetup } from '../supervisor/runner-fleet.js';
import type { RunnerProcess } from '../supervisor/runner-process.js';
import { UnclaimedOutput } from '../supervisor/unclaimed-output.js';
import { VersionCache } from '../supervisor/version-cache.js';

export interface CallbackRunnerOptions {
  /** Calls at once. */
  readonly slots: number;
  /** What one call may take, from the moment at which it is asked for, in milliseconds; default 20 s. */
  readonly timeLimitMs?: number;
  readonly catalog: Pick<DagCatalog, 'getVersion' | 'getBundle'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `core.home`: logs and caches lie below it. */
  readonly home: string;
  readonly runnerOptions: RunnerSetup;
}

interface Call {
  readonly assignment: CallbackAssignment;
  readonly end: (failure: TaskError | null) => void;
  readonly timers: NodeJS.Timeout[];
  /** Null until its code is here. */
  runner: RunnerProcess | null;
  /** It is over its limit and is being ended. */
  timeout: TaskError | null;
}

export const TIME_LIMIT_MS = 20_000;
/** What a runner gets to end the thread of a call that is over its limit, before it is killed itself, in milliseconds. */
const KILL_MARGIN_MS = 1_500;
/** Without calls for so long, the runner is ended: most of the time there are none. */
const IDLE_RUNNER_MS = 30_000;

export class CallbackRunner {
  private readonly calls = new Map<string, Call>();
  private readonly fleet: RunnerFleet;
  private readonly versions: VersionCache;
  private readonly unclaimed: UnclaimedOutput;
  private idleTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: CallbackRunnerOptions) {
    const { catalog, home, runnerOptions, slots, logger } = options;
    this.unclaimed = new UnclaimedOutput(logger);
    this.versions = new VersionCache(catalog, join(home, 'cache'), runnerOptions.originalRoot);
    this.fleet = new RunnerFleet(runnerOptions, slots, {
      onMessage: (runner, message) => this.receive(runner, message),
      onPrinted: (runner, stream, text) => this.unclaimed.add(runner.pid, stream, text),
      onExit: (runner, exit) => this.lose(runner, `its process ended: ${describeExit(exit)}`),
    });
  }

  get freeSlots(): number {
    return this.options.slots - this.calls.size;
  }

  /** Makes one call. Resolves with what went wrong, or with null; never rejects. */
  async call(assignment: CallbackAssignment): Promise<TaskError | null> {
    const { timeLimitMs = TIME_LIMIT_MS } = this.options;
    clearTimeout(this.idleTimer);
    const failure = await new Promise<TaskError | null>((end) => {
      const call: Call = { assignment, end, timers: [], runner: null, timeout: null };
      this.calls.set(assignment.lease, call);
      call.timers.push(setTimeout(() => this.timeOut(call, timeLimitMs), timeLimitMs));
      this.launch(call).catch((error: unknown) => this.finish(call, describeThrown(error)));
    });
    if (this.calls.size === 0) this.becomeIdle();
    return failure;
  }

  /** Ends all calls at once, as failed. */
  stop(): void {
    clearTimeout(this.idleTimer);
    for (const call of [...this.calls.values()]) this.finish(call, lost('the worker is stopping'));
    this.fleet.killAll('the worker is stopping');
  }

  private becomeIdle(): void {
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => this.fleet.killAll('there are no callbacks'), IDLE_RUNNER_MS).unref();
  }

  private async launch(call: Call): Promise<void> {
    const { assignment } = call;
    const { lease, request, callNumber, versionId, run } = assignment;
    const { clock, home, runnerOptions } = this.options;
    const { bundle, specFile } = await this.versions.load(versionId);
    if (this.calls.get(lease) !== call) return;
    const path = callbackLogPath(assignment);
    const logFile = join(home, 'logs', path);
    const logFolder = join(home, 'logs', path.slice(0, path.indexOf('/')));
    const maxLogBytes = runnerOptions.maxLogBytes ?? MAX_LOG_BYTES;
    const tryNumber = request.task?.tryNumber ?? 0;
    const wire: WireCallback = {
      request,
      callNumber,
      run,
      token: lease,
      tryNumber,
      bundle,
      specFile,
      logFile,
      logFolder,
      maxLogBytes,
    };
    // A call that is repeated may be the one that ends processes: it must not take others with it again.
    call.runner = callNumber > 1 ? this.fleet.ownRunner() : this.fleet.sharedRunner();
    call.runner.send({ kind: 'start', token: lease, logFile, tryNumber, sentAt: clock.now(), workload: JSON.stringify(wire) });
  }

  private receive(runner: RunnerProcess, message: RunnerMessage): void {
    if (message.kind === 'doomed') return runner.kill(message.message);
    const call = 'token' in message && message.token !== null ? this.calls.get(message.token) : undefined;
    if (!call) return;
    if (message.kind === 'ended') return this.finish(call, call.timeout ?? lost('it was ended'));
    if (message.kind !== 'outcome') return;
    const outcome = readOutcome(message.outcome, 0);
    if (outcome?.kind === 'success') this.finish(call, null);
    else if (outcome?.kind === 'failed') this.finish(call, outcome.error);
    else this.finish(call, lost(outcome?.kind === 'lost' ? outcome.reason : 'its thread reported something that is no result'));
  }

  /** Ends the call's thread; one that cannot be ended takes its process with it. */
  private timeOut(call: Call, limitMs: number): void {
    const { runner, assignment } = call;
    const reason = `it did not end within ${formatDuration(limitMs)}`;
    call.timeout = taskError('CALLBACK_TIMEOUT', reason);
    if (!runner) return this.finish(call, call.timeout);
    runner.send({ kind: 'abort', token: assignment.lease, reason, graceMs: 0 });
    call.timers.push(setTimeout(() => runner.kill('a callback in it did not stop'), KILL_MARGIN_MS));
  }

  /** The runner is gone, with all calls in it. */
  private lose(runner: RunnerProcess, why: string): void {
    const left = [...this.calls.values()].filter((call) => call.runner === runner);
    if (left.length === 0) return;
    killDescendants({ tokens: new Set(left.map(({ assignment }) => assignment.lease)), except: new Set([process.pid]) });
    for (const call of left) this.finish(call, call.timeout ?? lost(why));
  }

  private finish(call: Call, failure: TaskError | null): void {
    if (!this.calls.delete(call.assignment.lease)) return;
    for (const timer of call.timers) clearTimeout(timer);
    if (call.runner) this.fleet.release(call.runner);
    call.end(failure);
  }
}

/** The error of a call whose process ended under it. */
export function lost(why: string): TaskError {
  return taskError('CALLBACK_LOST', why);
}

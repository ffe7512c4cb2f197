/**
 * Runs attempts in this very process, for `testDag` and `dags test`: breakpoints work, the clock may be a virtual one, and nothing is isolated.
 * What the author's code prints goes where this process prints; lines of `context().log` and of the system go to `onLogLine`.
 */
import type { AttemptLogLine } from '../model/attempt-log.js';
import { decodeTagged } from '../model/codec.js';
import type { DagSpec } from '../model/dag-spec.js';
import type { AttemptOutcome, Outcome } from '../model/outcome.js';
import type { TaggedJson } from '../model/tagged-json.js';
import type { AttemptToken, TaskInstanceKey } from '../model/task-instance.js';
import type { Assignment } from '../model/workload.js';
import type { Clock } from '../ports/clock.js';
import type { Executor } from '../ports/executor.js';
import type { SettingsSource } from '../ports/settings-source.js';
import type { AttemptStore } from '../ports/store.js';
import { withLazyLists, type ReadCopies } from '../worker/attempt/lazy-inputs.js';
import type { RunnableDag } from '../worker/attempt/load-dag.js';
import { runAttempt, type AttemptLog } from '../worker/attempt/run-attempt.js';
import { describeThrown, exitError } from '../worker/attempt/task-error.js';
import { timeLimitReason } from '../worker/attempt/time-limit.js';
import { InputResolver, listOf } from '../worker/inputs/input-resolver.js';
import { OutputShapes } from '../worker/inputs/output-shapes.js';
import { StoreTaskChannel, type AttemptScope } from '../worker/inputs/store-task-channel.js';
import { outcomeOfTimeLimit } from '../worker/supervisor/attempt-end.js';
import { OutputCache } from '../worker/supervisor/output-cache.js';
import { withExitCaught } from './exit-guard.js';

export interface InlineExecutorOptions {
  readonly workerId: string;
  /** Attempts at once; default 16. */
  readonly slots?: number;
  readonly attempts: AttemptStore;
  /** Sensors wait and time limits run by it. */
  readonly clock: Clock;
  /** The DAG that an attempt belongs to, as defined in this process. What it throws fails the attempt. */
  readonly loadDag: (assignment: Assignment) => RunnableDag | Promise<RunnableDag>;
  /** Most bytes of an XCom; default 256 KiB. */
  readonly maxXComBytes?: number;
  /** Where tasks' variables and connections come from; default: there are none. */
  readonly settings?: SettingsSource;
  /** Most characters that are kept of a rendered template field; default 4096. */
  readonly maxRenderedLength?: number;
  readonly onLogLine?: (line: AttemptLogLine, key: TaskInstanceKey) => void;
}

/** An attempt that was made, with the arguments its method was called with. */
export interface InlineAttempt {
  readonly key: TaskInstanceKey;
  readonly tryNumber: number;
  readonly args: readonly unknown[];
}

interface Running {
  readonly assignment: Assignment;
  /** Null until its DAG is loaded. */
  scope: AttemptScope | null;
  readonly abort: AbortController;
  /** True while it waits on the clock. */
  isWaiting: boolean;
  isCancelled: boolean;
}

const DEFAULT_SLOTS = 16;
const DEFAULT_XCOM_BYTES = 262_144;
const DEFAULT_RENDERED_LENGTH = 4_096;
const NO_SETTINGS: SettingsSource = { variable: async () => undefined, connection: async () => undefined };

export class InlineExecutor implements Executor {
  readonly workerId: string;
  readonly slots: number;
  /** Every attempt made so far, in the order of their starts. */
  readonly made: InlineAttempt[] = [];
  private readonly attempts = new Map<AttemptToken, Running>();
  private readonly inputs: InputResolver;
  private readonly channel: StoreTaskChannel;
  private listener: (outcome: AttemptOutcome) => void = () => undefined;
  private onSettled: (() => void)[] = [];

  constructor(private readonly options: InlineExecutorOptions) {
    this.workerId = options.workerId;
    this.slots = options.slots ?? DEFAULT_SLOTS;
    this.inputs = new InputResolver(options.attempts, new OutputCache(0));
    this.channel = new StoreTaskChannel({
      attempts: options.attempts,
      settings: options.settings ?? NO_SETTINGS,
      maxRenderedLength: options.maxRenderedLength ?? DEFAULT_RENDERED_LENGTH,
      scopeOf: (token) => this.attempts.get(token)?.scope ?? undefined,
    });
  }

  freeSlots(): number {
    return Math.max(0, this.slots - this.attempts.size);
  }

  running(): readonly AttemptToken[] {
    return [...this.attempts.keys()];
  }

  onOutcome(listener: (outcome: AttemptOutcome) => void): void {
    this.listener = listener;
  }

  start(assignments: readonly Assignment[]): void {
    for (const assignment of assignments) {
      const running: Running = {
        assignment,
        scope: null,
        abort: new AbortController(),
        isWaiting: false,
        isCancelled: false,
      };
      this.attempts.set(assignment.token, running);
      void this.make(running);
    }
  }

  cancel(token: AttemptToken, reason: string): void {
    const running = this.attempts.get(token);
    if (!running) return;
    running.isCancelled = true;
    running.abort.abort(new DOMException(reason, 'AbortError'));
  }

  /** Lets the code of an attempt wait on the clock, as a sensor does between its looks. Rejects when the attempt has to end. */
  async wait(token: AttemptToken, ms: number): Promise<void> {
    const running = this.attempts.get(token);
    if (!running) return;
    const { signal } = running.abort;
    await this.sleep(running, ms, signal);
    signal.throwIfAborted();
  }

  /**
   * Resolves when nothing moves by itself any more: each attempt is over, or waits on the clock. Then a test may set the
   * clock forward. Code that waits in real time is waited for.
   */
  async settled(): Promise<void> {
    for (;;) {
      // A turn of the event loop, so that sensors which the clock has just woken are seen to be awake.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.isSettled()) return;
      await new Promise<void>((resolve) => this.onSettled.push(resolve));
    }
  }

  async stop(graceMs: number): Promise<void> {
    for (const { abort } of this.attempts.values()) abort.abort(new DOMException('the executor is stopping', 'AbortError'));
    const over = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      const check = (): void => {
        if (this.attempts.size > 0) return void this.onSettled.push(check);
        clearTimeout(timer);
        resolve();
      };
      check();
    });
    await over;
    for (const running of [...this.attempts.values()]) this.report(running, { kind: 'lost', reason: 'the executor is stopping' });
  }

  private async make(running: Running): Promise<void> {
    const { assignment } = running;
    let outcome: Outcome;
    try {
      const dag = await this.options.loadDag(assignment);
      const shapes = shapesOf(dag.spec);
      const { dagRunId, task } = assignment;
      running.scope = { dagRunId, taskId: task.taskId, inlets: task.inlets, outlets: task.outlets, shapes, secrets: new Set() };
      const [inputs = []] = await this.inputs.resolve([{ assignment, shapes }]);
      this.made.push({
        key: assignment.key,
        tryNumber: assignment.tryNumber,
        args: inputs.map((input, index) =>
          input === undefined
            ? undefined
            : withLazyLists(assignment.task.inputs[index], decodeTagged(input), this.readerOf(dagRunId, shapes)),
        ),
      });
      const body = (): Promise<Outcome> =>
        withExitCaught(
          () => this.run(running, dag, inputs),
          (code): Outcome => ({ kind: 'failed', error: exitError(code), retryable: true }),
        );
      outcome = await this.withTimeLimit(running, body);
    } catch (error) {
      outcome = { kind: 'failed', error: describeThrown(error), retryable: true };
    }
    this.report(running, outcome);
  }

  /** Reads lazy lists also when the attempt is over: a test may look at them. */
  private readerOf(dagRunId: number, shapes: OutputShapes): ReadCopies {
    return async (taskId, from, to) => {
      const request = { dagRunId, taskId, key: 'return_value', copies: { from, to } };
      const [found = []] = await this.options.attempts.readXComs([request]);
      return listOf(
        found.map(({ value }) => value),
        shapes.isChunked(taskId),
      );
    };
  }

  private run(running: Running, dag: RunnableDag, inputs: readonly (TaggedJson | undefined)[]): Promise<Outcome> {
    const { assignment, abort } = running;
    const { clock, maxXComBytes } = this.options;
    return runAttempt(
      { ...assignment, taskId: assignment.task.taskId, inputs, maxXComBytes: maxXComBytes ?? DEFAULT_XCOM_BYTES },
      {
        loadDag: () => dag,
        log: this.logOf(assignment),
        now: () => clock.now(),
        sleep: (ms, signal) => this.sleep(running, ms, signal),
        channel: this.channel,
        isTest: true,
        signal: abort.signal,
      },
    );
  }

  private async sleep(running: Running, ms: number, signal?: AbortSignal): Promise<void> {
    running.isWaiting = true;
    this.settle();
    await this.options.clock.sleep(ms, signal);
    running.isWaiting = false;
  }

  /** The time limit of a task cannot end code that does not listen to its signal: here it only decides what is reported. */
  private async withTimeLimit(running: Running, body: () => Promise<Outcome>): Promise<Outcome> {
    const limitMs = running.assignment.task.executionTimeoutMs;
    if (limitMs === null) return body();
    const over = new AbortController();
    const limit = this.options.clock.sleep(limitMs, over.signal).then((): Outcome => {
      const reason = timeLimitReason(limitMs);
      if (!over.signal.aborted) running.abort.abort(new DOMException(reason, 'AbortError'));
      return outcomeOfTimeLimit(reason, running.assignment.task.sensor);
    });
    try {
      return await Promise.race([body(), limit]);
    } finally {
      over.abort();
    }
  }

  private logOf({ key, tryNumber }: Assignment): AttemptLog {
    const { onLogLine, clock } = this.options;
    const write: AttemptLog['write'] = (level, source, message, fields) =>
      onLogLine?.({ ...fields, at: new Date(clock.now()).toISOString(), level, source, try: tryNumber, message }, key);
    return { write, note: write };
  }

  private report(running: Running, outcome: Outcome): void {
    const { token, taskInstanceId, dagRunId } = running.assignment;
    if (!this.attempts.delete(token)) return;
    if (!running.isCancelled) this.listener({ token, taskInstanceId, dagRunId, outcome, endedAt: this.options.clock.now() });
    this.settle();
  }

  private isSettled(): boolean {
    for (const { isWaiting } of this.attempts.values()) if (!isWaiting) return false;
    return true;
  }

  private settle(): void {
    if (!this.isSettled()) return;
    const waiting = this.onSettled;
    this.onSettled = [];
    for (const resolve of waiting) resolve();
  }
}

const knownShapes = new WeakMap<DagSpec, OutputShapes>();

/** Remembered as long as the spec lives. */
function shapesOf(spec: DagSpec): OutputShapes {
  let shapes = knownShapes.get(spec);
  if (!shapes) knownShapes.set(spec, (shapes = new OutputShapes(spec)));
  return shapes;
}

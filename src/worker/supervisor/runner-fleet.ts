/** The runner processes of one supervisor: one that is shared by attempts in threads, and one more for each attempt that runs alone. */
import { fileURLToPath } from 'node:url';
import type { RunnerMessage, RunnerSettings } from '../runner/protocol.js';
import { RunnerProcess, type RunnerExit } from './runner-process.js';

export interface RunnerSetup {
  /** How long an attempt may go on after it was told to stop, before its thread is ended, in milliseconds. */
  readonly executionGraceMs: number;
  /** Memory a runner process may use before the attempt to blame is ended. */
  readonly maxRssMb: number;
  /** Limit of the JavaScript heap of one attempt; default: half of `maxRssMb`. */
  readonly maxHeapMb?: number;
  /** An event loop that stands still for this long is named in the attempt's log, in milliseconds. */
  readonly blockedLoopWarnMs: number;
  /** A shared runner that is idle for so long and has grown is replaced by a fresh one, in milliseconds; default 30 s. */
  readonly wornAfterMs?: number;
  /** Most bytes of the JSON text of an XCom. */
  readonly maxXComBytes: number;
  /** Most bytes that a task may write into its log; default 100 MiB. */
  readonly maxLogBytes?: number;
  /** The whole environment that user code sees. Must hold no secret of the system. */
  readonly env: Readonly<Record<string, string>>;
  /** The DAGs folder; npm packages of DAGs are resolved from it when it exists on this machine. */
  readonly originalRoot: string;
  /** The built entry of the runner; default: the one of this package. */
  readonly entry?: string;
}

export interface FleetEvents {
  onMessage(runner: RunnerProcess, message: RunnerMessage): void;
  onPrinted(runner: RunnerProcess, stream: 'stdout' | 'stderr', text: string): void;
  onExit(runner: RunnerProcess, exit: RunnerExit): void;
}

const WORN_AFTER_MS = 30_000;
const MAX_SUSPECTS = 1_000;

export class RunnerFleet {
  private readonly runners = new Set<RunnerProcess>();
  private readonly suspects = new Set<number>();
  private shared: RunnerProcess | null = null;

  constructor(
    private readonly setup: RunnerSetup,
    private readonly slots: number,
    private readonly events: FleetEvents,
  ) {}

  /** The shared runner, started or replaced if need be. */
  sharedRunner(): RunnerProcess {
    if (!this.shared?.isUsable) this.shared = this.startRunner(this.slots);
    return this.shared;
  }

  /** The runner for an attempt: one of its own if the task wants that or is suspected of a crash. */
  runnerFor(taskInstanceId: number, isolation: 'thread' | 'process'): RunnerProcess {
    return isolation === 'process' || this.suspects.has(taskInstanceId) ? this.ownRunner() : this.sharedRunner();
  }

  /** A runner for one use. */
  ownRunner(): RunnerProcess {
    return this.startRunner(1);
  }

  /** It was running, with others, when a runner crashed: next time it runs alone, so that the guilty one shows itself. */
  suspect(taskInstanceId: number): void {
    this.suspects.add(taskInstanceId);
    if (this.suspects.size > MAX_SUSPECTS) this.suspects.delete(this.suspects.values().next().value as number);
  }

  exonerate(taskInstanceId: number): void {
    this.suspects.delete(taskInstanceId);
  }

  /** Ends a runner that belonged to one attempt; the shared one stays. */
  release(runner: RunnerProcess): void {
    if (runner !== this.shared) runner.kill('its attempt is over');
  }

  /** Replaces the shared runner by a fresh one. Nothing may run in it. */
  replace(runner: RunnerProcess): void {
    if (runner !== this.shared) return;
    runner.kill('it has grown and is idle');
    this.sharedRunner();
  }

  killAll(because: string): void {
    for (const runner of this.runners) runner.kill(because);
  }

  /** False while a runner that was killed is not gone yet. */
  get isSteady(): boolean {
    for (const runner of this.runners) if (!runner.isUsable) return false;
    return true;
  }

  private startRunner(threads: number): RunnerProcess {
    const { maxRssMb, maxHeapMb, blockedLoopWarnMs, wornAfterMs, env, originalRoot, entry } = this.setup;
    const settings: RunnerSettings = {
      threads,
      maxHeapMb: maxHeapMb ?? Math.ceil(maxRssMb / 2),
      maxRssMb,
      blockedLoopWarnMs,
      wornAfterMs: wornAfterMs ?? WORN_AFTER_MS,
      originalRoot,
    };
    const runner: RunnerProcess = new RunnerProcess(
      { entry: entry ?? fileURLToPath(new URL('../runner/main.js', import.meta.url)), settings, env },
      {
        onMessage: (message) => this.events.onMessage(runner, message),
        onPrinted: (stream, text) => this.events.onPrinted(runner, stream, text),
        onExit: (exit) => {
          this.runners.delete(runner);
          if (this.shared === runner) this.shared = null;
          this.events.onExit(runner, exit);
        },
      },
    );
    this.runners.add(runner);
    return runner;
  }
}

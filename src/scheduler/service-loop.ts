import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';

export interface ServiceLoopOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The longest rest, in milliseconds. */
  readonly pollIntervalMs: number;
  /** After a turn it rests for so many times as long as the turn took; what happens meanwhile is done in one turn. Default: 0. */
  readonly restFactor?: number;
  /** One turn. */
  readonly turn: () => Promise<unknown>;
  /** The poll interval has passed. */
  readonly onPoll: () => void;
  /** A turn has failed; the next one follows after a pause that grows. */
  readonly onFailure: () => void;
  /** True: the next turn follows without a rest. */
  readonly hasWork: () => boolean;
  /** After `stop`: true while turns still have to be made. Default: false. */
  readonly mustFinish?: () => boolean;
}

const MAX_FAILURE_PAUSE_MS = 5_000;

/** Makes turns: at once while there is work, otherwise when it is woken, at the latest every poll interval. A turn that fails never ends it. */
export class ServiceLoop {
  readonly #options: ServiceLoopOptions;
  readonly #stop = new AbortController();
  #wake: (() => void) | null = null;
  #isWoken = false;
  #failures = 0;
  #lastProgressAt = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ServiceLoopOptions) {
    this.#options = options;
  }

  /** When the last turn ended without an error. */
  get lastProgressAt(): number {
    return this.#lastProgressAt;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends after the turn under way, and those that must be made still. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#running;
  }

  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    const { clock, pollIntervalMs, restFactor = 0, turn, onPoll, hasWork, mustFinish } = this.#options;
    let polledAt = clock.now();
    const isOver = () => this.#stop.signal.aborted && !mustFinish?.();
    while (!isOver()) {
      if (clock.now() - polledAt >= pollIntervalMs) {
        polledAt = clock.now();
        onPoll();
      }
      this.#isWoken = false;
      const startedAt = clock.now();
      try {
        await turn();
        this.#failures = 0;
        this.#lastProgressAt = clock.now();
      } catch (error) {
        await this.#pauseAfter(error);
        if (this.#stop.signal.aborted) return;
        continue;
      }
      if (restFactor > 0) await clock.sleep(restFactor * (clock.now() - startedAt), this.#stop.signal);
      if (!this.#isWoken && !hasWork()) await this.#rest(polledAt + pollIntervalMs - clock.now());
    }
  }

  async #rest(ms: number): Promise<void> {
    if (ms <= 0 || this.#stop.signal.aborted) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await this.#options.clock.sleep(ms, woken.signal);
    this.#wake = null;
  }

  async #pauseAfter(error: unknown): Promise<void> {
    this.#options.onFailure();
    this.#failures++;
    const pauseMs = Math.min(MAX_FAILURE_PAUSE_MS, 50 * 2 ** this.#failures);
    this.#options.logger.error({ err: error, pauseMs }, 'a scheduler pass failed, it is repeated');
    await this.#options.clock.sleep(pauseMs, this.#stop.signal);
  }
}

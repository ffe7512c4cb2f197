/**
 * Looks after threads while they run attempts: names event loops that stand still, in the attempt's log, and ends attempts that use more
 * memory than the runner may have. A heap has its own limit per thread; this one is for what lies outside of heaps (Buffers).
 */
import { taskError } from '../attempt/task-error.js';
import type { AttemptPool, Block, PooledAttempt, PoolThread } from './attempt-pool.js';
import { nameRunningFunction } from './name-running-function.js';
import { CELLS, type RunnerMessage, type RunnerSettings } from './protocol.js';

const CHECK_MS = 250;
const BYTES_PER_MB = 1_048_576;
/** A loop that stood still for this long is worth a word in the error of a killed attempt, in milliseconds. */
const NOTABLE_BLOCK_MS = 1_000;
/** Memory is given back a moment after a thread ends; the runner is given up when it is still too much after so many checks. */
const CHECKS_TO_RECOVER = 8;

interface Beat {
  sequence: number;
  beats: number;
  at: number;
  /** Next length of the block at which it is logged. */
  warnAtMs: number;
  functionName: string | null;
}

export class ThreadWatch {
  private readonly beats = new WeakMap<PoolThread, Beat>();
  private timer: NodeJS.Timeout | null = null;
  private checksAboveLimit = 0;

  constructor(
    private readonly pool: AttemptPool,
    private readonly settings: RunnerSettings,
    private readonly send: (message: RunnerMessage) => void,
  ) {}

  start(): void {
    this.timer ??= setInterval(() => this.check(), CHECK_MS);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }

  /** The block that the attempt's thread is in; null when its loop turns. */
  blockOf(attempt: PooledAttempt): Block | null {
    const thread = this.pool.threadOf(attempt);
    const beat = thread && this.beats.get(thread);
    if (!beat || beat.sequence !== attempt.sequence || Atomics.load(thread.cells, CELLS.beats) !== beat.beats) return null;
    const ms = performance.now() - beat.at;
    return ms < NOTABLE_BLOCK_MS ? null : { ms, functionName: beat.functionName };
  }

  private check(): void {
    for (const attempt of this.pool.attempts.values()) {
      const thread = this.pool.threadOf(attempt);
      if (thread) this.checkLoop(attempt, thread);
    }
    this.checkMemory();
  }

  private checkLoop(attempt: PooledAttempt, thread: PoolThread): void {
    const beats = Atomics.load(thread.cells, CELLS.beats);
    const known = this.beats.get(thread);
    if (!known || known.beats !== beats || known.sequence !== attempt.sequence) {
      const warnAtMs = this.settings.blockedLoopWarnMs;
      this.beats.set(thread, { sequence: attempt.sequence, beats, at: performance.now(), warnAtMs, functionName: null });
      return;
    }
    const blockedMs = performance.now() - known.at;
    if (blockedMs < known.warnAtMs || attempt.state === 'terminating') return;
    known.warnAtMs = known.warnAtMs * 2;
    void nameRunningFunction(thread.worker.threadId).then((name) => {
      known.functionName = name ?? known.functionName;
      const where = known.functionName === null ? '' : ` in ${known.functionName}`;
      this.pool.log(attempt, `event loop blocked ${Math.round(blockedMs / 1_000)} s${where}`);
    });
  }

  /** Ends the attempt that most likely uses the memory; the whole runner when that does not help. */
  private checkMemory(): void {
    const rssMb = usedMb();
    const { maxRssMb } = this.settings;
    if (rssMb <= maxRssMb) {
      this.checksAboveLimit = 0;
      return;
    }
    const suspect = this.findSuspect();
    const message = `the runner process used ${Math.round(rssMb)} MB, more than its limit of ${maxRssMb} MB, most of it by this task`;
    this.checksAboveLimit += 1;
    if (this.checksAboveLimit === 1 && suspect && rssMb < 2 * maxRssMb) {
      this.pool.fail(suspect, taskError('TASK_MEMORY', message));
    } else if (this.checksAboveLimit > CHECKS_TO_RECOVER || rssMb >= 2 * maxRssMb) {
      this.send({ kind: 'doomed', token: suspect?.token ?? null, message });
    }
  }

  /** A thread that stands still cannot say how much it uses: it is suspected unless another one admits to most of the limit. */
  private findSuspect(): PooledAttempt | null {
    let most: PooledAttempt | null = null;
    let mostMb = -1;
    let blocked: PooledAttempt | null = null;
    for (const attempt of this.pool.attempts.values()) {
      const thread = this.pool.threadOf(attempt);
      if (!thread || attempt.state === 'terminating') continue;
      const usedMb = Atomics.load(thread.cells, CELLS.externalMb) + Atomics.load(thread.cells, CELLS.heapMb);
      if (usedMb > mostMb) {
        most = attempt;
        mostMb = usedMb;
      }
      const beat = this.beats.get(thread);
      const isStill = beat?.sequence === attempt.sequence && beat.beats === Atomics.load(thread.cells, CELLS.beats);
      if (isStill && performance.now() - beat.at >= NOTABLE_BLOCK_MS) blocked = attempt;
    }
    return mostMb < this.settings.maxRssMb / 2 && blocked ? blocked : most;
  }
}

/** 0 when nobody can say: a task that has used up the file descriptors of this process must not end it. */
function usedMb(): number {
  try {
    return process.memoryUsage.rss() / BYTES_PER_MB;
  } catch {
    return 0;
  }
}

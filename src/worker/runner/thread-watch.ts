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
/** A thread that shows its beat every quarter of a second and has not for this long says nothing certain any more. */
const BEATS_MISSED_MS = 600;
/** How far above its limit a process may get before somebody is blamed of whom it is only likely, as a multiple of the limit. */
const EMERGENCY = 3;
/** Memory is given back a moment after a thread ends; the runner is given up when it is still too much after so many checks. */
const CHECKS_TO_RECOVER = 8;

interface Beat {
  sequence: number;
  beats: number;
  at: number;
  /** It has beaten since it took up its attempt: what it says of its memory is not older than that. */
  isHeard: boolean;
  /** Next length of the block at which it is logged. */
  warnAtMs: number;
  functionName: string | null;
}

export class ThreadWatch {
  private readonly beats = new WeakMap<PoolThread, Beat>();
  private timer: NodeJS.Timeout | null = null;
  private checksAboveLimit = 0;
  private hasBlamed = false;

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

  /** Counts from now on for how long the attempt's thread stands still. */
  look(attempt: PooledAttempt): void {
    const thread = this.pool.threadOf(attempt);
    if (thread) this.checkLoop(attempt, thread);
  }

  /** The block that the attempt's thread is in; null when its loop turns. @param isDeaf It is known to be in one, however short. */
  blockOf(attempt: PooledAttempt, isDeaf: boolean): Block | null {
    const thread = this.pool.threadOf(attempt);
    const beat = thread && this.beats.get(thread);
    if (!beat || beat.sequence !== attempt.sequence || Atomics.load(thread.cells, CELLS.beats) !== beat.beats) return null;
    const ms = performance.now() - beat.at;
    return ms < NOTABLE_BLOCK_MS && !isDeaf ? null : { ms, functionName: beat.functionName };
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
      const isHeard = known?.sequence === attempt.sequence;
      this.beats.set(thread, { sequence: attempt.sequence, beats, at: performance.now(), isHeard, warnAtMs, functionName: null });
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

  /** Ends the attempt that uses the memory; the whole runner when that does not help. */
  private checkMemory(): void {
    const rssMb = usedMb();
    const { maxRssMb } = this.settings;
    if (rssMb <= maxRssMb) {
      this.checksAboveLimit = 0;
      this.hasBlamed = false;
      return;
    }
    this.checksAboveLimit += 1;
    const suspect = this.findSuspect(rssMb >= EMERGENCY * maxRssMb);
    const message = `the runner process used ${Math.round(rssMb)} MB, more than its limit of ${maxRssMb} MB, most of it by this task`;
    const isLost = rssMb >= EMERGENCY * maxRssMb || (suspect !== null && rssMb >= 2 * maxRssMb);
    if (isLost || this.checksAboveLimit > CHECKS_TO_RECOVER) {
      this.send({ kind: 'doomed', token: suspect?.token ?? null, message });
    } else if (suspect && !this.hasBlamed) {
      this.hasBlamed = true;
      this.pool.fail(suspect, taskError('TASK_MEMORY', message));
    }
  }

  /**
   * Who uses the memory; null while that is not certain. A thread that stands still cannot say how much it uses: when no other one admits to
   * most of the limit it is the suspect, but only once it has stood still for longer than a busy machine makes any thread wait.
   */
  private findSuspect(isUrgent: boolean): PooledAttempt | null {
    let most: PooledAttempt | null = null;
    let mostMb = -1;
    let stillest: PooledAttempt | null = null;
    let stillMs = -1;
    let isAnyUnheard = false;
    for (const attempt of this.pool.attempts.values()) {
      const thread = this.pool.threadOf(attempt);
      if (!thread || attempt.state === 'terminating') continue;
      const usedMb = Atomics.load(thread.cells, CELLS.externalMb) + Atomics.load(thread.cells, CELLS.heapMb);
      const beat = this.beats.get(thread);
      const isKnown = beat?.sequence === attempt.sequence;
      const ms = isKnown && beat.beats === Atomics.load(thread.cells, CELLS.beats) ? performance.now() - beat.at : 0;
      isAnyUnheard ||= !isKnown || !beat.isHeard || ms > BEATS_MISSED_MS;
      if (usedMb > mostMb) [most, mostMb] = [attempt, usedMb];
      if (ms > stillMs) [stillest, stillMs] = [attempt, ms];
    }
    if (mostMb >= this.settings.maxRssMb / 2) return most;
    if (stillMs >= NOTABLE_BLOCK_MS || isUrgent) return stillest;
    return isAnyUnheard ? null : most;
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

import { formatDuration } from '../../model/duration.js';
import type { FollowedBackfill } from '../system.js';
import type { Terminal } from '../terminal.js';
import { REDRAW_MS, Throttle } from './throttle.js';

/** Off a terminal: a line per change, but not more often than this... */
const LINE_MS = 1_000;
/** ...and at least this often, so that a log shows that it is alive. */
const HEARTBEAT_MS = 30_000;
const BAR_WIDTH = 40;

/** Shows the progress of a backfill: a bar that is redrawn on a terminal, plain lines elsewhere. */
export class BackfillReporter {
  readonly #throttle: Throttle;
  readonly #heartbeat: NodeJS.Timeout | null;
  #latest: FollowedBackfill | null = null;
  #shown = '';

  constructor(private readonly terminal: Terminal) {
    const isTerminal = terminal.noteWidth !== null;
    this.#throttle = new Throttle(isTerminal ? REDRAW_MS : LINE_MS, () => this.#draw());
    this.#heartbeat = isTerminal ? null : setInterval(() => this.#draw(true), HEARTBEAT_MS).unref();
  }

  update(progress: FollowedBackfill): void {
    this.#latest = progress;
    this.#throttle.request();
  }

  /** Draws the last state and leaves it standing. */
  end(): void {
    this.#throttle.end();
    if (this.#heartbeat) clearInterval(this.#heartbeat);
    if (this.terminal.noteWidth === null || !this.#latest) return;
    this.terminal.redraw([]);
    this.terminal.note(renderCounts(this.#latest));
  }

  #draw(evenIfUnchanged = false): void {
    if (!this.#latest) return;
    const counts = renderCounts(this.#latest);
    if (this.terminal.noteWidth === null) {
      const key = countsOnly(this.#latest);
      if (key !== this.#shown || evenIfUnchanged) this.terminal.note(counts);
      this.#shown = key;
      return;
    }
    this.terminal.redraw([counts, renderBar(this.#latest)].map((line) => line.slice(0, (this.terminal.noteWidth ?? 80) - 1)));
  }
}

/** `done 41 of 90  running 4  failed 1  waiting 44  ETA 12m 3s` */
export function renderCounts(progress: FollowedBackfill): string {
  const { etaMs, backfill } = progress;
  return `${countsOnly(progress)}${etaMs === null || backfill.completedAt !== null ? '' : `  ETA ${formatDuration(etaMs)}`}`;
}

/** `[##########xx>>>>            ]  50%`: done, failed, running, waiting. */
export function renderBar({ backfill, success, partial, failed, running }: FollowedBackfill): string {
  const total = Math.max(1, backfill.expectedRuns);
  const end = (runs: number): number => Math.min(BAR_WIDTH, Math.floor((runs / total) * BAR_WIDTH));
  const ended = success + partial + failed;
  const done = end(success + partial);
  const dead = end(ended);
  const busy = end(ended + running);
  const bar = '#'.repeat(done) + 'x'.repeat(dead - done) + '>'.repeat(busy - dead);
  return `[${bar.padEnd(BAR_WIDTH)}] ${Math.floor((ended / total) * 100)}%`;
}

function countsOnly({ backfill, success, partial, failed, running }: FollowedBackfill): string {
  const done = success + partial;
  const waiting = Math.max(0, backfill.expectedRuns - done - failed - running);
  const partly = partial > 0 ? ` (${partial} in part)` : '';
  const paused = backfill.isPaused && backfill.completedAt === null ? '  paused' : '';
  return `done ${done} of ${backfill.expectedRuns}${partly}  running ${running}  failed ${failed}  waiting ${waiting}${paused}`;
}

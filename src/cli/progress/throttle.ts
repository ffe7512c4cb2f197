/** Calls `draw` at most once per `intervalMs`: at once where it may, else when the time has come, and a last time at the end. */
export class Throttle {
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly intervalMs: number,
    private readonly draw: () => void,
  ) {}

  request(): void {
    const waitMs = this.#lastAt + this.intervalMs - performance.now();
    if (waitMs <= 0) this.#drawNow();
    else this.#timer ??= setTimeout(() => this.#drawNow(), waitMs);
  }

  /** Draws what is still waiting to be drawn, and stops. */
  end(): void {
    if (this.#timer) this.#drawNow();
  }

  #drawNow(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#lastAt = performance.now();
    this.draw();
  }
}

/** Redrawn at most five times a second. */
export const REDRAW_MS = 200;

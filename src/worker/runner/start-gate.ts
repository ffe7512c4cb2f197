/** How often the gate looks whether those it let through are still at work, in milliseconds. */
const LOOK_MS = 3;

/**
 * Lets attempts start a few at a time: as many as there are processors, and one more for each that turns out to last. Short attempts so
 * share a few warm threads instead of waking all of them, and a burst does not start sixteen threads at once on two processors.
 */
export class StartGate<Attempt> {
  readonly #waiting = new Map<Attempt, () => void>();
  /** Let through and not over; true: it was at work when the gate last looked. */
  readonly #fresh = new Map<Attempt, boolean>();
  #timer: NodeJS.Timeout | null = null;

  /** @param isAtWork Whether a thread has begun with the attempt. One whose thread still starts up keeps its place. */
  constructor(
    private readonly width: number,
    private readonly isAtWork: (attempt: Attempt) => boolean,
  ) {}

  /** Calls `go` now or later, or never when the attempt leaves before. */
  enter(attempt: Attempt, go: () => void): void {
    this.#waiting.set(attempt, go);
    this.#letThrough();
  }

  /** The attempt is over. */
  leave(attempt: Attempt): void {
    this.#waiting.delete(attempt);
    if (this.#fresh.delete(attempt)) this.#letThrough();
  }

  #letThrough(): void {
    for (const [attempt, go] of this.#waiting) {
      if (this.#fresh.size >= this.width) break;
      this.#waiting.delete(attempt);
      this.#fresh.set(attempt, false);
      go();
    }
    if (this.#waiting.size > 0 && this.#timer === null) this.#timer = setTimeout(() => this.#look(), LOOK_MS);
  }

  #look(): void {
    this.#timer = null;
    for (const [attempt, wasAtWork] of this.#fresh) {
      if (wasAtWork) this.#fresh.delete(attempt);
      else if (this.isAtWork(attempt)) this.#fresh.set(attempt, true);
    }
    this.#letThrough();
  }
}

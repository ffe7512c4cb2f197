/**
 * What a runner prints past its threads while several attempts run in it (native code, `fs.writeSync(1)`): nobody can say whose it is, so it
 * goes to the log of this process, a little at a time, however much a task prints.
 */
import type { Logger } from '../../ports/logger.js';

const PAUSE_MS = 10_000;
const SHOWN_CHARACTERS = 500;

export class UnclaimedOutput {
  private quietUntil = 0;
  private droppedCharacters = 0;

  constructor(private readonly logger: Logger) {}

  add(pid: number, stream: 'stdout' | 'stderr', text: string): void {
    if (performance.now() < this.quietUntil) {
      this.droppedCharacters += text.length;
      return;
    }
    this.quietUntil = performance.now() + PAUSE_MS;
    const { droppedCharacters } = this;
    this.droppedCharacters = 0;
    this.logger.warn(
      { pid, stream, text: text.slice(0, SHOWN_CHARACTERS), characters: text.length, droppedCharacters },
      'a runner printed something that no single attempt can be named for',
    );
  }
}

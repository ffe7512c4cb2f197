/** Tells the store where attempt logs are, in batches and off the hot path. A log that is not recorded is still found by its name. */
import type { AttemptToken } from '../../model/task-instance.js';
import type { Logger } from '../../ports/logger.js';
import type { AttemptStore } from '../../ports/store.js';

const FLUSH_MS = 200;
/** More than this waits only when the store is away; the oldest are given up then. */
const MAX_WAITING = 20_000;

export class LogPathRecorder {
  private waiting: { token: AttemptToken; logPath: string }[] = [];
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly attempts: Pick<AttemptStore, 'setLogPaths'>,
    private readonly logger: Logger,
  ) {}

  add(token: AttemptToken, logPath: string): void {
    this.waiting.push({ token, logPath });
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  /** Resolves when all that was added so far is written, or could not be. */
  flush(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const batch = this.waiting;
    this.waiting = [];
    if (batch.length === 0) return;
    try {
      await this.attempts.setLogPaths(batch);
    } catch (error) {
      this.logger.debug({ err: error }, 'log paths could not be recorded yet');
      this.waiting = [...batch, ...this.waiting].slice(-MAX_WAITING);
    }
  }
}

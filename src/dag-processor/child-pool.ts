/**
 * Gives files to throwaway children and decides how long a child lives: it is kept for the next file while it is fit (see `leftovers.ts`),
 * small and young, and ended when there has been nothing to do for a while, because idle memory counts. A file that harms its child harms
 * only its own answer; the next file gets a fresh one.
 */
import type { ParsedFile } from '../model/dag.js';
import { ParserChild, type ParserChildOptions } from './parser-child.js';
import type { ParseRequest } from './parse-file.js';

export interface ChildPoolOptions extends ParserChildOptions {
  /** Children at the same time. Default 2. */
  readonly children?: number;
  /** Default 250. */
  readonly maxFilesPerChild?: number;
  /** A child whose heap is larger after a file is replaced. Default 160. */
  readonly maxHeapMb?: number;
  /** Default 5,000. */
  readonly idleMs?: number;
  /** Hears why a child failed before it got its file. */
  readonly onFault?: (reason: string) => void;
}

/** Below this many waiting files per child, starting another one costs more than it gains. */
const FILES_WORTH_A_CHILD = 12;

interface Job {
  readonly request: ParseRequest;
  readonly resolve: (parsed: ParsedFile | null) => void;
}

export class ChildPool {
  readonly #options: ChildPoolOptions;
  readonly #children = new Set<ParserChild>();
  readonly #jobs: Job[] = [];
  #idleTimer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: ChildPoolOptions) {
    this.#options = options;
  }

  /** Process ids of the children alive now. */
  get pids(): readonly number[] {
    return [...this.#children].flatMap((child) => child.pid ?? []);
  }

  /** Never rejects. Null: the file got no answer, because the pool was closed or a child did not start. */
  parse(request: ParseRequest): Promise<ParsedFile | null> {
    if (this.#isClosed) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#jobs.push({ request, resolve });
      this.#dispatch();
    });
  }

  /** Starts a child ahead of the file that is about to come. */
  warm(): void {
    if (this.#isClosed || this.#children.size > 0) return;
    this.#start();
    this.#endWhenIdle();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    this.#jobs.splice(0).forEach((job) => job.resolve(null));
    const children = [...this.#children];
    children.forEach((child) => child.kill());
    await Promise.all(children.map((child) => child.ended));
  }

  #dispatch(): void {
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    this.#idleTimer = null;
    while (this.#jobs.length > 0) {
      const child = this.#freeChild();
      if (!child) return;
      void this.#run(child, this.#jobs.shift() as Job);
    }
    if (![...this.#children].some((child) => child.isBusy)) this.#endWhenIdle();
  }

  #freeChild(): ParserChild | null {
    const free = [...this.#children].find((child) => !child.isBusy);
    if (free) return free;
    const busy = this.#children.size;
    const isWorthIt = busy === 0 || this.#jobs.length > FILES_WORTH_A_CHILD * busy || this.#isAnyStuck();
    return isWorthIt && busy < (this.#options.children ?? 2) ? this.#start() : null;
  }

  /** A file that takes long must not keep the few behind it waiting. */
  #isAnyStuck(): boolean {
    return [...this.#children].some((child) => child.busyMs > 1_000);
  }

  #start(): ParserChild {
    const child = new ParserChild(this.#options, () => {
      this.#children.delete(child);
      if (!this.#isClosed) this.#dispatch();
    });
    this.#children.add(child);
    return child;
  }

  async #run(child: ParserChild, job: Job): Promise<void> {
    const lookAgain = setTimeout(() => this.#dispatch(), 1_100);
    const answer = await child.parse(job.request);
    clearTimeout(lookAgain);
    const isWorn =
      answer.unfit !== null ||
      answer.heapMb > (this.#options.maxHeapMb ?? 160) ||
      child.parsedFiles >= (this.#options.maxFilesPerChild ?? 250);
    if (isWorn) {
      this.#children.delete(child);
      child.kill();
    }
    if (answer.parsed === null && !this.#isClosed) this.#giveUp(answer.unfit ?? 'unknown');
    job.resolve(this.#isClosed ? null : answer.parsed);
    this.#dispatch();
  }

  /** Children do not start: the files that wait would fare no better. */
  #giveUp(reason: string): void {
    this.#options.onFault?.(reason);
    this.#jobs.splice(0).forEach((job) => job.resolve(null));
  }

  #endWhenIdle(): void {
    if (this.#idleTimer || this.#children.size === 0) return;
    this.#idleTimer = setTimeout(() => {
      this.#idleTimer = null;
      for (const child of this.#children) if (!child.isBusy) child.kill();
    }, this.#options.idleMs ?? 5_000);
    this.#idleTimer.unref();
  }
}

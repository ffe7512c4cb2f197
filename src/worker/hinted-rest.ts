/** The pause of a loop between two looks for work. A hint ends it early, and keeps the loop from beginning one. */
export class HintedRest {
  private hinted = new AbortController();

  /** Before a look: hints that come from now on are about what it may have missed. */
  reset(): void {
    this.hinted = new AbortController();
  }

  get isHinted(): boolean {
    return this.hinted.signal.aborted;
  }

  hint(): void {
    this.hinted.abort();
  }

  /** Resolves after `ms`, or with the next hint; at once when there was one since `reset`. */
  async rest(ms: number): Promise<void> {
    const { signal } = this.hinted;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

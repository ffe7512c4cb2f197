/** Ctrl-C, SIGTERM and SIGHUP: the first one asks for a shutdown, a later one ends its grace. */

/** `npm` repeats the first one; what comes within this time is an echo of it. */
export const REPEAT_MS = 2_000;

export interface Shutdown {
  /** Resolves with the name of the first signal, or with the reason given to `request`. */
  readonly requested: Promise<string>;
  /** Aborts when the person asks a second time. */
  readonly hurry: AbortSignal;
  request(reason: string): void;
  dispose(): void;
}

export function listenForShutdown(): Shutdown {
  const hurry = new AbortController();
  let firstAt: number | null = null;
  let resolve: (reason: string) => void = () => {};
  const requested = new Promise<string>((done) => (resolve = done));
  const listener = (signal: NodeJS.Signals) => {
    if (firstAt === null) {
      firstAt = performance.now();
      resolve(signal);
    } else if (performance.now() - firstAt > REPEAT_MS) hurry.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, listener);
  return {
    requested,
    hurry: hurry.signal,
    request: (reason) => resolve(reason),
    dispose() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}

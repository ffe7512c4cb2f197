import { processEnvironment } from '../config/environment.js';

/**
 * The terminal as the commands see it. Results go to `out` (standard output), everything said about them to `note` (standard error), so that
 * machine formats stay clean. Owns broken pipes, interrupts, colour and questions; knows nothing of what is printed.
 */
export interface Terminal {
  /** Writes to standard output as it is. After a reader has gone (`airflow-like dags list | head -1`) it writes nothing. */
  out(text: string): void;
  /** Writes one line to standard error. */
  note(line: string): void;
  /** Replaces the lines that the last call drew; only on a terminal. An empty list wipes them. */
  redraw(lines: readonly string[]): void;
  /** Standard output is a terminal of this width; null: a file or a pipe. */
  readonly outWidth: number | null;
  /** Standard error is a terminal of this width on which lines can be redrawn; null: a file, a pipe or a dumb terminal. */
  readonly noteWidth: number | null;
  /** Colours may be used on standard output (a terminal, and not switched off by NO_COLOR). */
  readonly color: boolean;
  /** A person can be asked. */
  readonly interactive: boolean;
  /** Asks a yes-or-no question; only when `interactive`. */
  confirm(question: string): Promise<boolean>;
  /** Aborts when the reader of standard output has gone. */
  readonly outClosed: AbortSignal;
  /** Sends what others write to standard output (the author's code in a trial run) to standard error, until the returned function is called. */
  divertOut(): () => void;
  /** Calls back on Ctrl-C and SIGTERM, with the number of times so far. Returns the function that ends it. */
  onInterrupt(listener: (count: number) => void): () => void;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  const writeOut = stdout.write.bind(stdout);
  const closed = new AbortController();
  let drawn = 0;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') {
      // A full disk: whoever reads the file must not take a part for the whole.
      stderr.write(`OUTPUT_FAILED: standard output cannot be written (${error.code ?? error.message})\n`);
      process.exit(1);
    }
    closed.abort();
  });
  // There is nothing left to say it on; the exit code still tells.
  stderr.on('error', () => {});

  const wipe = (): string => {
    const up = drawn > 0 ? `\u001b[${drawn}A\u001b[0J` : '';
    drawn = 0;
    return up;
  };

  return {
    out(text) {
      if (!closed.signal.aborted) writeOut(text);
    },
    note(line) {
      stderr.write(`${wipe()}${line}\n`);
    },
    redraw(lines) {
      const text = wipe() + lines.map((line) => `${line}\n`).join('');
      drawn = lines.length;
      if (text !== '') stderr.write(text);
    },
    outWidth: stdout.isTTY ? stdout.columns || 80 : null,
    noteWidth: stderr.isTTY && processEnvironment()['TERM'] !== 'dumb' ? stderr.columns || 80 : null,
    // hasColors() looks at NO_COLOR, FORCE_COLOR and TERM.
    color: stdout.isTTY && stdout.hasColors(),
    interactive: Boolean(stdin.isTTY && stderr.isTTY),
    async confirm(question) {
      const { createInterface } = await import('node:readline/promises');
      const reader = createInterface({ input: stdin, output: stderr });
      try {
        return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `)).trim());
      } finally {
        reader.close();
      }
    },
    outClosed: closed.signal,
    divertOut() {
      stdout.write = stderr.write.bind(stderr);
      return () => (stdout.write = writeOut);
    },
    onInterrupt(listener) {
      let count = 0;
      const onSignal = (): void => listener(++count);
      process.on('SIGINT', onSignal);
      process.on('SIGTERM', onSignal);
      return () => {
        process.off('SIGINT', onSignal);
        process.off('SIGTERM', onSignal);
      };
    },
  };
}

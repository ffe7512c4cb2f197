/**
 * What one attempt prints, on its way into its log: the standard streams cut into lines, and its console. Each attempt has a console of its
 * own, so that an open `console.group`, a counter or a timer ends with it.
 */
import { Console } from 'node:console';
import { StringDecoder } from 'node:string_decoder';
import type { AttemptLogLevel } from '../../model/attempt-log.js';
import type { AttemptLogWriter } from './attempt-log-writer.js';

const LEVEL_OF_METHOD: Readonly<Record<string, AttemptLogLevel>> = {
  debug: 'debug',
  warn: 'warn',
  error: 'error',
  trace: 'error',
  assert: 'error',
};

/** An unended line is written out once it is this long, in UTF-16 units. */
const MAX_PARTIAL_LENGTH = 65_536;

export class AttemptOutput {
  private readonly partial = { stdout: '', stderr: '' };
  private readonly decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
  private console: Console | null = null;
  private level: AttemptLogLevel = 'info';

  constructor(readonly log: AttemptLogWriter) {}

  /** Calls a method of `console`. What the streams hold of an open line comes first: it was printed first. */
  print(method: keyof Console, args: readonly unknown[]): unknown {
    this.console ??= this.createConsole();
    const call = this.console[method] as (...all: unknown[]) => unknown;
    const outer = this.level;
    this.level = LEVEL_OF_METHOD[method] ?? 'info';
    try {
      return call.apply(this.console, [...args]);
    } finally {
      this.level = outer;
    }
  }

  /** Takes text, or bytes that may end in the middle of a character. */
  push(source: 'stdout' | 'stderr', chunk: string | Uint8Array): void {
    const text = typeof chunk === 'string' ? chunk : this.decoders[source].write(Buffer.from(chunk));
    const lines = (this.partial[source] + text).split('\n');
    const last = lines.pop() as string;
    for (const line of lines) this.writeLine(source, line);
    this.partial[source] = last;
    if (last.length > MAX_PARTIAL_LENGTH) {
      this.partial[source] = '';
      this.writeLine(source, last);
    }
  }

  flush(): void {
    for (const source of ['stdout', 'stderr'] as const) {
      if (this.partial[source] !== '') this.writeLine(source, this.partial[source]);
      this.partial[source] = '';
    }
  }

  private createConsole(): Console {
    const write = (text: string): boolean => {
      this.flush();
      this.log.write(this.level, 'console', text.replace(/\n$/, ''));
      return true;
    };
    const sink = { write } as unknown as NodeJS.WritableStream;
    return new Console({ stdout: sink, stderr: sink, ignoreErrors: false });
  }

  private writeLine(source: 'stdout' | 'stderr', line: string): void {
    this.log.write(source === 'stderr' ? 'error' : 'info', source, line);
  }
}

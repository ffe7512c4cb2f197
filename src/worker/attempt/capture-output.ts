/**
 * Leads what user code prints into the log of its attempt: `console.*` and direct writes to `process.stdout` and `process.stderr` of this
 * thread, in the order in which they happen. Installed once per thread. An asynchronous context says whose line it is; work that the
 * context does not reach (native callbacks) counts for the attempt under way.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Console } from 'node:console';
import type { AttemptLogLevel } from '../../model/attempt-log.js';
import type { AttemptLogWriter } from './attempt-log-writer.js';

const LEVEL_OF_METHOD: Readonly<Record<string, AttemptLogLevel>> = {
  debug: 'debug',
  warn: 'warn',
  error: 'error',
  trace: 'error',
  assert: 'error',
};

/** An unended line is written out once it is this long. */
const MAX_PARTIAL_LENGTH = 65_536;

export class OutputCapture {
  private readonly owner = new AsyncLocalStorage<AttemptOutput>();
  private current: AttemptOutput | null = null;
  private restore: (() => void) | null = null;

  /** Takes over `console` and the standard streams of this thread until `uninstall`. */
  install(): void {
    if (this.restore) return;
    const undo = [this.takeConsole(), this.takeStream(process.stdout, 'stdout'), this.takeStream(process.stderr, 'stderr')];
    this.restore = () => undo.forEach((step) => step());
  }

  uninstall(): void {
    this.restore?.();
    this.restore = null;
  }

  /** Runs `body` so that its output goes to `log`; open lines are written out when the promise settles. */
  async run<Result>(log: AttemptLogWriter, body: () => Promise<Result>): Promise<Result> {
    const output = new AttemptOutput(log);
    const before = this.current;
    this.current = output;
    try {
      return await this.owner.run(output, body);
    } finally {
      output.flush();
      this.current = before;
    }
  }

  /** Writes out the open lines of the attempt under way. */
  flush(): void {
    this.target()?.flush();
  }

  /** The log of the code that runs now; null outside of attempts. */
  currentLog(): AttemptLogWriter | null {
    return this.target()?.log ?? null;
  }

  private target(): AttemptOutput | null {
    return this.owner.getStore() ?? this.current;
  }

  private takeConsole(): () => void {
    const original = globalThis.console;
    let level: AttemptLogLevel = 'info';
    const sink = { write: (text: string) => (this.target()?.log.write(level, 'console', text.replace(/\n$/, '')), true) };
    const capturing = new Console({
      stdout: sink as unknown as NodeJS.WritableStream,
      stderr: sink as unknown as NodeJS.WritableStream,
      ignoreErrors: false,
    });
    const saved = new Map<string, unknown>();
    for (const name of Object.keys(original) as (keyof Console)[]) {
      const method = capturing[name] as unknown;
      if (typeof method !== 'function' || typeof original[name] !== 'function' || name === 'Console') continue;
      saved.set(name, original[name]);
      const captured = (...args: unknown[]): unknown => {
        if (!this.target()) return (saved.get(name) as (...all: unknown[]) => unknown).apply(original, args);
        const outer = level;
        level = LEVEL_OF_METHOD[name] ?? 'info';
        try {
          return (method as (...all: unknown[]) => unknown).apply(capturing, args);
        } finally {
          level = outer;
        }
      };
      (original as unknown as Record<string, unknown>)[name] = captured;
    }
    return () => saved.forEach((method, name) => ((original as unknown as Record<string, unknown>)[name] = method));
  }

  private takeStream(stream: NodeJS.WriteStream, source: 'stdout' | 'stderr'): () => void {
    const original = stream.write;
    const capture = this;
    type Done = (error?: Error | null) => void;
    stream.write = function write(chunk: string | Uint8Array, encoding?: BufferEncoding | Done, done?: Done): boolean {
      const target = capture.target();
      if (!target) return original.call(stream, chunk, encoding as BufferEncoding, done);
      const callback = typeof encoding === 'function' ? encoding : done;
      target.push(source, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
      if (callback) queueMicrotask(() => callback());
      return true;
    };
    return () => {
      stream.write = original;
    };
  }
}

/** The standard streams of one attempt, cut into lines. */
export class AttemptOutput {
  private readonly partial = { stdout: '', stderr: '' };

  constructor(readonly log: AttemptLogWriter) {}

  push(source: 'stdout' | 'stderr', text: string): void {
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

  private writeLine(source: 'stdout' | 'stderr', line: string): void {
    this.log.write(source === 'stderr' ? 'error' : 'info', source, line);
  }
}

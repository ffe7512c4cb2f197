/**
 * Leads what user code prints into the log of its attempt: `console.*` and direct writes to `process.stdout` and `process.stderr` of this
 * thread, in the order in which they happen. Installed once per thread. An asynchronous context says whose line it is; work that the
 * context does not reach (native callbacks) counts for the attempt under way.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Console } from 'node:console';
import type { AttemptLogWriter } from './attempt-log-writer.js';
import { AttemptOutput } from './attempt-output.js';

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
    const saved = new Map<string, unknown>();
    for (const name of Object.keys(original) as (keyof Console)[]) {
      const method = original[name] as unknown;
      if (typeof method !== 'function' || !(name in Console.prototype)) continue;
      saved.set(name, method);
      const captured = (...args: unknown[]): unknown => {
        const target = this.target();
        if (!target) return (method as (...all: unknown[]) => unknown).apply(original, args);
        return target.print(name, args);
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
      target.push(source, chunk);
      if (callback) queueMicrotask(() => callback());
      return true;
    };
    return () => {
      stream.write = original;
    };
  }
}

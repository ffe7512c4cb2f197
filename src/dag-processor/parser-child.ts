/**
 * One throwaway child as the dag processor sees it: parses one file at a time, and, however that ends, says what the file did. Knows nothing
 * of queues. The child has its own process group, the environment it is given and nothing else, and its output is cut.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ErrorCode } from '../model/error-table.js';
import type { ParsedFile } from '../model/dag.js';
import type { ChildMessage, Hint, ParseOrder } from './child-protocol.js';
import { sha256 } from './compile-bundle.js';
import { importProblem } from './import-problem.js';
import type { ParseRequest } from './parse-file.js';

export interface ParserChildOptions {
  /** The whole environment of the child: an allow-list made by the caller, without secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  /** Heap limit, and with a quarter more the limit of resident memory (checked on Linux). Default 512. */
  readonly memoryLimitMb?: number;
}

/** What came of one file. */
export interface ParseAnswer {
  /** Null: the child failed before it got the file, which says nothing about the file. */
  readonly parsed: ParsedFile | null;
  /** Why the child must not be used again; null: it may. */
  readonly unfit: string | null;
  readonly heapMb: number;
}

export const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MEMORY_LIMIT_MB = 512;
const MEMORY_CHECK_MS = 100;
/** What a child on a busy machine gets beyond its time to say where its file is, and how often that is looked at. */
const HINT_GRACE_MS = 1_500;
const HINT_CHECK_MS = 50;
const STARTUP_MS = 30_000;
const KEPT_OUTPUT_BYTES = 16_384;
const PAGE_BYTES = 4_096;
const CHILD_FILE = fileURLToPath(new URL('./child.js', import.meta.url));

interface Pending {
  readonly order: ParseOrder;
  readonly startedAt: number;
  readonly resolve: (answer: ParseAnswer) => void;
  timers: NodeJS.Timeout[];
  /** Why we killed it. */
  verdict: { readonly code: ErrorCode; readonly text: string } | null;
}

export class ParserChild {
  readonly #process: ChildProcess;
  readonly #timeoutMs: number;
  readonly #memoryLimitMb: number;
  readonly #stdout: Tail;
  readonly #stderr: Tail;
  readonly #hints: Tail;
  readonly #ready: Promise<void>;
  /** Resolves when the process has gone. */
  readonly ended: Promise<void>;
  #pending: Pending | null = null;
  #isReady = false;
  #orders = 0;
  /** Files parsed so far. */
  parsedFiles = 0;

  constructor(options: ParserChildOptions, onEnd: () => void) {
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#memoryLimitMb = options.memoryLimitMb ?? DEFAULT_MEMORY_LIMIT_MB;
    this.#process = fork(CHILD_FILE, [], {
      env: options.env,
      execArgv: [`--max-old-space-size=${this.#memoryLimitMb}`, '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
      serialization: 'advanced',
      detached: true,
    });
    this.#stdout = new Tail(this.#process.stdout);
    this.#stderr = new Tail(this.#process.stderr);
    this.#hints = new Tail(this.#process.stdio[4] as Readable);
    this.#ready = new Promise((resolve) => {
      this.#process.on('message', (message: ChildMessage) => {
        if (message.kind === 'ready') {
          this.#isReady = true;
          resolve();
        } else this.#finish(message);
      });
    });
    let goneWith: (code: number | null, signal: NodeJS.Signals | null) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      goneWith = (code, signal): void => {
        this.#killGroup(); // what the file started has no parent any more
        resolve();
        onEnd();
        // The last output is still on its way; a grandchild that holds the pipe must not keep us.
        const patience = setTimeout(() => this.#explainEnd(code, signal), 100);
        this.#process.once('close', () => {
          clearTimeout(patience);
          this.#explainEnd(code, signal);
        });
      };
    });
    this.#process.once('exit', (code, signal) => goneWith(code, signal));
    this.#process.on('error', () => {
      if (this.pid === undefined)
        goneWith(null, null); // it could not be started: there will be no exit
      else this.kill();
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get isBusy(): boolean {
    return this.#pending !== null;
  }

  /** How long the file under way has taken; 0 when there is none. */
  get busyMs(): number {
    return this.#pending ? performance.now() - this.#pending.startedAt : 0;
  }

  /** Never rejects: whatever happens is the file's answer. One call at a time. */
  parse(request: ParseRequest): Promise<ParseAnswer> {
    const order: ParseOrder = { id: ++this.#orders, request, timeoutMs: this.#timeoutMs };
    return new Promise((resolve) => {
      const pending: Pending = { order, startedAt: performance.now(), resolve, timers: [], verdict: null };
      this.#pending = pending;
      const startup = setTimeout(() => this.#killGroup(), STARTUP_MS);
      pending.timers.push(startup);
      void this.#ready.then(() => {
        clearTimeout(startup);
        if (this.#pending !== pending) return;
        this.#watch(pending);
        this.#process.send(order, () => undefined);
      });
    });
  }

  /** Ends the child and all that it started; a file under way is answered as crashed. */
  kill(): void {
    this.#killGroup();
  }

  #watch(pending: Pending): void {
    const seconds = this.#timeoutMs / 1_000;
    pending.timers.push(
      setTimeout(() => this.#timeOut(pending, `the import did not end after ${seconds} s`, HINT_GRACE_MS), this.#timeoutMs),
      setInterval(() => {
        if (this.#residentMb() <= this.#memoryLimitMb * 1.25) return;
        this.#condemn(pending, 'IMPORT_MEMORY', `the import used more than ${this.#memoryLimitMb} MB`);
      }, MEMORY_CHECK_MS),
    );
  }

  #timeOut(pending: Pending, text: string, graceMs: number): void {
    if (graceMs <= 0 || this.#hintFor(pending.order.id)) return this.#condemn(pending, 'IMPORT_TIMEOUT', text);
    pending.timers.push(setTimeout(() => this.#timeOut(pending, text, graceMs - HINT_CHECK_MS), HINT_CHECK_MS));
  }

  #condemn(pending: Pending, code: ErrorCode, text: string): void {
    pending.verdict ??= { code, text };
    this.#killGroup();
  }

  #finish(message: Extract<ChildMessage, { kind: 'parsed' }>): void {
    const pending = this.#pending;
    if (!pending || pending.order.id !== message.id || pending.verdict) return;
    this.#pending = null;
    pending.timers.forEach(clearTimeout);
    this.parsedFiles++;
    this.#stdout.clear();
    this.#stderr.clear();
    pending.resolve({ parsed: message.parsed, unfit: message.unfit, heapMb: message.heapMb });
  }

  #explainEnd(code: number | null, signal: NodeJS.Signals | null): void {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = null;
    pending.timers.forEach(clearTimeout);
    if (!this.#isReady) {
      const unfit = `a parser process did not start (${signal ?? code ?? 'no process'}): ${this.#stderr.text().slice(-500)}`;
      return pending.resolve({ parsed: null, unfit, heapMb: 0 });
    }
    const verdict = pending.verdict ?? this.#verdictOf(code, signal);
    const { path } = pending.order.request;
    const hint = this.#hintFor(pending.order.id);
    const text = verdict.code === 'IMPORT_TIMEOUT' && hint ? `${verdict.text} (${hint.text})` : verdict.text;
    const file = hint?.file && !path.endsWith(hint.file) ? hint.file : path;
    const problem = importProblem(verdict.code, file, text, {
      line: hint?.line ?? null,
      column: hint?.column ?? null,
      stack: this.#stderr.text().slice(-2_000) || null,
    });
    const parseMs = performance.now() - pending.startedAt;
    const contentHash = hashOfFile(`${pending.order.request.dagsFolder}/${path}`);
    pending.resolve({
      parsed: { path, contentHash, bundle: null, dags: [], errors: [problem], warnings: [], parseMs },
      unfit: verdict.text,
      heapMb: 0,
    });
  }

  #verdictOf(code: number | null, signal: NodeJS.Signals | null): { code: ErrorCode; text: string } {
    if (/heap out of memory|ERR_WORKER_OUT_OF_MEMORY/.test(this.#stderr.text())) {
      return { code: 'IMPORT_MEMORY', text: `the import used more than ${this.#memoryLimitMb} MB` };
    }
    if (signal) return { code: 'IMPORT_CRASHED', text: `the import crashed the process with ${signal}` };
    return { code: 'IMPORT_EXITED', text: `the import ended the process with code ${code}` };
  }

  #hintFor(id: number): Hint | null {
    for (const line of this.#hints.text().split('\n').reverse()) {
      try {
        const hint = JSON.parse(line) as Hint;
        if (hint.id === id && typeof hint.text === 'string') return hint;
      } catch {
        // The author's code can write to this descriptor as well.
      }
    }
    return null;
  }

  #residentMb(): number {
    try {
      return (Number(readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES) / 1e6;
    } catch {
      return 0;
    }
  }

  #killGroup(): void {
    if (this.pid === undefined) return;
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      this.#process.kill('SIGKILL');
    }
  }
}

/** The last bytes of a stream; reads it to its end, so that its writer never blocks and nothing piles up here. */
class Tail {
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(stream: Readable | null) {
    stream?.on('error', () => undefined);
    stream?.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      while (this.#bytes - (this.#chunks[0] as Buffer).length >= KEPT_OUTPUT_BYTES)
        this.#bytes -= (this.#chunks.shift() as Buffer).length;
    });
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  clear(): void {
    this.#chunks = [];
    this.#bytes = 0;
  }
}

function hashOfFile(path: string): string {
  try {
    return sha256(readFileSync(path, 'utf8'));
  } catch {
    return sha256(path);
  }
}

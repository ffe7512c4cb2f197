/**
 * Reads the log files of attempts. The runner writes them (`worker/attempt/attempt-log-writer.ts`) line by line while the attempt runs;
 * whoever has the file can read it, with the system running or not.
 */
import { createReadStream, watch, type FSWatcher } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { AttemptLogLine } from '../model/attempt-log.js';

export { attemptLogPath } from '../model/attempt-log.js';
export type { AttemptLogLevel, AttemptLogLine, AttemptLogSource } from '../model/attempt-log.js';

/** How often a followed file is looked at when the operating system reports no change, in milliseconds. */
const POLL_MS = 250;

/** All lines that the file holds now, oldest first. Rejects with ENOENT when there is no file. */
export async function* readAttemptLog(path: string): AsyncGenerator<AttemptLogLine> {
  const stream = createReadStream(path, 'utf8');
  try {
    for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
      if (text !== '') yield parseLine(text);
    }
  } finally {
    stream.destroy();
  }
}

/**
 * The lines of the file as they come, from its beginning, until `signal` aborts; then what is still unread is given and the iteration
 * ends. Rejects with ENOENT when there is no file.
 */
export async function* followAttemptLog(path: string, signal: AbortSignal): AsyncGenerator<AttemptLogLine> {
  const file = await open(path, 'r');
  const change = new Change(path, signal);
  const tail = new LineBuffer();
  try {
    for (;;) {
      const isLast = signal.aborted;
      yield* readRest(file, tail);
      if (isLast) break;
      await change.next();
    }
    const rest = tail.flush();
    if (rest !== '') yield parseLine(rest);
  } finally {
    change.close();
    await file.close();
  }
}

async function* readRest(file: FileHandle, tail: LineBuffer): AsyncGenerator<AttemptLogLine> {
  const buffer = Buffer.allocUnsafe(65_536);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    for (const text of tail.push(buffer.subarray(0, bytesRead))) yield parseLine(text);
  }
}

/** Cuts bytes into lines; a line that is not ended yet waits for its rest, also in the middle of a character. */
class LineBuffer {
  private rest: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): string[] {
    const all = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    const end = all.lastIndexOf(0x0a);
    this.rest = Buffer.from(all.subarray(end + 1));
    if (end < 0) return [];
    return all
      .toString('utf8', 0, end)
      .split('\n')
      .filter((text) => text !== '');
  }

  flush(): string {
    const text = this.rest.toString('utf8');
    this.rest = Buffer.alloc(0);
    return text;
  }
}

/** Wakes a follower: on a change of the file, after `POLL_MS`, or when the signal aborts. */
class Change {
  private wake: () => void = () => undefined;
  private readonly watcher: FSWatcher | null;
  private readonly onAbort = () => this.wake();

  constructor(
    path: string,
    private readonly signal: AbortSignal,
  ) {
    this.watcher = startWatching(path, () => this.wake());
    signal.addEventListener('abort', this.onAbort);
  }

  next(): Promise<void> {
    if (this.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, POLL_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  close(): void {
    this.watcher?.close();
    this.signal.removeEventListener('abort', this.onAbort);
    this.wake();
  }
}

/** Some file systems cannot be watched, and watches are limited: polling alone is enough, the watch only makes it quicker. */
function startWatching(path: string, onChange: () => void): FSWatcher | null {
  try {
    return watch(path, onChange).on('error', () => undefined);
  } catch {
    return null;
  }
}

/** A line that is not ours (a crash cut it, or a person wrote into the file) is shown as it is. */
function parseLine(text: string): AttemptLogLine {
  try {
    const line = JSON.parse(text) as AttemptLogLine;
    if (typeof line === 'object' && line !== null && typeof line.message === 'string') return line;
  } catch {
    // Falls through to the raw line.
  }
  return { at: '', level: 'info', source: 'system', try: 0, message: text };
}

// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A message as it may be printed on a terminal: control characters other than tab and newline are spelled out. */
export function printableMessage(message: string): string {
  return message.replace(CONTROL, (char) => {
    const code = char.charCodeAt(0);
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/**
 * Writes the log of one attempt: JSON lines, each written with one synchronous call while the attempt runs, so that neither a crash
 * nor a killed thread loses what was printed before it. The file is opened for appending: the runner and the supervisor may add lines
 * about the attempt (a blocked event loop, a kill) beside the thread that runs it.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ATTEMPT_LOG_FIELDS, type AttemptLogLevel, type AttemptLogSource } from '../../model/attempt-log.js';
import type { Instant } from '../../model/instant.js';

/** A longer message is cut into several lines, in UTF-16 units. */
export const MAX_LOG_LINE_LENGTH = 65_536;
/** Default of the most bytes a task may write into the log of one attempt. */
export const MAX_LOG_BYTES = 100 * 1024 * 1024;

export interface AttemptLogOptions {
  readonly tryNumber: number;
  readonly now: () => Instant;
  /** Bytes after which lines of the task are dropped, with a mark; default 100 MiB. */
  readonly maxBytes?: number;
}

export class AttemptLogWriter {
  private bytes = 0;
  private dropped = 0;
  private isFull = false;
  private failure: string | null = null;

  private constructor(
    private readonly file: string,
    private fd: number,
    private readonly options: AttemptLogOptions,
  ) {}

  /**
   * Creates the file with its folders.
   * @throws the error of the file system when the file cannot be written; the attempt must not start then.
   */
  static open(file: string, options: AttemptLogOptions): AttemptLogWriter {
    return new AttemptLogWriter(file, openForAppending(file), options);
  }

  /** Appends a message; never throws. What comes after `close` is dropped. */
  write(level: AttemptLogLevel, source: AttemptLogSource, message: string, fields?: Readonly<Record<string, unknown>>): void {
    if (this.fd < 0) return;
    if (this.isFull && source !== 'system') {
      this.dropped += 1;
      return;
    }
    for (let start = 0; ;) {
      const end = endOfPart(message, start);
      const isLast = end >= message.length;
      this.append(formatLine(this.options, level, source, message.slice(start, end), isLast ? fields : undefined, !isLast));
      if (isLast) break;
      start = end;
    }
    const maxBytes = this.options.maxBytes ?? MAX_LOG_BYTES;
    if (!this.isFull && this.bytes > maxBytes) {
      this.isFull = true;
      this.append(
        formatLine(
          this.options,
          'warn',
          'system',
          `the log reached its limit of ${maxBytes} bytes; what the task prints from here on is dropped`,
        ),
      );
    }
  }

  /** Like `write`, also when the log was closed: for what becomes known about an attempt after its end. */
  writeLate(level: AttemptLogLevel, source: AttemptLogSource, message: string): void {
    if (this.fd >= 0) this.write(level, source, message);
    else appendToAttemptLog(this.file, this.options, level, source, message);
  }

  close(): void {
    if (this.fd < 0) return;
    if (this.dropped > 0) {
      this.append(formatLine(this.options, 'warn', 'system', `${this.dropped} messages were dropped`));
    }
    try {
      closeSync(this.fd);
    } catch {
      // Nothing can be done about a descriptor that does not close.
    }
    this.fd = -1;
  }

  /** A full or broken disk must not fail the task: lines are dropped, and the gap is marked as soon as writing works again. */
  private append(line: string): void {
    try {
      if (this.failure !== null) {
        const mark = `${this.dropped} messages were lost: the log could not be written (${this.failure})`;
        writeSync(this.fd, formatLine(this.options, 'warn', 'system', mark));
        this.failure = null;
        this.dropped = 0;
      }
      this.bytes += writeSync(this.fd, line);
    } catch (error) {
      this.failure = (error as NodeJS.ErrnoException).code ?? 'unknown';
      this.dropped += 1;
    }
  }
}

/** Adds one line to the log of an attempt that another thread or process writes. Never throws. */
export function appendToAttemptLog(
  file: string,
  options: AttemptLogOptions,
  level: AttemptLogLevel,
  source: AttemptLogSource,
  message: string,
): void {
  try {
    const log = AttemptLogWriter.open(file, options);
    log.write(level, source, message);
    log.close();
  } catch {
    // The log is a service to people; the attempt's outcome carries the reason as well.
  }
}

function openForAppending(file: string): number {
  try {
    return openSync(file, 'a', 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, 'a', 0o644);
  }
}

/** The end of the part that starts at `start`, never between the halves of a surrogate pair. */
function endOfPart(message: string, start: number): number {
  const end = start + MAX_LOG_LINE_LENGTH;
  if (end >= message.length) return message.length;
  const last = message.charCodeAt(end - 1);
  return last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}

// JSON escapes characters below 0x20 itself; these others also steer terminals or split lines in some readers.
const UNSAFE = /[\u007f-\u009f\u2028\u2029]/g;

function formatLine(
  options: AttemptLogOptions,
  level: AttemptLogLevel,
  source: AttemptLogSource,
  message: string,
  fields?: Readonly<Record<string, unknown>>,
  continues = false,
): string {
  const at = new Date(options.now()).toISOString();
  let line = `{"at":"${at}","level":"${level}","source":"${source}","try":${options.tryNumber},"message":${JSON.stringify(message)}`;
  if (continues) line += ',"continues":true';
  if (fields) line += formatFields(fields);
  line += '}\n';
  return line.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Fields come from user code: what JSON cannot say is shown as text, and a getter that throws must not fail the task. */
function formatFields(fields: Readonly<Record<string, unknown>>): string {
  let text = '';
  let names: string[];
  try {
    names = Object.keys(fields);
  } catch {
    return '';
  }
  for (const name of names) {
    if (ATTEMPT_LOG_FIELDS.has(name)) continue;
    let value: string | undefined;
    try {
      const field = fields[name];
      value = field instanceof Error ? JSON.stringify(field.stack ?? String(field)) : JSON.stringify(field);
      if (value === undefined && field !== undefined) value = JSON.stringify(String(field));
    } catch {
      value = '"[not serialisable]"';
    }
    if (value === undefined) continue;
    if (value.length > MAX_LOG_LINE_LENGTH) value = JSON.stringify(`${value.slice(0, 1_000)}... (${value.length} characters)`);
    text += `,${JSON.stringify(name)}:${value}`;
  }
  return text;
}

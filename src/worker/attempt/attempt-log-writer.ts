/**
 * Writes the log of one attempt: JSON lines, each written with one synchronous call while the attempt runs, so that neither a crash
 * nor a killed thread loses what was printed before it. The file is opened for appending: the runner and the supervisor may add lines
 * about the attempt (a blocked event loop, a kill) beside the thread that runs it.
 */
import { accessSync, closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs';
import { devNull } from 'node:os';
import { dirname } from 'node:path';
import { ATTEMPT_LOG_FIELDS, type AttemptLogLevel, type AttemptLogSource } from '../../model/attempt-log.js';
import type { Instant } from '../../model/instant.js';

// Taken before user code is loaded, which may replace it.
const { stringify } = JSON;

/** A longer message is cut into several lines, in UTF-16 units. */
export const MAX_LOG_LINE_LENGTH = 65_536;
/** Default of the most bytes a task may write into the log of one attempt. */
export const MAX_LOG_BYTES = 100 * 1024 * 1024;

export interface AttemptLogOptions {
  readonly tryNumber: number;
  readonly now: () => Instant;
  /** Bytes after which lines of the task are dropped, with a mark; default 100 MiB. */
  readonly maxBytes?: number;
  /** Called once, when the file begins to exist. */
  readonly onOpened?: () => void;
}

export class AttemptLogWriter {
  private fd = -1;
  private isClosed = false;
  /** Lines that are written only if others follow; most never are, so they are formatted late. */
  private quiet: (() => string)[] = [];
  private bytes = 0;
  private dropped = 0;
  private isFull = false;
  /** Why lines are being lost right now; null: they are not. */
  private failure: string | null = null;

  /** The file is created, with its folders, by the first line that is written: an attempt that says nothing leaves none. */
  constructor(
    private readonly file: string,
    private readonly options: AttemptLogOptions,
  ) {}

  /** Keeps a message that is worth a line only beside others, such as the start of an attempt. */
  note(level: AttemptLogLevel, source: AttemptLogSource, message: string): void {
    if (this.fd >= 0) return this.write(level, source, message);
    const at = this.options.now();
    this.quiet.push(() => formatLine({ ...this.options, now: () => at }, level, source, message));
  }

  /** Appends a message; never throws. What comes after `close` is dropped. */
  write(level: AttemptLogLevel, source: AttemptLogSource, message: string, fields?: Readonly<Record<string, unknown>>): void {
    if (this.isClosed) return;
    if (this.isFull && source !== 'system') {
      this.dropped += 1;
      return;
    }
    for (const format of this.quiet.splice(0)) this.append(format());
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
      this.appendOwn(`the log reached its limit of ${maxBytes} bytes; what the task prints from here on is dropped`);
    }
  }

  /** Like `write`, also when the log was closed: for what becomes known about an attempt after its end. */
  writeLate(level: AttemptLogLevel, source: AttemptLogSource, message: string): void {
    const options = this.fd < 0 ? this.options : { ...this.options, onOpened: () => undefined };
    if (this.isClosed) appendToAttemptLog(this.file, options, level, source, message);
    else this.write(level, source, message);
  }

  close(): void {
    if (this.isClosed) return;
    if (this.dropped > 0) this.appendOwn(`${this.dropped} messages were dropped`);
    this.isClosed = true;
    if (this.fd < 0) return;
    try {
      closeSync(this.fd);
    } catch {
      // Nothing can be done about a descriptor that does not close.
    }
  }

  private appendOwn(message: string): void {
    this.append(formatLine(this.options, 'warn', 'system', message));
  }

  /** A full or broken disk must not fail the task: lines are dropped, and the gap is marked as soon as writing works again. */
  private append(line: string): void {
    try {
      if (this.fd < 0) {
        this.fd = openForAppending(this.file);
        this.options.onOpened?.();
      }
      if (this.failure !== null) {
        const mark = `${this.dropped} messages were lost: the log could not be written (${this.failure})`;
        writeWhole(this.fd, `\n${formatLine(this.options, 'warn', 'system', mark)}`);
        this.failure = null;
        this.dropped = 0;
      }
      this.bytes += writeWhole(this.fd, line);
    } catch (error) {
      this.failure = (error as NodeJS.ErrnoException).code ?? 'unknown';
      this.dropped += 1;
    }
  }
}

/** @throws also when only a part could be written; the next line begins on a new line then. */
function writeWhole(fd: number, text: string): number {
  const bytes = Buffer.from(text, 'utf8');
  const written = writeSync(fd, bytes);
  if (written < bytes.length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
  return written;
}

/** Adds one line to the log of an attempt that another thread or process writes. Never throws. */
export function appendToAttemptLog(
  file: string,
  options: AttemptLogOptions,
  level: AttemptLogLevel,
  source: AttemptLogSource,
  message: string,
): void {
  const log = new AttemptLogWriter(file, options);
  log.write(level, source, message);
  log.close();
}

/**
 * Makes sure that logs below `folder` can be written, before a task begins.
 * @throws the error of the file system.
 */
export function checkLogFolder(folder: string): void {
  keepSpare();
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(folder, { recursive: true });
  }
}

function openForAppending(file: string): number {
  try {
    return openSync(file, 'a', 0o644);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') mkdirSync(dirname(file), { recursive: true });
    else if (code !== 'EMFILE' || !giveUpSpare()) throw error;
    return openSync(file, 'a', 0o644);
  }
}

/** A descriptor in reserve: a task that opens files until it can open no more still has a log that says so. */
let spare: number | null = null;

function keepSpare(): void {
  try {
    spare ??= openSync(devNull, 'r');
  } catch {
    // There is none to spare now.
  }
}

function giveUpSpare(): boolean {
  if (spare === null) return false;
  closeSync(spare);
  spare = null;
  return true;
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
  let line = `{"at":"${at}","level":"${level}","source":"${source}","try":${options.tryNumber},"message":${stringify(message)}`;
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
      value = field instanceof Error ? stringify(field.stack ?? String(field)) : stringify(field);
      if (value === undefined && field !== undefined) value = stringify(String(field));
    } catch {
      value = '"[not serialisable]"';
    }
    if (value === undefined) continue;
    if (value.length > MAX_LOG_LINE_LENGTH) value = stringify(`${value.slice(0, 1_000)}... (${value.length} characters)`);
    text += `,${stringify(name)}:${value}`;
  }
  return text;
}

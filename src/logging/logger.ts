/**
 * The log of a process: pino lines on standard error, pretty on a terminal, JSON elsewhere. Standard output stays free for what a
 * command answers. Logs of attempts are another matter, see `attempt-log.ts`.
 */
import type { Logger } from '../ports/logger.js';
import { maskPasswords } from '../model/mask-passwords.js';

export interface LoggerOptions {
  /** Least severe level that is written. */
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** `auto`: pretty when `stream` is a terminal. */
  readonly format: 'auto' | 'pretty' | 'json';
  /** Which part of the system writes; a field of every line. */
  readonly component?: string;
  /** Default: standard error. */
  readonly stream?: NodeJS.WritableStream;
}

/**
 * Creates the logger. Each line has `time` (ISO 8601, UTC), `level` (by name), `pid`, `component` if given, `msg`, and the fields of the
 * call; an `err` field is written with its stack. Passwords in URLs are masked in the finished line. pino is loaded here and not before,
 * so that commands which log nothing do not pay for it.
 */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  const stream = options.stream ?? process.stderr;
  const isPretty = options.format === 'pretty' || (options.format === 'auto' && 'isTTY' in stream && stream.isTTY === true);
  const [{ pino }, pretty] = await Promise.all([import('pino'), isPretty ? import('pino-pretty') : null]);
  const logger: Logger = pino(
    {
      level: options.level,
      base: { pid: process.pid, ...(options.component === undefined ? {} : { component: options.component }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: maskPasswords },
    },
    pretty
      ? pretty.default({
          // A stream in this process, not a worker thread: lines are in order and none is lost at exit.
          sync: true,
          destination: stream,
          colorize: 'isTTY' in stream && stream.isTTY === true,
          translateTime: 'SYS:HH:MM:ss.l',
          ignore: 'pid,component',
          messageFormat: (log, messageKey) => (log['component'] ? `${String(log['component'])}: ` : '') + String(log[messageKey]),
        })
      : stream,
  );
  return logger;
}

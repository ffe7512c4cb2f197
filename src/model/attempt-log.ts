import type { AttemptToken, TaskInstanceKey } from './task-instance.js';

/** Who wrote a line: the task through `context().log` or `console`, its standard streams, or the system about the attempt. */
export type AttemptLogSource = 'task' | 'stdout' | 'stderr' | 'console' | 'system';

export type AttemptLogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One line of an attempt's log file (JSON lines). Fields given to `context().log` stand beside the fixed ones. */
export interface AttemptLogLine {
  /** ISO 8601 in UTC, by the worker's database-corrected clock. */
  readonly at: string;
  readonly level: AttemptLogLevel;
  readonly source: AttemptLogSource;
  /** Try number of the attempt. */
  readonly try: number;
  readonly message: string;
  /** True where a long line was cut and goes on in the next one. */
  readonly continues?: boolean;
  readonly [field: string]: unknown;
}

/** Names of the fixed fields, which fields of a message cannot replace. */
export const ATTEMPT_LOG_FIELDS: ReadonlySet<string> = new Set(['at', 'level', 'source', 'try', 'message', 'continues']);

/**
 * Path of an attempt's log below `<home>/logs`, with `/`. Every dispatch has a file of its own: the name ends with the last eight
 * characters of the attempt token, which differ also between tokens minted in the same moment.
 */
export function attemptLogPath(key: TaskInstanceKey, tryNumber: number, token: AttemptToken): string {
  const folders = [`dag_id=${pathPart(key.dagId)}`, `run_id=${pathPart(key.runId)}`, `task_id=${pathPart(key.taskId)}`];
  if (key.mapIndex >= 0) folders.push(`map_index=${key.mapIndex}`);
  return `${folders.join('/')}/attempt=${tryNumber}-${pathPart(token.slice(-8))}.jsonl`;
}

const SAFE = /^[A-Za-z0-9_.~:+-]+$/;

/** Ids are safe already; what is not is escaped, so that no id can leave the folder. A file name holds at most 255 bytes. */
function pathPart(text: string): string {
  const escaped = SAFE.test(text) ? text : text.replace(/[^A-Za-z0-9_.~:+-]/gu, (part) => encodeURIComponent(part));
  return escaped.slice(0, 240);
}

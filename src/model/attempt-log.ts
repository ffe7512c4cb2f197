import type { CallbackAssignment } from './callback.js';
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
  return `${folderOf(key)}/attempt=${tryNumber}-${pathPart(token.slice(-8))}.jsonl`;
}

/** The same for what a callback prints: beside the attempts of its task, or in the folder of its run. Every call has a file of its own. */
export function callbackLogPath({ request: { event, task }, run: { dagId, runId }, lease }: CallbackAssignment): string {
  return `${folderOf({ dagId, runId, ...task })}/callback=${event}-${pathPart(lease.slice(-8))}.jsonl`;
}

function folderOf({
  dagId,
  runId,
  taskId,
  mapIndex = -1,
}: Pick<TaskInstanceKey, 'dagId' | 'runId'> & Partial<TaskInstanceKey>): string {
  const folders = [`dag_id=${pathPart(dagId)}`, `run_id=${pathPart(runId)}`];
  if (taskId !== undefined) folders.push(`task_id=${pathPart(taskId)}`);
  if (mapIndex >= 0) folders.push(`map_index=${mapIndex}`);
  return folders.join('/');
}

const SAFE = /^[A-Za-z0-9_.~:+-]+$/;

/** Ids are safe already; what is not is escaped, so that no id can leave the folder. A file name holds at most 255 bytes. */
function pathPart(text: string): string {
  const escaped = SAFE.test(text) ? text : text.replace(/[^A-Za-z0-9_.~:+-]/gu, (part) => encodeURIComponent(part));
  return escaped.slice(0, 240);
}

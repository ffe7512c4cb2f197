import type { ErrorCode } from '../model/error-table.js';
import { isAirflowLikeError } from '../model/errors.js';
import { printable } from './output/table.js';

/** What to do about it, where the message alone does not say. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  DB_CONNECT:
    'check database.url (AIRFLOW_LIKE__DATABASE__URL) and that the server runs; airflow-like db check --retry 10 waits for it',
  RUN_EXISTS: 'give another --run-id or --logical-date, or run it again with airflow-like tasks clear',
  DAG_HAS_RUNNING_TASKS: 'pause the DAG and wait for its tasks, then try again',
  BACKFILL_CONFLICT: 'follow the active one with airflow-like backfill list and airflow-like backfill follow ID',
  DAGS_FOLDER_MISSING: 'create the folder, or set core.dagsFolder (AIRFLOW_LIKE__CORE__DAGS_FOLDER)',
};

/** An error for a person: one line and, where it helps, a hint; the stack only when `verbose`. */
export function describeError(error: unknown, verbose: boolean): string[] {
  if (isAirflowLikeError(error)) {
    const hint = HINTS[error.code];
    return [
      printable(error.message),
      ...(hint === undefined ? [] : [`hint: ${hint}`]),
      ...(verbose && error.stack ? [printable(error.stack)] : []),
    ];
  }
  const message = error instanceof Error ? error.message || error.name : String(error);
  if (!verbose) return [`INTERNAL: ${printable(message.split('\n')[0] as string)}`, 'hint: run it again with -v to see where'];
  return [`INTERNAL: ${printable(message)}`, ...(error instanceof Error && error.stack ? [printable(error.stack)] : [])];
}

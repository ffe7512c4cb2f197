/** Turns whatever went wrong with a DAG file into the plain data that people read. */
import type { ImportProblem } from '../model/dag.js';
import { isAirflowLikeError, showValue } from '../model/errors.js';
import type { ErrorCode } from '../model/error-table.js';
import { authorPosition } from '../loading/source-maps.js';

/** A problem of `file` with nothing but a message; add what is known. */
export function importProblem(code: ErrorCode, file: string, message: string, more: Partial<ImportProblem> = {}): ImportProblem {
  return { code, message, file, line: null, column: null, value: null, allowed: null, suggestion: null, stack: null, ...more };
}

/** What `thrown`, which may be anything, says about `file`; placed at the innermost line of the author's that it passed through. */
export function problemFromThrown(thrown: unknown, file: string): ImportProblem {
  const position = authorPosition(thrown);
  const stack = stackOf(thrown);
  if (isAirflowLikeError(thrown)) {
    const { details } = thrown;
    return importProblem(thrown.code, details.file ?? position?.file ?? file, thrown.message, {
      line: details.line ?? position?.line ?? null,
      column: details.column ?? position?.column ?? null,
      value: 'value' in details ? showValue(details.value) : null,
      allowed: details.allowed ?? null,
      suggestion: details.suggestion ?? null,
      stack,
    });
  }
  const place = position ?? { file, line: null, column: null };
  if (!(thrown instanceof Error)) {
    return importProblem('IMPORT_ERROR', file, `IMPORT_ERROR: ${file}: non-Error thrown: ${showValue(thrown)}`, {
      value: showValue(thrown),
    });
  }
  const where = place.line === null ? place.file : `${place.file}:${place.line}:${place.column}`;
  return importProblem('IMPORT_ERROR', place.file, `IMPORT_ERROR: ${where}: ${safely(() => `${thrown.name}: ${thrown.message}`)}`, {
    line: place.line,
    column: place.column,
    stack,
  });
}

function stackOf(thrown: unknown): string | null {
  if (!(thrown instanceof Error)) return null;
  const stack = safely(() => thrown.stack);
  return typeof stack === 'string' ? stack.slice(0, 8_000) : null;
}

/** Getters of a thrown object are the author's code too. */
function safely<T>(read: () => T): T | string {
  try {
    return read();
  } catch {
    return 'an error that cannot be read';
  }
}

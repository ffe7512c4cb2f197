/** Turns whatever went wrong with a DAG file into the plain data that people read. */
import type { ImportProblem } from '../model/dag.js';
import { isAirflowLikeError, showValue } from '../model/errors.js';
import type { ErrorCode } from '../model/error-table.js';
import { authorPosition } from '../loading/source-maps.js';

/** A problem of `file` with nothing but a message (a clause without code and place); add what is known. */
export function importProblem(code: ErrorCode, file: string, message: string, more: Partial<ImportProblem> = {}): ImportProblem {
  return { code, message, file, line: null, column: null, value: null, allowed: null, suggestion: null, stack: null, ...more };
}

/** The whole problem in one line: `CODE: file:line:column: message, got value; allowed: ...; did you mean ...?`. */
export function describeProblem(problem: ImportProblem): string {
  const { code, file, line, column, message, value, allowed, suggestion } = problem;
  const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
  const got = value === null || message.includes(value) ? '' : `, got ${value}`;
  return `${code}: ${place}: ${message}${got}${allowed ? `; allowed: ${allowed}` : ''}${suggestion ? `; did you mean ${suggestion}?` : ''}`;
}

/** What `thrown`, which may be anything, says about `file`; placed at the innermost line of the author's that it passed through. */
export function problemFromThrown(thrown: unknown, file: string): ImportProblem {
  const position = authorPosition(thrown);
  const stack = stackOf(thrown);
  if (isAirflowLikeError(thrown)) {
    const { details } = thrown;
    const isPlaced = details.place === undefined || details.place.startsWith(details.file ?? file);
    return importProblem(
      thrown.code,
      details.file ?? position?.file ?? file,
      isPlaced ? details.message : `${details.place}: ${details.message}`,
      {
        line: details.line ?? position?.line ?? null,
        column: details.column ?? position?.column ?? null,
        value: 'value' in details ? showValue(details.value) : null,
        allowed: details.allowed ?? null,
        suggestion: details.suggestion ?? null,
        stack,
      },
    );
  }
  if (!(thrown instanceof Error)) {
    const value = showValue(thrown);
    return importProblem('IMPORT_ERROR', file, `non-Error thrown: ${value}`, { value });
  }
  const { line = null, column = null } = position ?? {};
  return importProblem(
    'IMPORT_ERROR',
    position?.file ?? file,
    safely(() => `${thrown.name}: ${thrown.message}`),
    { line, column, stack },
  );
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

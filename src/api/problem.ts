import { ERROR_TABLE } from '../model/error-table.js';
import { isAirflowLikeError } from '../model/errors.js';
import type { ProblemResponse } from './contract/problem.js';

/** What the client is told of an error: ours in full, a fault of the server only as that. */
export function toProblem(error: unknown): ProblemResponse {
  if (isAirflowLikeError(error)) {
    const { title, httpStatus } = ERROR_TABLE[error.code];
    return { type: 'about:blank', title, status: httpStatus, code: error.code, detail: error.message };
  }
  // Fastify's own refusals (bad JSON, too large a body) carry a 4xx status and a text for the client.
  const { statusCode, message } = (error ?? {}) as { statusCode?: unknown; message?: unknown };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    const code = statusCode === 413 ? 'BODY_TOO_LARGE' : 'REQUEST_INVALID';
    return { type: 'about:blank', title: ERROR_TABLE[code].title, status: statusCode, code, detail: String(message) };
  }
  const { title, httpStatus } = ERROR_TABLE.INTERNAL;
  return { type: 'about:blank', title, status: httpStatus, code: 'INTERNAL', detail: 'the log of the server says more' };
}

export function notFound(method: string, path: string): ProblemResponse {
  const { title, httpStatus } = ERROR_TABLE.NOT_FOUND;
  return { type: 'about:blank', title, status: httpStatus, code: 'NOT_FOUND', detail: `there is no ${method} ${path}` };
}

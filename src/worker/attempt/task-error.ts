/** Turns whatever user code threw into a `TaskError` that is safe to store and print. Nothing here trusts the thrown value. */
import { inspect } from 'node:util';
import type { TaskError } from '../../model/task-instance.js';

const MAX_MESSAGE_LENGTH = 4_000;
const MAX_STACK_LENGTH = 16_000;

/** An error that the system itself reports about an attempt. */
export function taskError(code: string, message: string): TaskError {
  return { code, name: code, message: cleanText(message, MAX_MESSAGE_LENGTH), stack: null };
}

/** Any thrown value: an Error, a string, undefined, a circular or hostile object. Errors with a stable code of ours keep it. */
export function describeThrown(thrown: unknown): TaskError {
  if (!isErrorLike(thrown)) {
    return {
      code: 'TASK_ERROR',
      name: 'NonError',
      message: cleanText(`threw ${showThrown(thrown)}`, MAX_MESSAGE_LENGTH),
      stack: null,
    };
  }
  const name = readText(thrown, 'name') || 'Error';
  const stack = readText(thrown, 'stack');
  const code = readText(thrown, 'code');
  return {
    code: name === 'AirflowLikeError' && /^[A-Z][A-Z0-9_]{2,40}$/.test(code) ? code : 'TASK_ERROR',
    name: cleanText(name, 200),
    message: cleanText(withCause(thrown, readText(thrown, 'message')), MAX_MESSAGE_LENGTH),
    stack: stack === '' ? null : cleanText(stack, MAX_STACK_LENGTH),
  };
}

/** The name under which a thrown value is recognised (`SkipTask`...), also when two copies of the sdk are loaded. */
export function thrownName(thrown: unknown): string {
  return isErrorLike(thrown) ? readText(thrown, 'name') : '';
}

function isErrorLike(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return value instanceof Error || (typeof (value as Error).message === 'string' && typeof (value as Error).name === 'string');
  } catch {
    return false;
  }
}

/** A getter of a thrown object may throw itself. */
function readText(value: object, key: string): string {
  try {
    const field: unknown = (value as Record<string, unknown>)[key];
    return typeof field === 'string' ? field : '';
  } catch {
    return '';
  }
}

function withCause(error: object, message: string): string {
  let cause: unknown;
  try {
    cause = (error as { cause?: unknown }).cause;
  } catch {
    return message;
  }
  if (!isErrorLike(cause)) return message;
  return `${message} (cause: ${readText(cause, 'name') || 'Error'}: ${readText(cause, 'message')})`;
}

function showThrown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MAX_MESSAGE_LENGTH));
  try {
    return inspect(value, { depth: 2, maxArrayLength: 20, maxStringLength: 500, breakLength: Infinity, customInspect: false });
  } catch {
    return `a value of type ${typeof value} that cannot be shown`;
  }
}

/** Postgres stores neither NUL nor half a surrogate pair; terminals must not be steered by an error's text. */
function cleanText(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}... (${text.length} characters)` : text;
  return cut.replace(HALF_PAIR, '\ufffd').replace(CONTROL, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

const HALF_PAIR = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Turns whatever user code threw into a `TaskError` that is safe to store and print. Nothing here trusts the thrown value. */
import { inspect } from 'node:util';
import type { TaskError } from '../../model/task-instance.js';
import { isFailTask, isSkipTask } from '../../sdk/task-errors.js';

const MAX_MESSAGE_LENGTH = 4_000;
const MAX_STACK_LENGTH = 16_000;
/** Causes of causes, and errors of an AggregateError, are named up to so many. */
const MAX_NAMED = 5;
const CODE = /^[A-Z][A-Z0-9_]{2,40}$/;

/** An error that the system itself reports about an attempt. */
export function taskError(code: string, message: string): TaskError {
  return { code, name: code, message: cleanText(message, MAX_MESSAGE_LENGTH), stack: null };
}

/** The task ended its thread, or what stands for one where it is tested. */
export function exitError(code: number | string): TaskError {
  return taskError('TASK_EXITED', `the task called process.exit with code ${code} before it had a result`);
}

/** Any thrown value: an Error, a string, undefined, a circular or hostile object. Errors with a stable code of ours keep it. */
export function describeThrown(thrown: unknown): TaskError {
  if (!isErrorLike(thrown)) {
    return {
      code: 'TASK_ERROR',
      name: 'NonError',
      message: cleanText(`threw ${showValue(thrown)}`, MAX_MESSAGE_LENGTH),
      stack: null,
    };
  }
  const name = readText(thrown, 'name') || 'Error';
  const stack = readText(thrown, 'stack');
  const code = readText(thrown, 'code');
  return {
    code: name === 'AirflowLikeError' && CODE.test(code) ? code : 'TASK_ERROR',
    name: cleanText(name, 200),
    message: cleanText(describeChain(thrown) || `threw an ${name} without a message`, MAX_MESSAGE_LENGTH),
    stack: stack === '' ? null : cleanText(stack, MAX_STACK_LENGTH),
  };
}

/** A TaskError that came from where user code runs, made safe again; null when it is none. */
export function readTaskError(value: unknown): TaskError | null {
  if (typeof value !== 'object' || value === null) return null;
  const { code, name, message, stack } = value as Record<string, unknown>;
  if (typeof code !== 'string' || typeof name !== 'string' || typeof message !== 'string') return null;
  return {
    code: CODE.test(code) ? code : 'TASK_ERROR',
    name: cleanText(name, 200),
    // Texts that were cut once carry a note on their length.
    message: cleanText(message, MAX_MESSAGE_LENGTH + 100),
    stack: typeof stack === 'string' ? cleanText(stack, MAX_STACK_LENGTH + 100) : null,
  };
}

/** Whether a task said with this error how it wants to end; also when two copies of the sdk are loaded. */
export function isNamed(thrown: unknown, name: 'SkipTask' | 'FailTask'): boolean {
  const isMarked = name === 'SkipTask' ? isSkipTask(thrown) : isFailTask(thrown);
  return isMarked || (isErrorLike(thrown) && readText(thrown, 'name') === name);
}

/** The `code` of a thrown value, as Node's errors and ours have one; null when it has none. */
export function errorCode(thrown: unknown): string | null {
  const code = readField(thrown, 'code');
  return typeof code === 'string' && code !== '' ? code : null;
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
  const field = readField(value, key);
  return typeof field === 'string' ? field : '';
}

/** The message, with those of what it gathers (AggregateError) and of its causes. */
function describeChain(error: object): string {
  let text = describeGathered(error);
  const seen = new Set<unknown>([error]);
  let cause = readField(error, 'cause');
  for (; cause !== undefined && cause !== null && !seen.has(cause) && seen.size <= MAX_NAMED; cause = readField(cause, 'cause')) {
    seen.add(cause);
    text += ` (cause: ${describeOne(cause)})`;
  }
  return text;
}

function describeGathered(error: object): string {
  const message = readText(error, 'message');
  const errors = readField(error, 'errors');
  try {
    if (!Array.isArray(errors) || errors.length === 0) return message;
    const named = errors.slice(0, MAX_NAMED).map(describeOne).join('; ');
    return `${message}: ${named}${errors.length > MAX_NAMED ? `; and ${errors.length - MAX_NAMED} more` : ''}`;
  } catch {
    return message;
  }
}

function describeOne(value: unknown): string {
  return isErrorLike(value) ? `${readText(value, 'name') || 'Error'}: ${readText(value, 'message')}` : showValue(value);
}

function readField(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** Any value as a short text; no code of its own is run for it. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MAX_MESSAGE_LENGTH));
  try {
    return inspect(value, { depth: 2, maxArrayLength: 20, maxStringLength: 500, breakLength: Infinity, customInspect: false });
  } catch {
    return `a value of type ${typeof value} that cannot be shown`;
  }
}

/** Postgres stores neither NUL nor half a surrogate pair; terminals must not be steered by an error's text. */
export function cleanText(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}... (${text.length} characters)` : text;
  return cut.replace(HALF_PAIR, '\ufffd').replace(CONTROL, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

const HALF_PAIR = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

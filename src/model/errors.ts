import { ERROR_TABLE, type ErrorCode, type ErrorDefinition } from './error-table.js';

export interface ErrorDetails {
  /** What went wrong, as a clause: `minute 61 is outside 0-59`. */
  readonly message: string;
  /** Where: an option path, `file:line:col`, a command-line flag... */
  readonly place?: string;
  /** The offending value; cut to 100 characters when shown. */
  readonly value?: unknown;
  readonly allowed?: string;
  /** The nearest right name. */
  readonly suggestion?: string | null;
  readonly line?: number;
  readonly column?: number;
  readonly file?: string;
  readonly cause?: unknown;
}

/** The one error class for mistakes that a person can mend. Its text always has the form `CODE: place: message, got value; ...`. */
export class AirflowLikeError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(formatMessage(code, details), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AirflowLikeError';
    this.code = code;
    this.details = details;
  }

  get definition(): ErrorDefinition {
    return ERROR_TABLE[this.code];
  }
}

/** Recognises our errors also when two copies of this package are loaded. */
export function isAirflowLikeError(error: unknown): error is AirflowLikeError {
  return error instanceof Error && error.name === 'AirflowLikeError' && 'code' in error && 'details' in error;
}

/** What a terminal obeys or hides instead of showing it: controls, marks of direction, joiners, halves of characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const LONGEST_PLACE = 200;

/** A place as shown in a message: on one line, with everything that cannot be seen escaped, and not endless. */
export function showPlace(place: string): string {
  return cut(escapeUnseen(place), LONGEST_PLACE);
}

/** A value as shown in a message: JSON where possible, what cannot be seen escaped, at most 100 characters. */
export function showValue(value: unknown): string {
  let text: string;
  if (typeof value === 'function') text = `[function ${value.name || 'anonymous'}]`;
  else if (typeof value === 'bigint') text = `${value}n`;
  else if (typeof value === 'number' || value === undefined || typeof value === 'symbol') text = String(value);
  else {
    try {
      text = JSON.stringify(value) ?? String(value);
    } catch {
      text = Object.prototype.toString.call(value);
    }
  }
  return cut(escapeUnseen(text), 100);
}

function escapeUnseen(text: string): string {
  return text.replace(UNSEEN, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 3)}...` : text;
}

function formatMessage(code: ErrorCode, details: ErrorDetails): string {
  let text = `${code}: `;
  if (details.place) text += `${showPlace(details.place)}: `;
  text += details.message;
  const isQuoted = typeof details.value === 'string' && details.message.includes(showValue(details.value));
  if ('value' in details && !isQuoted) text += `, got ${showValue(details.value)}`;
  if (details.allowed) text += `; allowed: ${details.allowed}`;
  if (details.suggestion) text += `; did you mean ${details.suggestion}?`;
  return text;
}

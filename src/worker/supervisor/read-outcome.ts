/**
 * Reads what a runner reports of an attempt. User code shares its thread with the code that makes the report, and may have changed what that
 * stands on (`JSON`, prototypes); so nothing in it is believed. What the store cannot take must not get past here: one such outcome
 * would hold up every commit it is part of.
 */
import { isTaggedJson, outputLength } from '../../model/codec.js';
import type { Outcome, TaskOutput } from '../../model/outcome.js';
import { cleanText, readTaskError } from '../attempt/task-error.js';

const MAX_REASON_LENGTH = 4_000;
/** What a report has beside its value, generously, in bytes. */
const ENVELOPE_BYTES = 1_000;
/** The last instant that a Date can hold. */
const MAX_INSTANT = 8_640_000_000_000_000;

/** Null when the text is no outcome, or carries a value that could not be stored. */
export function readOutcome(text: string, maxXComBytes: number): Outcome | null {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof report !== 'object' || report === null) return null;
  const fields = report as Record<string, unknown>;
  switch (fields['kind']) {
    case 'success': {
      if (Buffer.byteLength(text) > maxXComBytes + ENVELOPE_BYTES) return null;
      const output = readOutput(fields['output']);
      return output === undefined ? null : { kind: 'success', output };
    }
    case 'failed': {
      const error = readTaskError(fields['error']);
      return error && { kind: 'failed', error, retryable: fields['retryable'] !== false };
    }
    case 'skipped':
      return { kind: 'skipped', message: readText(fields['message']) };
    case 'reschedule': {
      const { at } = fields;
      return typeof at === 'number' && Math.abs(at) <= MAX_INSTANT ? { kind: 'reschedule', at } : null;
    }
    case 'lost':
      return { kind: 'lost', reason: readText(fields['reason']) ?? 'its runner gave no reason' };
    default:
      return null;
  }
}

/** Undefined: not an output. */
function readOutput(output: unknown): TaskOutput | null | undefined {
  if (output === null) return null;
  const value = (output as { value?: unknown } | undefined)?.value;
  if (value === undefined || !isTaggedJson(value)) return undefined;
  return { value, length: outputLength(value) };
}

function readText(value: unknown): string | null {
  return typeof value === 'string' ? cleanText(value, MAX_REASON_LENGTH) : null;
}

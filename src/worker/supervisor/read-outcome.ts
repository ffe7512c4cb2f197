/**
 * Reads what a runner reports of an attempt. User code shares its thread with the code that makes the report, and may have changed what that
 * stands on (`JSON`, prototypes); so nothing in it is believed. What the store cannot take must not get past here: one such outcome
 * would hold up every commit it is part of.
 */
import { isStorableText, isTaggedJson, outputLength } from '../../model/codec.js';
import type { XComWrite } from '../../model/commit.js';
import type { Outcome, TaskOutput } from '../../model/outcome.js';
import type { FlowDecision } from '../../model/task-instance.js';
import { readOutlets } from './read-outlets.js';
import { cleanText, readTaskError } from '../attempt/task-error.js';

const MAX_REASON_LENGTH = 4_000;
/** What a report has beside its values, generously, in bytes. */
const ENVELOPE_BYTES = 2_000;
/** Most bytes that all a task says of its outlets may take together. */
const MAX_OUTLET_BYTES = 8_388_608;
/** Most characters of a task id, of the key of an XCom, and of the name of a copy. */
const MAX_NAME_LENGTH = 250;
/** Longest delay that a retry policy may ask for, in milliseconds. */
const MAX_RETRY_DELAY_MS = 366 * 86_400_000;
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
    case 'success':
      return readSuccess(fields, text, maxXComBytes);
    case 'failed':
      return readFailure(fields);
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

function readSuccess(report: Record<string, unknown>, text: string, maxXComBytes: number): Outcome | null {
  const output = readOutput(report['output']);
  const fields = readFields(report['fields']);
  const decision = readDecision(report['decision']);
  const outlets = readOutlets(report['outlets']);
  if (output === undefined || fields === undefined || decision === undefined || outlets === undefined) return null;
  // Each field is part of the return value, and is stored once more.
  const valueBytes = fields === null ? maxXComBytes : 2 * maxXComBytes;
  const decisionBytes = decision === null ? 0 : Buffer.byteLength(JSON.stringify(decision));
  const outletBytes = outlets === null ? 0 : Buffer.byteLength(JSON.stringify(outlets));
  if (outletBytes > MAX_OUTLET_BYTES) return null;
  if (Buffer.byteLength(text) > valueBytes + decisionBytes + outletBytes + ENVELOPE_BYTES) return null;
  return {
    kind: 'success',
    output,
    ...(fields && { fields }),
    ...(decision && { decision }),
    ...(outlets && { outlets }),
    ...labelIn(report),
  };
}

function readFailure(report: Record<string, unknown>): Outcome | null {
  const error = readTaskError(report['error']);
  if (error === null) return null;
  const { retryDelayMs } = report;
  const isDelay = typeof retryDelayMs === 'number' && retryDelayMs >= 0 && retryDelayMs <= MAX_RETRY_DELAY_MS;
  const retryable = report['retryable'] !== false;
  return { kind: 'failed', error, retryable, ...(isDelay && { retryDelayMs }), ...labelIn(report) };
}

/** Undefined: not an output. */
function readOutput(output: unknown): TaskOutput | null | undefined {
  if (output === null) return null;
  const value = (output as { value?: unknown } | undefined)?.value;
  if (value === undefined || !isTaggedJson(value)) return undefined;
  return { value, length: outputLength(value) };
}

/** Null: there are none. Undefined: these are none. */
function readFields(fields: unknown): readonly XComWrite[] | null | undefined {
  if (fields === undefined) return null;
  if (!Array.isArray(fields)) return undefined;
  const writes: XComWrite[] = [];
  for (const field of fields as unknown[]) {
    const { key, value } = (typeof field === 'object' && field !== null ? field : {}) as { key?: unknown; value?: unknown };
    if (!isName(key) || key === 'return_value' || !isTaggedJson(value)) return undefined;
    writes.push({ key, value });
  }
  return writes;
}

/** Null: there is none. Undefined: this is none. */
function readDecision(decision: unknown): FlowDecision | null | undefined {
  if (decision === undefined) return null;
  if (typeof decision !== 'object' || decision === null) return undefined;
  const { followed, skipped } = decision as { followed?: unknown; skipped?: unknown };
  if (isNames(followed)) return { followed };
  return isNames(skipped) ? { skipped } : undefined;
}

function labelIn({ mapLabel }: Record<string, unknown>): { mapLabel?: string } {
  return typeof mapLabel === 'string' ? { mapLabel: cleanText(mapLabel, MAX_NAME_LENGTH) } : {};
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isName);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME_LENGTH && isStorableText(value);
}

function readText(value: unknown): string | null {
  return typeof value === 'string' ? cleanText(value, MAX_REASON_LENGTH) : null;
}

/** The name that people see for a copy of a mapped task instead of its map index. */
import type { AttemptLog } from './run-attempt.js';
import { cleanText, describeThrown, showValue } from './task-error.js';

/** Longer names are cut, in characters. */
const MAX_LENGTH = 200;

/** A name decides nothing: where it cannot be made, that is logged and the answer is null. */
export async function makeMapLabel(make: () => unknown, log: AttemptLog): Promise<string | null> {
  try {
    const label = await make();
    if (typeof label === 'string' || typeof label === 'number') return cleanText(String(label), MAX_LENGTH);
    log.write('warn', 'system', `the name of this copy is no text: ${showValue(label)}`);
  } catch (error) {
    log.write('warn', 'system', `the name of this copy could not be made: ${describeThrown(error).message}`);
  }
  return null;
}

/** Reads what an author writes as `schedule`. */
import type { TimeScheduleSpec } from '../../model/dag-spec.js';
import { parseSpan } from '../../model/duration.js';
import { AirflowLikeError } from '../../model/errors.js';
import { nearestName } from '../../model/nearest-name.js';
import { parseCron } from './cron-fields.js';
import { CRON_PRESETS } from './presets.js';

/** Words that people try as presets, and the one that is nearest in meaning. */
const MEANT_PRESETS: Readonly<Record<string, string>> = {
  '@fortnightly': '@weekly',
  '@biweekly': '@weekly',
  '@always': '@hourly',
  '@minutely': '@hourly',
  '@never': '@once',
};

/**
 * null: never by itself; a preset (`@daily`, `@once`...); a duration (`'6h'`, `'300s'`, `'1mo'`); or a cron expression of five fields, or six with the
 * seconds last.
 * @param place Where it stands, for messages.
 * @throws AirflowLikeError CRON_INVALID, CRON_NEVER, DURATION_INVALID.
 */
export function parseSchedule(text: string | null, place: string): TimeScheduleSpec {
  if (text === null) return { kind: 'none' };
  const trimmed = text.trim();
  if (trimmed.startsWith('@')) return parsePreset(trimmed, place);
  const span = parseSpan(trimmed);
  if (span) {
    if (span.months === 0 && span.ms < 1_000) {
      throw new AirflowLikeError('DURATION_INVALID', { place, message: 'a schedule needs at least a second', value: text });
    }
    return { kind: 'delta', span, text: trimmed };
  }
  if (trimmed !== '' && !/\s/.test(trimmed)) return refuseWord(trimmed, place);
  parseCron(trimmed, place);
  return { kind: 'cron', expression: trimmed.split(/\s+/).join(' '), text: trimmed };
}

function parsePreset(text: string, place: string): TimeScheduleSpec {
  const name = text.toLowerCase();
  if (name === '@once') return { kind: 'once' };
  if (name === '@continuous') return { kind: 'continuous', text: name };
  const expression = CRON_PRESETS[name];
  if (expression !== undefined) return { kind: 'cron', expression, text: name };
  throw new AirflowLikeError('CRON_INVALID', {
    place,
    message: 'unknown preset',
    value: text,
    allowed: presetNames().join(' '),
    suggestion: MEANT_PRESETS[name] ?? nearestName(text, presetNames()),
  });
}

/** One word that is neither a preset nor a duration: most likely one of them, misspelt. */
function refuseWord(text: string, place: string): never {
  throw new AirflowLikeError('CRON_INVALID', {
    place,
    message: 'this is neither a cron expression, a preset nor a duration: expected 5 fields (or 6 with seconds last), got 1',
    value: text,
    allowed: "'0 2 * * *', '@daily', '6h'",
    suggestion: nearestName(`@${text}`, presetNames()),
  });
}

function presetNames(): readonly string[] {
  return ['@once', '@continuous', ...Object.keys(CRON_PRESETS)];
}

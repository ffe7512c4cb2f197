import { AirflowLikeError } from './errors.js';

type Unit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w' | 'mo' | 'y';
type Part = `${number}${Unit}`;

/**
 * A span of time in words the compiler checks: `'30s'`, `'5m'`, `'1h30m'`, `'1d'`, `'2w'`. Calendar units `mo` (month) and `y` (year)
 * are accepted where a schedule is meant (`schedule: '1mo'`), not for delays. `'10 min'` does not compile.
 */
export type Duration = Part | `${Part}${Part}` | `${Part}${Part}${Part}`;

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const PART = /(\d+(?:\.\d+)?)(mo|ms|[smhdwy])/gy;

/** Splits a duration into calendar months and clock milliseconds; null when the text is not a duration. */
export function parseSpan(text: string): { months: number; ms: number } | null {
  let months = 0;
  let ms = 0;
  let end = 0;
  for (const match of text.matchAll(PART)) {
    const amount = Number(match[1]);
    const unit = match[2] as string;
    end = match.index + match[0].length;
    if (unit === 'mo') months += amount;
    else if (unit === 'y') months += amount * 12;
    else ms += amount * (MS_PER_UNIT[unit] as number);
  }
  if (end === 0 || end !== text.length || !Number.isInteger(months)) return null;
  return { months, ms: Math.round(ms) };
}

/**
 * Milliseconds of a duration such as `'1h30m'`.
 * @throws AirflowLikeError DURATION_INVALID for another text, or for calendar units, whose length depends on the date.
 */
export function parseDurationMs(text: string, place: string): number {
  const span = parseSpan(text);
  if (!span || span.months !== 0) {
    throw new AirflowLikeError('DURATION_INVALID', {
      place,
      value: text,
      message: span ? 'months and years have no fixed length; use days' : 'this is not a duration',
      allowed: "a number with ms, s, m, h, d or w, for example '30s', '5m', '1h30m'",
    });
  }
  return span.ms;
}

/** What a person probably meant who wrote `30` or `'10 min'`; null when that is not clear. */
export function durationMeant(value: unknown): string | null {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? `'${value}s'` : null;
  if (typeof value !== 'string') return null;
  const match = /^\s*(?:every\s+)?(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|hr|hour|d|day|w|week|second|minute)s?\s*$/i.exec(value);
  if (match) return `'${match[1]}${match[2]?.charAt(0).toLowerCase()}'`;
  const iso = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(value);
  const parts = (iso?.slice(1) ?? [])
    .map((amount, index) => (amount === undefined ? '' : `${amount}${'dhms'.charAt(index)}`))
    .join('');
  return parts === '' ? null : `'${parts}'`;
}

/** A short text for a span, for people: `1h 30m`, `12s`, `350ms`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const parts: string[] = [];
  let rest = Math.round(ms / 1_000);
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const amount = Math.floor(rest / seconds);
    rest -= amount * seconds;
    if (amount > 0) parts.push(`${amount}${unit}`);
  }
  return parts.slice(0, 2).join(' ');
}

import type { Instant } from '../../model/instant.js';

/**
 * Reads `2024-03-01 05:06:07.089+00` (session time zone UTC, ISO date style) as epoch milliseconds, without a Date object for the common
 * form. Years beyond 9999 and before 100 go through Date.
 */
export function parseTimestamp(text: string): Instant {
  const isCommon = text.charCodeAt(4) === 45 && text.charCodeAt(10) === 32 && text.endsWith('+00') && !text.startsWith('00');
  if (!isCommon) return parseUnusual(text);
  const digits = (from: number, to: number) => {
    let number = 0;
    for (let at = from; at < to; at++) number = number * 10 + text.charCodeAt(at) - 48;
    return number;
  };
  const end = text.length - 3;
  const fraction = end > 19 ? digits(20, Math.min(end, 23)) * [1, 100, 10, 1][Math.min(end, 23) - 20]! : 0;
  return Date.UTC(digits(0, 4), digits(5, 7) - 1, digits(8, 10), digits(11, 13), digits(14, 16), digits(17, 19), fraction);
}

function parseUnusual(text: string): Instant {
  const match = /^(\d+)-(.*?) (.*)\+00( BC)?$/.exec(text);
  if (!match) return Number.NaN;
  const year = match[4] ? 1 - Number(match[1]) : Number(match[1]);
  const sign = year < 0 ? '-' : '+';
  return Date.parse(`${sign}${String(Math.abs(year)).padStart(6, '0')}-${match[2]}T${match[3]}Z`);
}

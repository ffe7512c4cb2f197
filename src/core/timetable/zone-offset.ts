import type { Instant } from '../../model/instant.js';

/** Milliseconds to add to an instant to get local wall time in `timezone` (an IANA name), as a function that reuses one formatter. */
export function zoneOffset(timezone: string): (instant: Instant) => number {
  if (timezone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const second = Math.floor(instant / 1_000) * 1_000;
    // "3/9/2025, 03:00:00"
    const text = format.format(second);
    const [month, day, year, hour, minute, sec] = text.split(/\D+/, 6).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return Date.UTC(year, month - 1, day, hour, minute, sec) - second;
  };
}

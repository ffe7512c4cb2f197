import { describe, expect, it } from '@jest/globals';
import { day, hour } from '../../../src/testing/index.js';

const hours = ({ start, end }: { start: Date; end: Date }) => (end.getTime() - start.getTime()) / 3_600_000;

describe('day', () => {
  it.each([
    ['2026-03-29', undefined, '2026-03-29T00:00:00.000Z', 24],
    ['2026-03-29', 'Europe/Paris', '2026-03-28T23:00:00.000Z', 23],
    ['2026-10-25', 'Europe/Paris', '2026-10-24T22:00:00.000Z', 25],
    ['2024-02-29', 'Asia/Kolkata', '2024-02-28T18:30:00.000Z', 24],
    ['2025-12-31', 'UTC', '2025-12-31T00:00:00.000Z', 24],
    // The clocks went forward at midnight, so the day began at one o'clock.
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z', 23],
  ])('%s in %s starts at %s and has %d hours', (date, zone, start, length) => {
    const interval = day(date, zone);
    expect(interval.start.toISOString()).toBe(start);
    expect(hours(interval)).toBe(length);
  });

  it.each([
    ['2026-02-30', 'UTC', /DATE_INVALID: day: February 2026 has 28 days, not 30/],
    ['2026-3-1', 'UTC', /DATE_INVALID: day: .*got "2026-3-1"; allowed: YYYY-MM-DD/],
    ['2026-03-29T00:00', 'UTC', /DATE_INVALID/],
    ['2026-03-29', 'Paris', /TZ_UNKNOWN: day: .*did you mean Europe\/Paris/],
  ])('refuses %s in %s', (date, zone, message) => {
    expect(() => day(date, zone)).toThrow(message);
  });
});

describe('hour', () => {
  it.each([
    ['2026-03-29T02', undefined, '2026-03-29T02:00:00.000Z'],
    ['2026-03-29 03:00', 'Europe/Paris', '2026-03-29T01:00:00.000Z'],
    // Occurs twice: the first is meant.
    ['2026-10-25T02', 'Europe/Paris', '2026-10-25T00:00:00.000Z'],
  ])('%s in %s starts at %s', (time, zone, start) => {
    const interval = hour(time, zone);
    expect(interval.start.toISOString()).toBe(start);
    expect(hours(interval)).toBe(1);
  });

  it.each([
    ['2026-03-29T02', 'Europe/Paris', /DATE_IN_DST_GAP: hour/],
    ['2026-03-29T02:30', 'UTC', /DATE_INVALID: hour: .*allowed: YYYY-MM-DDTHH/],
    ['2026-03-29T24', 'UTC', /DATE_INVALID: hour: hour 24 is outside 0-23/],
  ])('refuses %s in %s', (time, zone, message) => {
    expect(() => hour(time, zone)).toThrow(message);
  });
});

import { describe, expect, it } from '@jest/globals';
import { formatInstant, formatInZone, parseInstant } from '../../../src/cli/dates.js';

const NOW = Date.UTC(2026, 2, 29, 22, 30); // 00:30 on the 30th in Paris, on the day after the change to summer time

describe('parseInstant', () => {
  it.each<[text: string, zone: string, expected: string]>([
    ['2026-03-01', 'UTC', '2026-03-01T00:00:00Z'],
    ['2026-03', 'UTC', '2026-03-01T00:00:00Z'],
    [' 2026-03-01T06:07:08.9 ', 'UTC', '2026-03-01T06:07:08.900Z'],
    ['2026-03-01 06:07', 'UTC', '2026-03-01T06:07:00Z'],
    ['2026-03-01T06:00:00.123456Z', 'Europe/Paris', '2026-03-01T06:00:00.123Z'],
    ['2026-03-01T06:00:00+01:00', 'UTC', '2026-03-01T05:00:00Z'],
    ['2026-03-01T06:00-0530', 'UTC', '2026-03-01T11:30:00Z'],
    ['2026-03-01', 'Europe/Paris', '2026-02-28T23:00:00Z'],
    ['2026-07-01', 'Europe/Paris', '2026-06-30T22:00:00Z'],
    ['2026-03-29T01:59', 'Europe/Paris', '2026-03-29T00:59:00Z'],
    ['2026-03-29T02:30', 'Europe/Paris', '2026-03-29T01:30:00Z'], // left out by the change: half an hour after it
    ['2026-10-25T02:30', 'Europe/Paris', '2026-10-25T00:30:00Z'], // happens twice: the first
    ['2012-12-31', 'Asia/Kathmandu', '2012-12-30T18:15:00Z'],
    ['2024-02-29', 'UTC', '2024-02-29T00:00:00Z'],
    ['today', 'Europe/Paris', '2026-03-29T22:00:00Z'],
    ['yesterday', 'Europe/Paris', '2026-03-28T23:00:00Z'],
    ['tomorrow', 'UTC', '2026-03-30T00:00:00Z'],
    ['now', 'UTC', '2026-03-29T22:30:00Z'],
  ])('%s in %s', (text, zone, expected) => {
    expect(new Date(parseInstant(text, 'date', zone, NOW)).toISOString().replace('.000Z', 'Z')).toBe(expected);
  });

  it.each([
    '',
    'soon',
    '2026',
    '2026-13-01',
    '0099-01-01',
    '2026-02-30',
    '2023-02-29',
    '2026-03-01T24:00',
    '2026-03-01T10:60',
    '01/03/2026',
    '2026-3-1',
    '1',
    '2026-03-01T06:00 CET',
  ])('refuses %p', (text) => {
    expect(() => parseInstant(text, '--from-date', 'UTC', NOW)).toThrow(
      expect.objectContaining({ code: 'DATE_INVALID', details: expect.objectContaining({ place: '--from-date', value: text }) }),
    );
  });
});

describe('formats', () => {
  it('prints UTC as Airflow does, fractions only where there are any', () => {
    expect(formatInstant(Date.UTC(2026, 10, 21, 2))).toBe('2026-11-21T02:00:00+00:00');
    expect(formatInstant(Date.UTC(2026, 10, 21, 2, 0, 0, 5))).toBe('2026-11-21T02:00:00.005+00:00');
  });

  it.each([
    [Date.UTC(2026, 10, 21, 2), 'Europe/Paris', '2026-11-21T03:00:00+01:00'],
    [Date.UTC(2026, 6, 1, 2), 'Europe/Paris', '2026-07-01T04:00:00+02:00'],
    [Date.UTC(2026, 6, 1, 2), 'America/St_Johns', '2026-06-30T23:30:00-02:30'],
    [Date.UTC(2026, 6, 1, 2), 'UTC', '2026-07-01T02:00:00+00:00'],
  ])('prints %p in %s', (instant, zone, expected) => {
    expect(formatInZone(instant, zone)).toBe(expected);
  });

  it('reads what it prints', () => {
    for (const zone of ['UTC', 'Europe/Paris', 'America/St_Johns', 'Asia/Kathmandu']) {
      for (let instant = Date.UTC(2026, 0, 1); instant < Date.UTC(2027, 0, 1); instant += 5.3 * 3_600_000) {
        expect(parseInstant(formatInZone(instant, zone), 'x', 'UTC')).toBe(instant);
      }
    }
  });
});

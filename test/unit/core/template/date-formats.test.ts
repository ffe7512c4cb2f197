import { describe, expect, it } from '@jest/globals';
import { datetimeDiffForHumans, dsFormat } from '../../../../src/core/template/macros.js';
import { Moment } from '../../../../src/core/template/moment.js';
import { TemplateError } from '../../../../src/core/template/template-error.js';

describe('formats of dates', () => {
  const at = Date.UTC(2026, 0, 4, 0, 7, 5, 40);
  it.each([
    ['%Y %y %C %m %d %e|%H %I %k %l %M %S %f %p %P', '2026 26 20 01 04  4|00 12  0 12 07 05 040000 AM am'],
    ['%a %A %b %B %h %j %w %u %U %W %V %G %g', 'Sun Sunday Jan January Jan 004 0 7 01 00 01 2026 26'],
    ['%z %Z %s %% %n%t', '+0000 UTC 1767485225 % \n\t'],
    ['%c|%x|%X|%F|%T|%D|%R|%r', 'Sun Jan  4 00:07:05 2026|01/04/26|00:07:05|2026-01-04|00:07:05|01/04/26|00:07|12:07:05 AM'],
    ['%-d %-m %-H %-j %Q', '4 1 0 4 %Q'],
  ])('%s', (format, expected) => expect(new Moment(at, 0).format(format)).toBe(expected));

  it('names an offset', () => {
    expect(new Moment(at, -12_600_000).format('%H:%M %z %Z')).toBe('20:37 -0330 UTC-03:30');
  });

  it.each([
    ['2020-12-31', '%Y-%m-%d', '%G-W%V-%u %U %W', '2020-W53-4 52 52'],
    ['2021-01-03', '%Y-%m-%d', '%G-W%V-%u %U %W', '2020-W53-7 01 00'],
    ['12/31/99', '%m/%d/%y', '%Y', '1999'],
    ['1 68', '%m %y', '%Y', '2068'],
    ['Feb 29 2024', '%b %d %Y', '%j', '060'],
    ['sunday, 4 JANUARY 2026', '%A, %d %B %Y', '%F', '2026-01-04'],
    ['Sun', '%a', '%F', '1900-01-01'],
    ['060 2024', '%j %Y', '%m-%d', '02-29'],
    ['2026 01 1', '%G %V %u', '%F', '2025-12-29'],
    ['2026 53 Sunday', '%Y %U %A', '%F', '2027-01-03'],
    ['2026 1 1', '%Y %W %w', '%F', '2026-01-05'],
    ['2026 0 5', '%Y %W %w', '%F', '2026-01-02'],
    ['12:05 AM', '%I:%M %p', '%H:%M', '00:05'],
    ['12:05 pm', '%I:%M %p', '%H:%M', '12:05'],
    ['1:05 PM', '%I:%M %p', '%H:%M', '13:05'],
    ['2026-01-10 10:30:15.5', '%Y-%m-%d %H:%M:%S.%f', '%f', '500000'],
    ['10:30 -03:30', '%H:%M %z', '%H:%M%z', '10:30-0330'],
    ['10:30Z', '%H:%M%z', '%H %z', '10 +0000'],
    ['10 UTC', '%H %Z', '%z', '+0000'],
    ['100%  (x)', '100%% (x)', '%F', '1900-01-01'],
    ['01/02/26', '%x', '%F', '2026-01-02'],
    ['2026-01-02T03:04:05', '%FT%T', '%s', '1767323045'],
    ['9', '%d', '%d', '09'],
    ['0042-01-01', '%Y-%m-%d', '%Y', '0042'],
  ])('reads %s as %s', (text, input, output, expected) => expect(dsFormat(text, input, output)).toBe(expected));

  it.each([
    ['2026-02-29', '%Y-%m-%d'],
    ['2026-13-01', '%Y-%m-%d'],
    ['2026-1-1 ', '%Y-%m-%d'],
    ['0000-01-01', '%Y-%m-%d'],
    ['24:00', '%H:%M'],
    ['10:60', '%H:%M'],
    ['367 2024', '%j %Y'],
    ['1', '%Q'],
    ['1 1', '%d %d'],
    ['a', '%'],
  ])('refuses %s as %s', (text, format) => expect(() => dsFormat(text, format, '%F')).toThrow(TemplateError));
});

describe('distances in words', () => {
  const base = Date.UTC(2024, 1, 29, 12);
  it.each([
    [Date.UTC(2024, 1, 29, 12, 0, 10), 'a few seconds'],
    [Date.UTC(2024, 1, 29, 12, 0, 11), '11 seconds'],
    [Date.UTC(2024, 1, 29, 12, 1), '1 minute'],
    [Date.UTC(2024, 1, 29, 13, 59), '1 hour'],
    [Date.UTC(2024, 2, 1, 9), '21 hours'],
    [Date.UTC(2024, 2, 2, 10), '2 days'],
    [Date.UTC(2024, 2, 3, 9), '2 days'],
    [Date.UTC(2024, 2, 11, 12), '2 weeks'],
    [Date.UTC(2024, 2, 10, 12), '1 week'],
    [Date.UTC(2024, 2, 28, 12), '4 weeks'],
    [Date.UTC(2024, 2, 29, 12), '1 month'],
    [Date.UTC(2024, 3, 25, 12), '2 months'],
    [Date.UTC(2025, 1, 15, 12), '1 year'],
    [Date.UTC(2025, 1, 13, 12), '11 months'],
    [Date.UTC(2025, 7, 28, 12), '1 year'],
    [Date.UTC(2025, 9, 29, 12), '2 years'],
    [Date.UTC(2025, 1, 28, 12), '1 year'],
  ])('%d', (other, expected) => {
    expect(datetimeDiffForHumans(other, base, 0)).toBe(`${expected} after`);
    expect(datetimeDiffForHumans(base, other, 0)).toBe(`${expected} before`);
    expect(datetimeDiffForHumans(base, null, other)).toBe(`${expected} ago`);
    expect(datetimeDiffForHumans(other, null, base)).toBe(`in ${expected}`);
  });
});

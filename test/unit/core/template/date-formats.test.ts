import { describe, expect, it } from '@jest/globals';
import { datetimeDiffForHumans, dsAdd, dsFormat } from '../../../../src/core/template/macros.js';
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
    ['10 UTC', '%H %Z', '%H%z', '10'],
    ['10:30 +01:02:03', '%H:%M %z', '%H:%M%z %Z', '10:30+010203 UTC+01:02:03'],
    ['08:08:05.999999', '%H:%M:%S.%f', '%H:%M:%S.%f', '08:08:05.999999'],
    ['100%  (x)', '100%% (x)', '%F', '1900-01-01'],
    ['01/02/26', '%x', '%F', '2026-01-02'],
    ['2026-01-02T03:04:05', '%Y-%m-%dT%X', '%s', '1767323045'],
    ['9', '%d', '%d', '09'],
    ['0042-01-01', '%Y-%m-%d', '%Y', '0042'],
    ['2026-01-04 12:00', '%Y-%m-%d %H:%M', '%p %P %I %l', 'PM pm 12 12'],
    ['2026-01-04 11:59', '%Y-%m-%d %H:%M', '%p %P', 'AM am'],
    ['2026-01-04 23:59', '%Y-%m-%d %H:%M', '%p %P %I %k', 'PM pm 11 23'],
    ['2026-01-04', '%Y-%m-%d', '[%z][%Z]', '[][]'],
    ['2026-01-04 +0130', '%Y-%m-%d %z', '%z %Z %s', '+0130 UTC+01:30 1767479400'],
    ['2026-01-04', '%Y-%m-%d', '%s', '1767484800'],
    ['100', '%j', '%-j %j', '100 100'],
    ['2026-01-10', '%Y-%m-%d', '%-d %-m %-y %-H', '10 1 26 0'],
    ['69', '%y', '%Y', '1969'],
    ['2026   01', '%Y %m', '%F', '2026-01-01'],
    ['2026 01', '%Y   %m', '%F', '2026-01-01'],
    ['11 pm', '%I %p', '%H', '23'],
    ['2026-01-02 1 PM', '%Y-%m-%d %I %p', '%F %H', '2026-01-02 13'],
    ['5', '%I', '%H', '05'],
    ['2026 20', '%Y %U', '%F', '2026-01-01'],
    ['20 3', '%U %w', '%F', '1900-01-01'],
    ['2026 20 0', '%Y %U %w', '%F', '2026-05-17'],
    ['2026 20 0', '%Y %W %w', '%F', '2026-05-24'],
    ['2026 20 3', '%G %V %u', '%F', '2026-05-13'],
    ['2026 20 7', '%G %V %u', '%F', '2026-05-17'],
    ['2026 20 0', '%G %V %w', '%F', '2026-05-17'],
    ['2026 20 Sun', '%G %V %a', '%F', '2026-05-17'],
    ['2024 09 6', '%Y %U %w', '%F', '2024-03-09'],
    ['2024 09 6', '%Y %W %w', '%F', '2024-03-02'],
    ['2024-12-31', '%Y-%m-%d', '%j %U %W %V %G', '366 52 53 01 2025'],
    ['2023-01-01', '%Y-%m-%d', '%j %U %W %V %G', '001 01 00 52 2022'],
    ['2026-06-14', '%Y-%m-%d', '%V %U %W %u %w', '24 24 23 7 0'],
    ['2026-01-05', '%Y-%m-%d', '%V', '02'],
    ['0001-01-01', '%Y-%m-%d', '%j %a %U', '001 Mon 00'],
    ['0099-12-31', '%Y-%m-%d', '%j %a %V', '365 Thu 53'],
    ['10:30:15.123456', '%H:%M:%S.%f', '%S.%f', '15.123456'],
    ['.000001', '.%f', '%f', '000001'],
    ['10 +01:30', '%H %z', '%z', '+0130'],
    ['31', '%j', '%F', '1900-01-31'],
    ['366 2023', '%j %Y', '%F', '2024-01-01'],
    ['may', '%B', '%m', '05'],
    ['a.b [9]+', 'a.b [%d]+', '%d', '09'],
    ['\\d', '\\d', '%F', '1900-01-01'],
    ['%', '%%', '%F', '1900-01-01'],
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
    ['a%', 'a%'],
    ['undefined', '%Q'],
    ['axb', 'a.b'],
    ['2026 5', '%G %u'],
    ['2026 5', '%G %V'],
    ['5 3', '%V %u'],
    ['2026 5 3', '%Y %V %u'],
    ['60', '%S'],
    ['Ma', '%b'],
    ['31 4', '%d %m'],
    ['0', '%j'],
    ['2026', '%Y '],
    ['', '%d'],
    ['x2026', '%Y'],
    ['2026x', '%Y'],
    ['1 1', '%d %'],
    ['2026-01-10', '%F'],
    ['10:05:00', '%T'],
    ['23:59:60', '%X'],
    ['26', '%V'],
    ['2026', '%G'],
    ['53 2026', '%V %G'],
    ['1 2026 1', '%V %Y %w'],
    ['2026 1 1 1', '%G %V %u %j'],
    ['z', '%z'],
    ['+2400', '%z'],
    ['+0100:30', '%z'],
  ])('refuses %s as %s', (text, format) => expect(() => dsFormat(text, format, '%F')).toThrow(TemplateError));
});

it('adds no days to any text', () => {
  expect([dsAdd('2026-1-5', 0), dsAdd('soon', 0), dsAdd('2026-1-5', 1)]).toEqual(['2026-1-5', 'soon', '2026-01-06']);
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
    [Date.UTC(2024, 1, 29, 12, 59, 59), '59 minutes'],
    [Date.UTC(2024, 2, 1, 11, 59, 59), '23 hours'],
    [Date.UTC(2025, 7, 28, 11), '1 year'],
    [Date.UTC(2025, 7, 29, 12), '1 year'],
    [Date.UTC(2025, 8, 29, 12), '2 years'],
  ])('%d', (other, expected) => {
    expect(datetimeDiffForHumans(other, base, 0)).toBe(`${expected} after`);
    expect(datetimeDiffForHumans(base, other, 0)).toBe(`${expected} before`);
    expect(datetimeDiffForHumans(base, null, other)).toBe(`${expected} ago`);
    expect(datetimeDiffForHumans(other, null, base)).toBe(`in ${expected}`);
  });

  it.each([
    // Days are borrowed from the month before, which may be shorter or longer than this one.
    ['2024-05-23T23:42:46Z', '2025-11-24T13:50:12Z', '1 year'],
    ['2024-10-25T20:30:31Z', '2024-11-25T18:15:16Z', '1 month'],
    ['2023-10-10T09:16:01Z', '2023-11-09T17:17:35Z', '1 month'],
    ['2024-07-31T10:14:09Z', '2025-07-17T08:41:14Z', '1 year'],
    ['2024-05-31T19:45:11Z', '2025-05-17T02:15:38Z', '1 year'],
    ['2024-02-09T11:09:03Z', '2024-04-08T21:09:02Z', '2 months'],
    ['2024-11-10T00:30:35Z', '2025-02-07T19:06:35Z', '3 months'],
  ])('%s to %s is %s', (earlier, later, expected) => {
    expect(datetimeDiffForHumans(Date.parse(later), Date.parse(earlier), 0)).toBe(`${expected} after`);
  });

  it('an instant is not after itself, nor to come', () => {
    expect(datetimeDiffForHumans(base, base, 0)).toBe('a few seconds before');
    expect(datetimeDiffForHumans(base, null, base)).toBe('a few seconds ago');
  });
});

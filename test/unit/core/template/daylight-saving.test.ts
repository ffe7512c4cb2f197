import { describe } from '@jest/globals';
import { fails, prints } from './expressions.js';

/** An instant in a zone whose clocks change: Paris on 2024-03-31 from 02:00 to 03:00 and on 2024-10-27 from 03:00 to 02:00. */
const paris = (utc: string): string => `macros.dateutil.parser.parse('${utc}').in_timezone('Europe/Paris')`;
const newYork = (utc: string): string => `macros.dateutil.parser.parse('${utc}').in_timezone('America/New_York')`;
const kolkata = (utc: string): string => `macros.dateutil.parser.parse('${utc}').in_timezone('Asia/Kolkata')`;

describe('where clocks change', () => {
  describe('days, weeks and months keep the time of day, hours and less are time that passes', () => {
    prints([
      [`${paris('2024-03-30T11:00')}.add(days=1)`, '2024-03-31T12:00:00+02:00'],
      [`${paris('2024-03-30T11:00')}.add(weeks=1)`, '2024-04-06T12:00:00+02:00'],
      [`${paris('2024-02-29T11:00')}.add(months=2)`, '2024-04-29T12:00:00+02:00'],
      [`${paris('2024-03-30T11:00')}.add(hours=24)`, '2024-03-31T13:00:00+02:00'],
      [`${paris('2024-03-31T00:30')}.add(minutes=60)`, '2024-03-31T03:30:00+02:00'],
      [`${paris('2024-03-31T03:00')}.subtract(hours=4)`, '2024-03-31T00:00:00+01:00'],
      [`${paris('2024-03-31T10:00')}.subtract(days=1)`, '2024-03-30T12:00:00+01:00'],
      [`${paris('2024-03-29T23:30')}.add(days=1, hours=2)`, '2024-03-31T03:30:00+02:00'],
      [`${newYork('2024-11-03T05:30')}.add(minutes=10)`, '2024-11-03T01:40:00-04:00'],
      [`${newYork('2024-11-03T05:30')} + macros.timedelta(hours=1)`, '2024-11-03T01:30:00-05:00'],
      [`${paris('2024-03-30T11:00')} + macros.timedelta(days=1)`, '2024-03-31T13:00:00+02:00'],
      [`macros.timedelta(weeks=1) + ${paris('2024-03-30T11:00')}`, '2024-04-06T13:00:00+02:00'],
      [`${paris('2024-03-31T10:00')} - macros.timedelta(days=1)`, '2024-03-30T11:00:00+01:00'],
      [`${paris('2024-02-29T11:00')} + macros.dateutil.relativedelta.relativedelta(months=2, days=1)`, '2024-04-30T12:00:00+02:00'],
    ]);
  });

  describe('a time of day that the clocks leave out is moved on', () => {
    prints([
      [`${paris('2024-03-30T01:30')}.add(days=1)`, '2024-03-31T03:30:00+02:00'],
      [`${paris('2024-04-01T00:30')}.subtract(days=1)`, '2024-03-31T03:30:00+02:00'],
      [`${newYork('2024-03-09T07:30')}.add(days=1)`, '2024-03-10T03:30:00-04:00'],
      [`${paris('2024-03-30T11:00')}.replace(day=31, hour=2, minute=30)`, '2024-03-31T03:30:00+02:00'],
    ]);
  });

  describe('of a time of day that comes twice, addition means the last and replacement the first', () => {
    prints([
      [`${paris('2024-10-26T00:30')}.add(days=1)`, '2024-10-27T02:30:00+01:00'],
      [`${newYork('2024-11-02T05:30')}.add(days=1)`, '2024-11-03T01:30:00-05:00'],
      [`${newYork('2024-11-04T06:30')}.subtract(days=1)`, '2024-11-03T01:30:00-05:00'],
      [`${paris('2024-10-26T11:00')}.replace(day=27, hour=2, minute=30)`, '2024-10-27T02:30:00+02:00'],
      [`${newYork('2024-11-01T11:00')}.replace(day=3, hour=1, minute=30)`, '2024-11-03T01:30:00-04:00'],
    ]);
  });

  describe('units end when the next one begins', () => {
    prints([
      [`${paris('2024-03-31T10:00')}.start_of('day')`, '2024-03-31T00:00:00+01:00'],
      [`${paris('2024-03-31T10:00')}.end_of('day')`, '2024-03-31T23:59:59.999000+02:00'],
      [`${paris('2024-10-27T11:00')}.start_of('day')`, '2024-10-27T00:00:00+02:00'],
      [`${paris('2024-10-27T11:00')}.end_of('day')`, '2024-10-27T23:59:59.999000+01:00'],
      [`${paris('2024-10-27T11:00')}.end_of('month')`, '2024-10-31T23:59:59.999000+01:00'],
      [`${paris('2024-04-03T11:00')}.start_of('month')`, '2024-04-01T00:00:00+02:00'],
      [`${paris('2024-07-03T11:00')}.start_of('year')`, '2024-01-01T00:00:00+01:00'],
      [`${newYork('2024-11-03T05:30')}.start_of('hour')`, '2024-11-03T01:00:00-04:00'],
      [`${newYork('2024-11-03T06:30')}.start_of('hour')`, '2024-11-03T01:00:00-05:00'],
      [`${newYork('2024-11-03T05:30')}.end_of('hour')`, '2024-11-03T01:59:59.999000-04:00'],
      [`${newYork('2024-11-03T06:30')}.end_of('hour')`, '2024-11-03T01:59:59.999000-05:00'],
      [`${kolkata('2024-01-01T00:10')}.start_of('hour')`, '2024-01-01T05:00:00+05:30'],
      [`${kolkata('2024-01-01T20:10')}.start_of('day')`, '2024-01-02T00:00:00+05:30'],
    ]);
  });

  describe('an offset without a name of a zone stays what it is', () => {
    prints([
      ["macros.dateutil.parser.parse('2024-03-30T12:00:00+02:00').add(months=1, days=1)", '2024-05-01T12:00:00+02:00'],
      ["macros.dateutil.parser.parse('2024-03-30T12:00:00+02:00').replace(hour=1).start_of('day')", '2024-03-30T00:00:00+02:00'],
      [
        "macros.dateutil.parser.parse('2024-03-30T12:00:00-03:30').timezone_name ~ ' ' ~ macros.dateutil.parser.parse('2024-03-30').timezone_name",
        '-03:30 UTC',
      ],
      [
        `${paris('2024-03-30T11:00')}.timezone_name ~ ' ' ~ ${paris('2024-03-30T11:00')}.add(days=1).timezone_name`,
        'Europe/Paris Europe/Paris',
      ],
    ]);
  });

  fails([[`${paris('2024-03-30T11:00')}.start_of('fortnight')`, 'value']]);
});

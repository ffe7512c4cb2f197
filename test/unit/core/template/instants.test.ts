import { describe } from '@jest/globals';
import { fails, prints } from './expressions.js';

describe('instants', () => {
  prints([
    ['at', '2026-05-31T21:05:09.070000+00:00'],
    ['[at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, at.quarter]', '[2026,5,31,21,5,9,70000,2]'],
    [
      '[at.day_of_week, sunday.day_of_week, sunday.weekday(), sunday.isoweekday(), at.day_of_year, at.week_of_year, at.days_in_month]',
      '[6,6,6,7,151,22,31]',
    ],
    [
      'at.int_timestamp ~ " " ~ at.timestamp() ~ " " ~ at.getTime() ~ " " ~ at.timezone_name',
      '1780261509 1780261509.07 1780261509070 UTC',
    ],
    [
      '[at.to_date_string(), at.to_time_string(), at.to_datetime_string(), at.date(), at.time()] | join("|")',
      '2026-05-31|21:05:09|2026-05-31 21:05:09|2026-05-31|21:05:09.070000',
    ],
    [
      '[at.isoformat(), at.to_iso8601_string(), at.toISOString(), at.toJSON()] | join("|")',
      '2026-05-31T21:05:09.070000+00:00|2026-05-31T21:05:09.070000Z|2026-05-31T21:05:09.070Z|2026-05-31T21:05:09.070Z',
    ],
    ['at.add(months=1) | ds', '2026-06-30'],
    ['at.add(years=-2, months=-3, days=1) | ds', '2024-03-01'],
    ['at.subtract(months=3) | ds', '2026-02-28'],
    ['at.add(weeks=1, days=1, hours=1, minutes=1, seconds=1, milliseconds=1) ', '2026-06-08T22:06:10.071000+00:00'],
    ['at.add(microseconds=1000).microsecond', '71000'],
    [
      '[at.start_of("second"), at.start_of("minute"), at.start_of("hour"), at.start_of("day")] | join("|")',
      '2026-05-31T21:05:09+00:00|2026-05-31T21:05:00+00:00|2026-05-31T21:00:00+00:00|2026-05-31T00:00:00+00:00',
    ],
    [
      '[at.start_of("week"), at.start_of("month"), at.start_of("year")] | map("ds") | join("|")',
      '2026-05-25|2026-05-01|2026-01-01',
    ],
    [
      '[at.end_of("hour"), at.end_of("week"), at.end_of("month"), at.end_of("year")] | join("|")',
      '2026-05-31T21:59:59.999000+00:00|2026-05-31T23:59:59.999000+00:00|2026-05-31T23:59:59.999000+00:00|2026-12-31T23:59:59.999000+00:00',
    ],
    ['at.replace(year=2024, month=2, day=29, hour=0, minute=1, second=2, microsecond=3000)', '2024-02-29T00:01:02.003000+00:00'],
    [
      'at.in_timezone("America/New_York") ~ " " ~ at.in_tz("Asia/Kolkata").hour ~ " " ~ at.astimezone("UTC").hour',
      '2026-05-31T17:05:09.070000-04:00 2 21',
    ],
    [
      'at.in_timezone("Asia/Tokyo").add(days=1) ~ " " ~ at.in_timezone("Asia/Tokyo").start_of("day")',
      '2026-06-02T06:05:09.070000+09:00 2026-06-01T00:00:00+09:00',
    ],
    ['at.in_timezone("Europe/Paris").replace(month=1).isoformat()', '2026-01-31T23:05:09.070000+01:00'],
    ['at.diff_for_humans(sunday) ~ "; " ~ sunday.diff_for_humans(at)', '2 years after; 2 years before'],
    [
      "at.format('YYYY YY MMMM MMM MM M DDDD DD D dddd ddd E HH H hh h mm m ss s SSS SSSSSS A Z ZZ Q X [at] x')",
      '2026 26 May May 05 5 151 31 31 Sunday Sun 7 21 21 09 9 05 5 09 9 070 070000 PM +00:00 +0000 2 1780261509 at x',
    ],
    ['span.days ~ " " ~ span.seconds ~ " " ~ span.total_seconds() ~ " " ~ span', '1 7384 93784.005 PT93784.005S'],
    [
      'macros.timedelta(1, 2) * 2 == macros.timedelta(days=2, seconds=4) and 2 * macros.timedelta(1) == macros.timedelta(2)',
      'true',
    ],
    ['macros.timedelta(2) - macros.timedelta(hours=1) == macros.timedelta(1) + macros.timedelta(hours=23)', 'true'],
    [
      'macros.timedelta(1) + sunday == sunday + macros.timedelta(1) and sunday - macros.timedelta(1) == sunday.subtract(days=1)',
      'true',
    ],
    ['macros.dateutil.relativedelta.relativedelta(months=1) + sunday', '2024-02-07T00:00:00+00:00'],
    [
      'macros.datetime(2024, 2, 29, 1, 2, 3, 4000) ~ " " ~ macros.datetime.strptime("5/6/2024 +0200", "%d/%m/%Y %z")',
      '2024-02-29T01:02:03.004000+00:00 2024-06-05T00:00:00+02:00',
    ],
    ['[macros.datetime.now(), macros.datetime.utcnow(), macros.datetime.today()] | map("ds") | unique', '["2026-01-02"]'],
    [
      'macros.datetime.now("Asia/Tokyo").hour ~ " " ~ macros.datetime.fromtimestamp(86400) ~ " " ~ macros.datetime.fromisoformat("2026-01-02T03:04")',
      '9 1970-01-02T00:00:00+00:00 2026-01-02T03:04:00+00:00',
    ],
    [
      '["2026-01-02T03:04:05.6Z", "2026-01-02 03:04:05", "20260102T030405", "20260102", "2026-01-02T03:04:05.5"] | map("d") | list | length',
      '5',
    ],
    [
      'macros.dateutil.parser.parse("2026-01-02 03:04:05.5+0130") ~ "|" ~ macros.dateutil.parser.parse("20260102T030405")',
      '2026-01-02T03:04:05.500000+01:30|2026-01-02T03:04:05+00:00',
    ],
    [
      'macros.random() ~ " " ~ macros.time.time() ~ " " ~ macros.uuid.uuid4()',
      '0.4 1767312000 66666666-6666-4666-a666-666666666666',
    ],
    ['macros.json.dumps({a: [1]}, indent=1) ~ macros.json.dumps(none)', '{\n "a": [\n  1\n ]\n}null'],
    [
      'macros.datetime_diff_for_humans(sunday) ~ "; " ~ macros.datetime_diff_for_humans(at) ~ "; " ~ macros.datetime_diff_for_humans("2026-01-01", "2026-01-03")',
      '2 years ago; in 5 months; 2 days before',
    ],
  ]);
  fails([
    ['at.nope', 'undefined'],
    ['at[0]', 'undefined'],
    ['at.add(day=1)', 'type'],
    ['at.add(days="1")', 'type'],
    ['at.start_of("decade")', 'value'],
    ['at.replace(month=2)', 'value'],
    ['at.replace(minute=60)', 'value'],
    ['at.replace(month=13)', 'value'],
    ['at.in_timezone("Mars")', 'value'],
    ['at.diff_for_humans(5)', 'type'],
    ['at.strftime()', 'type'],
    ['at.add(years=999999)', 'value'],
    ['at + 1', 'type'],
    ['at - 1', 'type'],
    ['at < 1', 'type'],
    ['macros.datetime(2024, 2, 30)', 'value'],
    ['macros.datetime(2024)', 'type'],
    ['macros.timedelta(months=1)', 'type'],
    ['macros.dateutil.parser.parse("soon")', 'value'],
    ['macros.json.loads("{")', 'value'],
    ['macros.ds_add("9999-12-31", 1)', 'value'],
    ['macros.ds_add("0001-01-01", -1)', 'value'],
    ['macros.ds_add("2026-01-01", "1")', 'type'],
    ['macros.ds_add("2026-01-01")', 'type'],
    ['macros.ds_add("2026-01-01", 1, 2)', 'type'],
    ['macros.datetime_diff_for_humans(5)', 'type'],
  ]);
});

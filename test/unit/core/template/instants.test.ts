import { describe, expect, it } from '@jest/globals';
import { errorOf, fails, prints } from './expressions.js';

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
  prints([
    ['[at.add() == at, at.add(months=0, days=0) == at]', '[true,true]'],
    ['at.date() ~ " " ~ sunday.time() ~ " " ~ at.time()', '2026-05-31 00:00:00 21:05:09.070000'],
    [
      'sunday.to_iso8601_string() ~ " " ~ at.in_timezone("Asia/Tokyo").to_iso8601_string()',
      '2024-01-07T00:00:00Z 2026-06-01T06:05:09.070000+09:00',
    ],
    [
      'at.add(months=-5, days=-31) | ds ~ " " ~ at.add(months=13) | ds ~ " " ~ at.subtract(months=-1) | ds ~ " " ~ at.add(days=1.5)',
      '2025-11-30 2027-06-30 2026-06-30 2026-06-02T09:05:09.070000+00:00',
    ],
    [
      '[sunday.start_of("week"), sunday.end_of("week"), sunday.add(days=1).start_of("week")] | map("ds")',
      '["2024-01-01","2024-01-07","2024-01-08"]',
    ],
    [
      '[at.end_of("second"), at.end_of("minute"), at.end_of("day")] | join("|")',
      '2026-05-31T21:05:09.999000+00:00|2026-05-31T21:05:59.999000+00:00|2026-05-31T23:59:59.999000+00:00',
    ],
    [
      'macros.datetime(2024, 2, 10).end_of("month") | ds ~ " " ~ macros.datetime(2024, 12, 31).end_of("year") | ds ~ " " ~ macros.datetime(2024, 12, 31).end_of("month") | ds',
      '2024-02-29 2024-12-31 2024-12-31',
    ],
    [
      'macros.datetime(1969, 12, 31, 23, 59, 58).start_of("minute") ~ " " ~ macros.datetime(1969, 12, 31).int_timestamp',
      '1969-12-31T23:59:00+00:00 -86400',
    ],
    [
      '[macros.datetime(2024, 2, 1).days_in_month, macros.datetime(2023, 2, 1).days_in_month, macros.datetime(2024, 12, 1).days_in_month, macros.datetime(2024, 4, 1).days_in_month]',
      '[29,28,31,30]',
    ],
    [
      '[macros.datetime(2024, 1, 1).quarter, macros.datetime(2024, 3, 31).quarter, macros.datetime(2024, 4, 1).quarter, macros.datetime(2024, 12, 1).quarter]',
      '[1,1,2,4]',
    ],
    [
      'at.replace(hour=0) ~ " " ~ at.replace(microsecond=0).time() ~ " " ~ at.replace(2024, 1, 2, 3, 4, 5, 6000) ~ " " ~ at.replace(minute=0).minute',
      '2026-05-31T00:05:09.070000+00:00 21:05:09 2024-01-02T03:04:05.006000+00:00 0',
    ],
    [
      'macros.datetime(1, 1, 1) ~ " " ~ macros.datetime(9999, 12, 31, 23, 59, 59, 999000) ~ " " ~ macros.datetime(2024, 1, 1, hour=5, microsecond=1000).time()',
      '0001-01-01T00:00:00+00:00 9999-12-31T23:59:59.999000+00:00 05:00:00.001000',
    ],
    ['macros.datetime(24, 3, 1).day_of_year ~ " " ~ macros.datetime(23, 3, 1).day_of_year', '61 60'],
    ['at.diff_for_humans(at) ~ "; " ~ at.diff_for_humans(other=sunday)', 'a few seconds before; 2 years after'],
    ["at.format('DDDD DDD d SS S SSSS') ~ sunday.format(' DDDD DDD d E h A')", '151 151 0 07 0 0700 007 7 0 7 12 AM'],
    [
      "at.format('[YYYY] [] SSSSSSS x-YYYY[-]MM') ~ ' ' ~ at.in_timezone('Asia/Kolkata').format('Z ZZ X')",
      'YYYY  SSSSSSS x-2026-05 +05:30 +0530 1780261509',
    ],
    [
      '[macros.timedelta(days=-1, seconds=5).days, macros.timedelta(days=-1, seconds=5).seconds, macros.timedelta(seconds=-1).days, macros.timedelta(seconds=-1).seconds]',
      '[-1,5,-1,86399]',
    ],
    [
      '[macros.timedelta(milliseconds=-1).seconds, macros.timedelta(days=1, hours=2).seconds, macros.timedelta(days=1).seconds, macros.timedelta(0).days]',
      '[86399,7200,0,0]',
    ],
    [
      'macros.timedelta(1, 2, 3, 4, 5, 6, 7).total_seconds() ~ " " ~ (-macros.timedelta(days=1)).total_seconds()',
      '4341902.004003 -86400',
    ],
    [
      'macros.dateutil.relativedelta.relativedelta(years=1, months=2, days=3) ~ " " ~ (macros.dateutil.relativedelta.relativedelta(months=2) * 3) ~ " " ~ 2 * macros.timedelta(1)',
      'P14MT259200S P6MT0S PT172800S',
    ],
    [
      '[macros.dateutil.relativedelta.relativedelta(months=2, days=1) + macros.timedelta(1), macros.dateutil.relativedelta.relativedelta(months=2, days=1) - macros.dateutil.relativedelta.relativedelta(months=1)]',
      '["P2MT172800S","P1MT86400S"]',
    ],
    [
      '(sunday + macros.dateutil.relativedelta.relativedelta(months=1)) | ds ~ " " ~ (sunday - macros.dateutil.relativedelta.relativedelta(months=1, days=1)) | ds',
      '2024-02-07 2023-12-06',
    ],
    ['(sunday - at).total_seconds() ~ " " ~ (at - at).total_seconds()', '-75675909.07 0'],
    ['macros.dateutil.relativedelta.relativedelta(months=1) == macros.dateutil.relativedelta.relativedelta(months=1)', 'true'],
    [
      '[macros.datetime(2024, 1, 1) < macros.datetime(2024, 1, 2), macros.datetime(2024, 1, 1) <= macros.datetime(2024, 1, 1)]',
      '[true,true]',
    ],
    [
      "[macros.dateutil.parser.parse('2026-01-02T03:04+01:00'), macros.dateutil.parser.parse('20260102T030405Z'), macros.dateutil.parser.parse(' 2026-01-02 '), macros.datetime.fromisoformat('2026-01-02 03:04:05')]",
      '["2026-01-02T03:04:00+01:00","2026-01-02T03:04:05+00:00","2026-01-02T00:00:00+00:00","2026-01-02T03:04:05+00:00"]',
    ],
    [
      'macros.datetime.fromtimestamp(1.5) ~ " " ~ macros.datetime.fromtimestamp(-1)',
      '1970-01-01T00:00:01.500000+00:00 1969-12-31T23:59:59+00:00',
    ],
    ['macros.datetime.utcnow(none) | ds ~ macros.datetime.today("Asia/Tokyo")', '2026-01-022026-01-02T09:00:00+09:00'],
    [
      'macros.ds_add("2024-02-28", 1) ~ macros.ds_add("2024-03-01", -1) ~ macros.ds_add("9999-12-30", 1) ~ macros.ds_add("0001-01-02", -1) ~ macros.ds_add(ds="2024-01-01", days=0)',
      '2024-02-292024-02-299999-12-310001-01-012024-01-01',
    ],
    [
      'macros.datetime_diff_for_humans(at, at) ~ "; " ~ macros.datetime_diff_for_humans(dt=at, since_date=none) ~ "; " ~ macros.datetime_diff_for_humans("2026-01-02")',
      'a few seconds before; in 5 months; a few seconds ago',
    ],
    ['macros.json.loads("[1, {\\"a\\": null}]") ~ macros.json.loads(s="5")', '[1,{"a":null}]5'],
    [
      'macros ~ macros.time ~ macros.uuid ~ macros.json ~ macros.dateutil ~ macros.dateutil.parser',
      'macrosmacros.timemacros.uuidmacros.jsonmacros.dateutilmacros.dateutil.parser',
    ],
  ]);
  prints([
    ['macros.datetime.fromtimestamp(8640000000000).int_timestamp', '8640000000000'],
    ['macros.dateutil.parser.parse("20260102 030405")', '2026-01-02T03:04:05+00:00'],
  ]);
  describe('mistakes', () => {
    fails([
      ['at.replace(day=32)', 'value', 'there is no such date: 2026-5-32-21-5-9-70000'],
      ['at.replace(month=2)', 'value'],
      ['at.replace(month=0)', 'value'],
      ['at.replace(hour=24)', 'value'],
      ['at.replace(second=-1)', 'value'],
      ['at.replace(microsecond=1000000)', 'value'],
      ['at.replace(year=0)', 'value'],
      ['at.replace(year=10000)', 'value'],
      ['at.replace(day=1.5)', 'type'],
      ['macros.datetime(2023, 2, 29)', 'value'],
      ['macros.datetime(2023, 1, 366)', 'value'],
      ['macros.datetime(2024, 1, 1, 24)', 'value'],
      ['macros.datetime(2024, 1, 1, 0, 60)', 'value'],
      ['macros.datetime(2024, 1, 1, 0, 0, 60)', 'value'],
      ['macros.datetime(2024, 1, 1, 0, 0, 0, 1000000)', 'value'],
      ['macros.datetime(2024, 1)', 'type', 'datetime needs a number as its argument "day", got nothing'],
      ['at.start_of("decade")', 'value', '"decade" is no unit; there are year, month, week, day, hour, minute, second'],
      ['at.start_of("millisecond")', 'value'],
      ['at.end_of()', 'type', 'end_of needs a text as its argument "unit", got nothing'],
      ['at.isoformat(1)', 'type', 'isoformat takes at most 0 arguments, got 1'],
      ['at.add(day=1)', 'type'],
      ['at.add(1000000)', 'value', 'this date is out of range'],
      ['at.in_timezone("Mars")', 'value', '"Mars" is no time zone'],
      ['at.in_tz()', 'type'],
      ['at.diff_for_humans()', 'type', 'diff_for_humans needs the other instant'],
      ['at.diff_for_humans(span)', 'type', 'diff_for_humans needs the other instant'],
      ['at.strftime(5)', 'type', 'strftime needs a text as its argument "format", got 5'],
      ['span.nope', 'undefined', '"span" has no "nope"'],
      ['span.days()', 'type', '"span.days" is no function'],
      ['macros.timedelta("1")', 'type', 'timedelta needs a number as its argument "days", got a text'],
      ['macros.datetime_diff_for_humans(none)', 'type', 'this needs an instant, got null'],
      ['macros.datetime_diff_for_humans(at, 5)', 'type', 'this needs an instant, got a number'],
      ['macros.dateutil.parser.parse("x2026-01-02 03:04:05")', 'value', '"x2026-01-02 03:04:05" is no date in ISO 8601'],
      ['macros.dateutil.parser.parse("2026-02-30")', 'value', '"2026-02-30" is no date in ISO 8601'],
      ['macros.ds_add("9999-12-31", 1)', 'overflow', 'this date is out of range: years are 1 to 9999'],
      ['macros.ds_add("0001-01-01", -1)', 'overflow', 'this date is out of range: years are 1 to 9999'],
      ['macros.datetime.fromtimestamp(8640000000001)', 'value', 'this date is out of range'],
      ['macros.datetime.now(1, 2)', 'type'],
      ['macros.random(1)', 'type', 'random takes at most 0 arguments, got 1'],
      ['macros.time.time(1)', 'type', 'time takes at most 0 arguments, got 1'],
      ['macros.uuid.uuid4(1)', 'type', 'uuid4 takes at most 0 arguments, got 1'],
      ['macros.json.loads(5)', 'type'],
      ['macros.nope', 'undefined', '"macros" has no "nope"'],
    ]);
    it.each([
      ['at.yaer', 'year'],
      ['at.strftme("%Y")', 'strftime'],
      ['span.day', 'days'],
      ['macros.datetime.noww()', 'now'],
      ['[1].indx(1)', 'index'],
      ["'a'.uper()", 'upper'],
      ['rows[0].dep', null],
      ['{deep: 1}.dep', 'deep'],
      ['no.dep', null],
      ['teext', 'text'],
      ['[1][5]', null],
    ])('%s names what was meant', (expression, suggestion) => {
      expect(errorOf(`{{ ${expression} }}`).suggestion).toBe(suggestion);
    });
  });
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
    ['macros.ds_add("9999-12-31", 1)', 'overflow'],
    ['macros.ds_add("0001-01-01", -1)', 'overflow'],
    ['macros.ds_add("2026-01-01", "1")', 'type'],
    ['macros.ds_add("2026-01-01")', 'type'],
    ['macros.ds_add("2026-01-01", 1, 2)', 'type'],
    ['macros.datetime_diff_for_humans(5)', 'type'],
  ]);
});

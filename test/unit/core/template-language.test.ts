/** The parts of templates one by one: methods, filters with their options, operators, tests, formats of dates. Answers are Python's and Jinja's. */
import { describe, expect, it } from '@jest/globals';
import { parseTemplate } from '../../../src/core/template/parse-template.js';
import { renderTemplate } from '../../../src/core/template/render-template.js';
import { dsAdd, dsFormat, datetimeDiffForHumans } from '../../../src/core/template/macros.js';
import { Moment } from '../../../src/core/template/moment.js';
import { TemplateError } from '../../../src/core/template/template-error.js';
import { TimeSpan } from '../../../src/core/template/time-span.js';
import { asTemplateValue } from '../../../src/core/template/values.js';
import { createMacros } from '../../../src/core/template/macros.js';

const RANDOM = 0.4;
const VALUES: Readonly<Record<string, unknown>> = {
  at: new Moment(Date.UTC(2026, 4, 31, 21, 5, 9, 70), 0),
  sunday: new Moment(Date.UTC(2024, 0, 7), 0),
  span: new TimeSpan(0, 93_784_005),
  macros: createMacros({ now: () => Date.UTC(2026, 0, 2), random: () => RANDOM }),
  ...(asTemplateValue({
    big: 10n,
    set: new Set([1, 2]),
    date: new Date(0),
    rows: [
      { n: 'b', v: 2, in: { deep: [7] } },
      { n: 'A', v: 1, in: { deep: [8] } },
      { n: 'b', v: 3, in: { deep: [9] } },
    ],
    text: 'One two',
    no: null,
  }) as object),
};
const names = Object.fromEntries(Object.entries(VALUES).map(([name, value]) => [name, (): unknown => value]));
const render = (template: string): string => renderTemplate(parseTemplate(template), { names, random: () => RANDOM });
const kindOf = (template: string): string => {
  try {
    return `no error: ${render(template)}`;
  } catch (error) {
    if (error instanceof TemplateError) return error.kind;
    throw error;
  }
};

/** `[expression, what it prints]` */
type Row = readonly [string, string];
const prints = (rows: readonly Row[]): void => {
  it.each(rows)('%s', (expression, expected) => expect(render(`{{ ${expression} }}`)).toBe(expected));
};
const fails = (rows: readonly Row[]): void => {
  it.each(rows)('%s is an error', (expression, kind) => expect(kindOf(`{{ ${expression} }}`)).toBe(kind));
};

describe('methods of texts', () => {
  prints([
    ["'aB'.upper() ~ 'aB'.lower() ~ 'aB c'.title() ~ 'aB c'.capitalize()", 'ABabAb CAb c'],
    ["'[' ~ '  x '.strip() ~ '][' ~ '  x '.lstrip() ~ '][' ~ ' x  '.rstrip() ~ ']'", '[x][x ][ x]'],
    ["'xxaxx'.strip('x') ~ 'xyax'.lstrip('yx') ~ 'axy'.rstrip('xy') ~ '[' ~ 'xx'.strip('x') ~ ']'", 'aaxa[]'],
    [
      "'a,b,c'.split(',') ~ 'a,b,c'.split(',', 1) ~ ' a  b '.split() ~ ' a b  c'.split(none, 1)",
      '["a","b","c"]["a","b,c"]["a","b"]["a","b c"]',
    ],
    ["'a,b'.split(',', 5) ~ 'a,b'.split(',', 0)", '["a","b"]["a,b"]'],
    ["'a\\nb\\n'.splitlines()", '["a","b"]'],
    ["'aaa'.replace('a', 'b') ~ 'aaa'.replace('a', 'b', 2) ~ 'aaa'.replace('x', 'y') ~ 'ab'.replace('', '-')", 'bbbbbaaaa-a-b-'],
    ["'abc'.startswith('ab') ~ 'abc'.endswith('ab') ~ 'abc'.startsWith('b') ~ 'abc'.endsWith('bc')", 'truefalsefalsetrue'],
    [
      "'abab'.find('b') ~ 'abab'.rfind('b') ~ 'abab'.find('x') ~ 'abab'.count('ab') ~ 'abab'.indexOf('b') ~ 'abab'.lastIndexOf('a')",
      '13-1212',
    ],
    ["'-'.join(['a', 1, true])", 'a-1-true'],
    ["'7'.zfill(3) ~ ' ' ~ '-7'.zfill(3) ~ ' ' ~ '+7'.zfill(4) ~ ' ' ~ '777'.zfill(2)", '007 -07 +007 777'],
    ["'a'.ljust(3, '.') ~ 'a'.rjust(3, '.') ~ 'a'.center(4, '.') ~ 'a'.padStart(3, '*') ~ 'a'.padEnd(2, '*')", 'a....a.a..**aa*'],
    [
      "'abc'.removeprefix('a') ~ 'abc'.removeprefix('x') ~ 'abc'.removesuffix('c') ~ 'abc'.removesuffix('x') ~ 'abc'.removesuffix('')",
      'bcabcababcabc',
    ],
    ["'12'.isdigit() ~ '1a'.isdigit() ~ ''.isdigit()", 'truefalsefalse'],
    ["'aB'.toUpperCase() ~ 'aB'.toLowerCase() ~ ' a '.trim() ~ '[' ~ ' a'.trimStart() ~ '|' ~ 'a '.trimEnd() ~ ']'", 'ABaba[a|a]'],
    [
      "'abcd'.slice(1, 3) ~ 'abcd'.slice(-2) ~ 'abcd'.substring(2, 0) ~ 'abc'.includes('bc') ~ 'abc'.length ~ 'abc'[1] ~ 'abc'[-1]",
      'bccdabtrue3bc',
    ],
  ]);
  fails([
    ["'a'.upper(1)", 'type'],
    ["'a'.nope()", 'undefined'],
    ["'a'[5]", 'undefined'],
    ["'a'[0.5]", 'undefined'],
    ["'a'.join('b')", 'type'],
    ["'a'.join(iterable=1)", 'type'],
    ["'a'.zfill('b')", 'type'],
    ["'a'.zfill(1.5)", 'type'],
    ["'a'.replace('a')", 'type'],
    ["'a'.replace('a', new='b', old='c')", 'type'],
    ["'a'.replace(x=1)", 'type'],
    ["'a'.ljust(9999999)", 'limit'],
  ]);
});

describe('lists and objects', () => {
  prints([
    [
      '[3, 1].index(1) ~ [1, 1].count(1) ~ [1].includes(1) ~ [1].includes(2) ~ [1, 2].indexOf(2) ~ [1].indexOf(5) ~ [1, 2].length',
      '12truefalse1-12',
    ],
    ["[1, 2].join() ~ ' ' ~ [1, none].join('+')", '1,2 1+null'],
    ["[1, 2][0] ~ [1, 2][-1] ~ rows[1]['n'] ~ rows[0].in.deep[0]", '12A7'],
    [
      '[1, 2, 3, 4][1:3] ~ [1, 2, 3, 4][:-1] ~ [1, 2, 3, 4][::2] ~ [1, 2, 3, 4][3:0:-2] ~ [1, 2][5:] ~ [1, 2][-9:1]',
      '[2,3][1,2,3][1,3][4,2][][1]',
    ],
    ["'abcd'[1:] ~ 'abcd'[::-1] ~ 'abcd'[-3:-1] ~ 'abcd'[1:3:none] ~ 'abcd'[2::-1]", 'bcddcbabcbccba'],
    [
      "{'a': 1, b: 2}.keys() ~ {a: 1}.values() ~ {a: 1}.items() ~ {a: 1}.get('a') ~ {a: 1}.get('b') ~ {a: 1}.get('b', 0)",
      '["a","b"][1][["a",1]]1null0',
    ],
    ["{keys: 1}.keys ~ {1: 2}['1']", '12'],
    ['(1, 2) ~ (1 + 1)', '[1,2]2'],
    ['big ~ set ~ date ~ no', '10[1,2]1970-01-01T00:00:00+00:00null'],
    ['[at, big, [none, true]] ', '["2026-05-31T21:05:09.070000+00:00","10",[null,true]]'],
  ]);
  fails([
    ['[1].index(5)', 'value'],
    ['[1][3]', 'undefined'],
    ['{a: 1}.b', 'undefined'],
    ["{a: 1}['toString']", 'undefined'],
    ['[1][none:none:0]', 'value'],
    ["[1]['a':]", 'type'],
    ['5[1:]', 'type'],
    ['5.real', 'syntax'],
    ['{a: 1}[none]', 'undefined'],
    ['no.x', 'undefined'],
    ['[1, nope]', 'undefined'],
  ]);
});

describe('operators', () => {
  prints([
    [
      '1 + 2 * 3 ~ " " ~ 7 / 2 ~ " " ~ 7 // 2 ~ " " ~ -7 // 2 ~ " " ~ 7 % 3 ~ " " ~ -7 % 3 ~ " " ~ 7 % -3 ~ " " ~ 2 ** 3',
      '7 3.5 3 -4 1 2 -2 8',
    ],
    ["'a' + 'b' ~ [1] + [2] ~ 'ab' * 2 ~ 'ab' * 0 ~ 'a' * -1", 'ab[1,2]abab'],
    [
      '1 == 1.0 and "1" != 1 and [1, {a: 2}] == [1, {a: 2}] and {a: 1} != {b: 1} and {a: 1} != {a: 1, b: 2} and [1] != [1, 2]',
      'true',
    ],
    [
      'at == at.add(days=0) and at != sunday and macros.timedelta(days=1) == macros.timedelta(hours=24) and macros.timedelta(1) != macros.timedelta(2)',
      'true',
    ],
    [
      '[1 < 2, 2 <= 2, 3 > 4, 3 >= 4, "a" < "b", "b" < "a", "a" <= "a", false < true]',
      '[true,true,false,false,true,false,true,true]',
    ],
    [
      '[sunday < at, macros.timedelta(1) < macros.timedelta(2), [1, 2] < [1, 3], [1] < [1, 0], [2] < [1, 5], [1] < [1]]',
      '[true,true,true,true,false,false]',
    ],
    ['[1 < 2 < 3, 1 < 3 < 2, 3 > 2 == 2]', '[true,false,true]'],
    [
      '[1 in [1, 2], 5 in [1, 2], "b" in "abc", "a" in {a: 1}, "b" in {a: 1}, "ds_add" in macros, 3 not in [1]]',
      '[true,false,true,true,false,true,true]',
    ],
    ["'' or 0 or [] or {} or none or 'last'", 'last'],
    ["'a' and [1] and {a: 1} and 5", '5'],
    ['[0 and nope, 1 or nope]', '[0,1]'],
    ['[not [], not 1, not "", not {a: 1}, not none]', '[true,false,true,false,true]'],
    ['-3 ~ +3 ~ -span.days', '-33-1'],
    [
      "'%s|%5d|%-5d|%05d|%+d|%.2f|%x|%X|%o|%e|%%' % ['a', 42, 42, -42, 42, 1.005, 255, 255, 8, 12345]",
      'a|   42|42   |-0042|+42|1.00|ff|FF|10|1.234500e+04|%',
    ],
    ["'%s' % 'x' ~ '%.2s' % 'xyz' ~ '%r' % none ~ '%i' % 3.9 ~ '%(a)s-%(b)03d' % {a: 1, b: 2}", 'xxynull31-002'],
    ['1 if 2 else nope', '1'],
    ['nope if 0 else 2', '2'],
  ]);
  fails([
    ['1 + "a"', 'type'],
    ['[1] + 1', 'type'],
    ['1 - "a"', 'type'],
    ['"a" - "b"', 'type'],
    ['"a" / 2', 'type'],
    ['[1] * 2', 'type'],
    ['true + 1', 'type'],
    ['1 / 0', 'value'],
    ['1 // 0', 'value'],
    ['1 % 0', 'value'],
    ['10 ** 999', 'value'],
    ['1 < "a"', 'type'],
    ['none < 1', 'type'],
    ['1 in 2', 'type'],
    ['-"a"', 'type'],
    ['"%d" % "a"', 'type'],
    ['"%s %s" % ["a"]', 'type'],
    ['"%q" % 1', 'value'],
    ['1 if false', 'undefined'],
    ['nope or 1', 'undefined'],
    ['not nope', 'undefined'],
    ['nope == 1', 'undefined'],
    ['1 ~ nope', 'undefined'],
    ['nope in [1]', 'undefined'],
    ['{a: nope}', 'undefined'],
    ['5()', 'type'],
    ['range(0, 1, 0)', 'value'],
    ['range("a")', 'type'],
    ['range()', 'value'],
  ]);
});

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
      '2026-05-31|21:05:09|2026-05-31 21:05:09|2026-05-31|21:05:09',
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
    ['macros.ds_add("9999-12-31", 1)', 'overflow'],
    ['macros.ds_add("0001-01-01", -1)', 'overflow'],
    ['macros.ds_add("2026-01-01", "1")', 'type'],
    ['macros.ds_add("2026-01-01")', 'type'],
    ['macros.ds_add("2026-01-01", 1, 2)', 'type'],
    ['macros.datetime_diff_for_humans(5)', 'type'],
  ]);
});

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
  ])('%d', (other, expected) => {
    expect(datetimeDiffForHumans(other, base, 0)).toBe(`${expected} after`);
    expect(datetimeDiffForHumans(base, other, 0)).toBe(`${expected} before`);
    expect(datetimeDiffForHumans(base, null, other)).toBe(`${expected} ago`);
    expect(datetimeDiffForHumans(other, null, base)).toBe(`in ${expected}`);
  });
});

describe('filters', () => {
  prints([
    [
      "text | default('x') ~ no | default('x') ~ nope | default('x') ~ nope | default ~ '' | default('x') ~ no | default('x', true) ~ text | default('x', boolean=true)",
      'One twonullxxOne two',
    ],
    ["'xay' | trim('xy') ~ 'a1' | upper ~ 5 | upper ~ 'A' | lower ~ 'ß' | upper", 'aA15aSS'],
    ["'aaa' | replace('a', 'b', 1) ~ 'aaa' | replace('a', 'b', count=2)", 'baabba'],
    [
      "'a\\nb\\n\\nc' | indent ~ '|' ~ 'a\\n\\nb' | indent(1, true, true) ~ '|' ~ 'a\\nb' | indent('> ')",
      'a\n    b\n\n    c| a\n \n b|a\n> b',
    ],
    [
      "'one two three' | truncate(7, leeway=0) ~ '|' ~ 'one two three' | truncate(7, true, leeway=0) ~ '|' ~ 'one two three' | truncate(8) ~ '|' ~ 'onetwothree' | truncate(5, false, '~', 0)",
      'one...|one ...|one two three|onet~',
    ],
    ["'ab' | center(5) ~ '|' ~ 'abc' | center(2)", ' ab  |abc'],
    ["'a=b&c/d' | urlencode ~ ' ' ~ {a: 'x y', b: 1} | urlencode ~ ' ' ~ \"(!)\" | urlencode", 'a%3Db%26c/d a=x%20y&b=1 %28%21%29'],
    ["'%s-%s' | format(1, 'b') ~ '%(a)s' | format(a=5)", '1-b5'],
    [
      '{a: [1, none]} | tojson ~ {a: 1} | tojson(indent=2) ~ at | tojson',
      '{"a":[1,null]}{\n  "a": 1\n}"2026-05-31T21:05:09.070Z"'.replace('09.070Z', '09.070000+00:00'),
    ],
    ["'x' | escape ~ \"<a href='1'>&\" | e", 'x&lt;a href=&#39;1&#39;&gt;&amp;'],
    [
      "'12' | int ~ '1.9' | int ~ 'x' | int ~ 'x' | int(7) ~ 'ff' | int(0, 16) ~ true | int ~ -1.9 | int ~ none | int",
      '1210725510-10'.replace('725510-10', '72551-10'),
    ],
    ["'1.5' | float ~ 'x' | float ~ 'x' | float(2.5) ~ '' | float", '1.502.50'],
    [
      "2.5 | round ~ 2.45 | round(1) ~ 2.41 | round(1, 'ceil') ~ 2.49 | round(1, 'floor') ~ 1234 | round(-2) ~ -2.6 | round",
      '32.52.52.41200-3',
    ],
    ["-2 | abs ~ 'a b  c' | wordcount ~ '' | wordcount", '230'],
    ["'abc' | length ~ [1] | length ~ {a: 1, b: 2} | count", '312'],
    ["'abc' | first ~ 'abc' | last ~ [1, 2] | first ~ {a: 1} | first", 'ac1a'],
    ["'ab' | list ~ {a: 1} | list ~ [2, 1] | reverse ~ 'ab' | reverse", '["a","b"]["a"][1,2]ba'],
    ["[1, 2] | join ~ [1, 2] | join(', ') ~ rows | join('', attribute='n') ~ rows | join('-', 'v')", '121, 2bAb2-1-3'],
    [
      "['b', 'A', 'c'] | sort ~ ['b', 'A'] | sort(case_sensitive=true) ~ [1, 3, 2] | sort(reverse=true) ~ [1, 3, 2] | sort(true)",
      '["A","b","c"]["A","b"][3,2,1][3,2,1]',
    ],
    [
      "rows | sort(attribute='v') | join(attribute='v') ~ rows | sort(attribute='in.deep.0', reverse=true) | join(attribute='v')",
      '123312',
    ],
    [
      "['a', 'A', 'b'] | unique ~ ['a', 'A'] | unique(true) ~ rows | unique(attribute='n') | join(attribute='v')",
      '["a","b"]["a","A"]21',
    ],
    ["[2, 1] | min ~ [2, 1] | max ~ ['B', 'a'] | min ~ ['B', 'a'] | min(true) ~ (rows | max(attribute='v')).v", '12aB3'],
    ["[1, 2] | sum ~ [] | sum ~ [1] | sum(start=5) ~ rows | sum('v')", '3066'],
    [
      "['a'] | map('upper') ~ rows | map(attribute='v') ~ rows | map(attribute='nope', default=0) ~ ['a b'] | map('replace', ' ', '-')",
      '["A"][2,1,3][0,0,0]["a-b"]',
    ],
    [
      "[0, 1, 2] | select ~ [0, 1, 2] | select('even') ~ [1, 5] | select('gt', 2) ~ [0, 1] | reject ~ [1, 2] | reject('eq', 1)",
      '[1,2][0,2][5][0][2]',
    ],
    [
      "rows | selectattr('v', 'ge', 2) | join(attribute='v') ~ rows | rejectattr('v', 'ge', 2) | join(attribute='v') ~ rows | selectattr('v') | length",
      '2313',
    ],
    [
      "{b: 1, A: 2} | dictsort ~ {b: 1, A: 2} | dictsort(true) ~ {a: 2, b: 1} | dictsort(by='value') ~ {a: 1, b: 2} | dictsort(reverse=true)",
      '[["A",2],["b",1]][["A",2],["b",1]][["b",1],["a",2]][["b",2],["a",1]]',
    ],
    ['[1, 2, 3] | batch(2) ~ [1, 2, 3] | batch(2, 0) ~ [1, 2] | batch(2, 0) ~ [] | batch(2)', '[[1,2],[3]][[1,2],[3,0]][[1,2]][]'],
    ["rows | groupby('n') | map('first') ~ (rows | groupby('n'))[1][1] | length ~ {a: 1} | items", '["A","b"]2[["a",1]]'],
    ["['a', 'b', 'c'] | random ~ 'x' | safe ~ 1 | string", 'bx1'],
    [
      "no | ds ~ sunday | ds_nodash ~ sunday | ts_nodash_with_tz ~ at.in_timezone('Asia/Tokyo') | ts_nodash",
      'null2024010720240107T000000+000020260601T060509',
    ],
  ]);
  fails([
    ['[] | upper', 'type'],
    ['none | lower', 'type'],
    ["'a' | upper(1)", 'type'],
    ["'a' | replace('a')", 'type'],
    ["'a' | indent(9999999)", 'limit'],
    ['5 | length', 'type'],
    ['none | first', 'type'],
    ['[] | first', 'undefined'],
    ['[] | random', 'undefined'],
    ['[] | min', 'undefined'],
    ["[1, 'a'] | sort", 'type'],
    ["[1, 'a'] | sum", 'type'],
    ["rows | sum(attribute='n')", 'type'],
    ["rows | map(attribute='nope')", 'undefined'],
    ['[1] | map', 'type'],
    ["[1] | map('nope')", 'name'],
    ["[1] | select('nope')", 'name'],
    ['rows | selectattr', 'type'],
    ["rows | sort(attribute='nope')", 'undefined'],
    ['[1] | batch(0)', 'value'],
    ['[1] | items', 'type'],
    ['[1] | dictsort', 'type'],
    ["'a' | abs", 'type'],
    ["'a' | round", 'type'],
    ["1 | round(1, 'up')", 'value'],
    ['1 | round(99)', 'value'],
    ["'a' | ds", 'type'],
    ['at | ds(1)', 'type'],
    ["rows[0] | attr('nope')", 'undefined'],
    ['nope | upper', 'undefined'],
    ["'a' | default(boolean=5, default_value=1)", 'type'],
  ]);
});

describe('tests', () => {
  const holds = (rows: readonly Row[]): void =>
    it.each(rows)('%s', (expression, expected) => expect(render(`{{ ${expression} }}`)).toBe(expected)) as unknown as void;
  holds([
    ['[text is defined, nope is defined, nope is undefined, nope is not defined, no is defined]', '[true,false,true,true,true]'],
    [
      '[no is none, 0 is none, no is null, true is true, false is true, false is false, 0 is false]',
      '[true,false,true,true,false,true,false]',
    ],
    [
      '[true is boolean, 1 is boolean, "" is string, 1 is string, 1 is number, "1" is number, 1 is integer, 1.5 is integer, 1.5 is float, 1 is float]',
      '[true,false,true,false,true,false,true,false,true,false]',
    ],
    [
      '[{} is mapping, [] is mapping, at is mapping, [] is sequence, "" is sequence, {} is sequence, {} is iterable, 1 is iterable]',
      '[true,false,false,true,true,false,true,false]',
    ],
    ['[range is callable, macros.ds_add is callable, text is callable]', '[true,true,false]'],
    ['["a" is lower, "A" is lower, "A" is upper, 1 is upper, 1 is lower]', '[true,false,true,false,false]'],
    [
      '[3 is odd, -3 is odd, 2 is odd, 2 is even, 3 is even, 9 is divisibleby(3), 9 is divisibleby(2)]',
      '[true,true,false,true,false,true,false]',
    ],
    [
      '[1 is eq(1), 1 is equalto(2), 1 is sameas(1), 1 is ne(2), 1 is lt(2), 1 is lessthan(1), 1 is le(1), 2 is gt(1), 2 is greaterthan(2), 2 is ge(2)]',
      '[true,false,true,true,true,false,true,true,false,true]',
    ],
    ['[nope is none, nope is string, nope is number, nope is mapping]', '[false,false,false,false]'],
  ]);
  fails([
    ['"a" is odd', 'type'],
    ['1 is defined(2)', 'type'],
    ['1 is lt("a")', 'type'],
  ]);
});

describe('statements', () => {
  it.each([
    [
      '{% for x in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}',
      '1032truefalse3 2121falsefalse3 3210falsetrue3 ',
    ],
    [
      '{% for x in "ab" %}{{ loop.cycle("-", "+") }}{{ loop.previtem | default("^") }}{{ loop.nextitem | default("$") }}{% endfor %}',
      '-^b+a$',
    ],
    ['{% for x in {a: 1, b: 2} %}{{ x }}{% endfor %}{% for a, b in [[1, 2], [3, 4]] %}{{ a + b }}{% endfor %}', 'ab37'],
    [
      '{% for x in [] %}x{% else %}none{% endfor %}{% for x in [[1, [2]]] %}{% for y in x %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}',
      'none121',
    ],
    ['{% set a, b = 5 %}', 'type'],
    ['{% for a, b in [[1]] %}{% endfor %}', 'type'],
    ['{% for a in 5 %}{% endfor %}', 'type'],
    ['{% if 0 %}a{% elif "" %}b{% elif [1] %}c{% else %}d{% endif %}', 'c'],
    ['{% if 1 %}{% set x = 1 %}{% endif %}{{ x }}', '1'],
    ['{% set text = "mine" %}{{ text }}', 'mine'],
    ['{% for y in [1] %}{% set x = 1 %}{% endfor %}{{ x }}', 'undefined'],
    ['{% macro f(a, b=2, c=b) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }}|{{ f(1, 3) }}|{{ f(b=5, a=0) }}', '122|133|055'],
    ['{% macro f(a) %}{% endmacro %}{{ f() }}', 'undefined'],
    ['{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}', 'type'],
    ['{% macro f(a) %}{% endmacro %}{{ f(a=1, z=2) }}', 'type'],
    ['{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}in{% endcall %}', '[in]'],
    ['{% macro each() %}{{ caller(1) }}{{ caller(2) }}{% endmacro %}{% call(n) each() %}<{{ n }}>{% endcall %}', '<1><2>'],
    ['{% filter replace("a", "b") %}aXa{% endfilter %}{% set t %}<{{ 1 }}>{% endset %}{{ t }}', 'bXb<1>'],
    ['a {%- if 1 -%} b {%- endif -%} c {{- 1 -}} d {#- x -#} e', 'abc1de'],
    ['{% raw %}{{ x }}{% if %}{% endraw %}', '{{ x }}{% if %}'],
    ['', ''],
    ['{{ "a" }}{{ \'b\' }}{{ "q\\"q" }}', 'abq"q'],
  ])('%s', (template, expected) => {
    const got = ['type', 'undefined'].includes(expected) ? kindOf(template) : render(template);
    expect(got).toBe(expected);
  });

  it.each([
    ['{% extends "x" %}', '1:4'],
    ['{% import "x" as y %}', '1:4'],
    ['{% from "x" import y %}', '1:4'],
    ['{% block x %}{% endblock %}', '1:4'],
    ['{% switch 1 %}{% case 1 %}{% endswitch %}', '1:4'],
    ['{% asyncEach x in y %}{% endeach %}', '1:4'],
    ['a\n{% ifAsync x %}{% endif %}', '2:4'],
    ['{% for x in y %}', '1:1'],
    ['{{ (1 }}', '1:4'],
    ['{{ 1 2 }}', '1:6'],
    ['{{ a[] }}', '1:5'],
    ['{{ a[1:2:3:4] }}', '1:5'],
    ['{{ a. }}', '1:5'],
    ['{% set 1 = 2 %}', '1:8'],
    ['{% endif %}', '1:4'],
    ['x #} y', '1:1'],
    ['{{ "abc }}', '1:1'],
    ['{{ f(1 }}', '1:8'],
    ['{% if x }}', '1:1'],
  ])('%s is no template', (template, place) => {
    const error = ((): TemplateError => {
      try {
        parseTemplate(template);
      } catch (thrown) {
        return thrown as TemplateError;
      }
      throw new Error('it was taken');
    })();
    expect(error).toBeInstanceOf(TemplateError);
    expect([error.kind, `${error.place?.line}:${error.place?.column}`]).toEqual(['syntax', place]);
  });
});

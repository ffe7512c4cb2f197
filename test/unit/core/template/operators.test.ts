import { describe } from '@jest/globals';
import { fails, prints } from './expressions.js';

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

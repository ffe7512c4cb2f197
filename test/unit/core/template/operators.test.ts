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
  prints([
    // Operators of one rank go from left to right.
    ['[2 * 7 // 2, 7 // 2 * 2, 2 * 3 % 4, 7 % 4 * 2, 100 // 7 % 5, 8 / 2 / 2, 2 * -3]', '[7,6,2,6,4,2,-6]'],
    ['[10 + 2 - 3 + 4, 10 - 2 + 3, 1 - 2 - 3, 2 + 3 * 4 - 1]', '[13,11,-4,13]'],
    ['(at + macros.timedelta(days=1) - sunday).days', '876'],
    ['[1.5 + 1, 7.5 % 2, -7.5 // 2, 2 ** -1, 0 ** 0, 0 / 5, 0 // 5, 0 % 5]', '[2.5,1.5,-4,0.5,1,0,0,0]'],
    ["1 ~ none ~ true ~ [1] ~ {a: 'b'}", '1nulltrue[1]{"a":"b"}'],
    ['[2 > 2, 2 >= 2, 3 >= 2, 1 >= 2, 2 > 1, 2 <= 1, 1 <= 2, 2 < 2]', '[false,true,true,false,true,false,true,false]'],
    ['["b" < "b", "b" <= "b", "b" > "a", "a" > "b", true > false, true < true]', '[false,true,true,false,true,false]'],
    ['[[1, 0] < [1], [1] < [1, 0], [] < [1], [1, 2] == [3, 2], [1, 2] == [1, 3]]', '[false,true,true,false,false]'],
    [
      "[['x'] == 'x', 'x' == ['x'], {} == 5, {} == [], [] == {}, 5 == {}, none == {}]",
      '[false,false,false,false,false,false,false]',
    ],
    [
      '[{a: 1, b: 2} == {a: 1, b: 3}, {a: 1, b: 2} == {a: 2, b: 2}, {a: 1} == {a: 1, b: 2}, {a: none} == {b: none}, {a: [1]} == {a: [1]}]',
      '[false,false,false,false,true]',
    ],
    ['[at == 5, 5 == at, at == "x", at == [at], at == none, [at] == [at]]', '[false,false,false,false,false,true]'],
    [
      '[at == "2026-05-31T21:05:09.070000+00:00", "2026-05-31T21:05:09.070000+00:00" == at, "2026" == at, span == "PT93784.005S"]',
      '[true,true,false,true]',
    ],
    [
      '[macros.timedelta(1) == 5, macros.timedelta(1) == macros.dateutil.relativedelta.relativedelta(months=1, days=1)]',
      '[false,false]',
    ],
    ['[at.in_timezone("Asia/Tokyo") == at, sunday > at, at >= at]', '[true,false,true]'],
    [
      '["" in "abc", "d" in "abc", at in [at], none in [none], "nope" in macros, "year" in at]',
      '[true,false,true,true,false,true]',
    ],
    ['["a" and "", "" and nope, none or 0, [] or {}, {a: 1} or nope]', '["","",0,{},{"a":1}]'],
    [
      '[macros.timedelta(0) or 1, macros.timedelta(1) and 2, macros.dateutil.relativedelta.relativedelta(months=1) and 3]',
      '[1,2,3]',
    ],
    ['[not 0.0, not false, not "a", not at, not macros.timedelta(0)]', '[true,true,false,false,true]'],
    ["'ab' * 2.9 ~ 'ab' * 1", 'ababab'],
    ['[1, 2] + [] + [[3]]', '[1,2,[3]]'],
  ]);
  describe('formats as of Python', () => {
    prints([
      ["'%.3d|%.3x|%.3X|%.4o|%+.2f|% .2f' % [5, 10, 10, 8, 1.5, 1.5]", '005|00a|00A|0010|+1.50| 1.50'],
      ["'%#x|%#X|%#o|%#d|%#08x|%-#6x|' % [255, 255, 8, 5, 255, 255]", '0xff|0XFF|0o10|5|0x0000ff|0xff  |'],
      ["'%+d|% d|%+d|% d|%-+5d|%+08d|%d' % [0, 42, -4, -4, 3, 12, -0.5]", '+0| 42|-4|-4|+3   |+0000012|0'],
      [
        "'%08.3f|%05.1f|%-8.1f|%5.1f|%F|%.0f' % [3.14159, -1.25, 2.5, 3.14159, 1.5, -0.4]",
        '0003.142|-01.2|2.5     |  3.1|1.500000|-0',
      ],
      // A tie goes to the even digit.
      ["'%.0f|%.0f|%.0f|%.1f|%.2f|%.2f' % [0.5, 1.5, 2.5, 0.25, 1.005, 0.375]", '0|2|2|0.2|1.00|0.38'],
      ["'%e|%e' % [10000000000, 0.00000000001]", '1.000000e+10|1.000000e-11'],
      ["'%e|%.2e|%e|%.0e' % [12345.678, 0.00012, 0, 1e2]".replace('1e2', '100'), '1.234568e+04|1.20e-04|0.000000e+00|1e+02'],
      ["'%5s|%-5s|%05s|%+s|%.2s|%5.1s|%r' % ['ab', 'ab', 'ab', 5, 'xyz', 'xyz', [1]]", '   ab|ab   |   ab|5|xy|    x|[1]'],
      ["'%(a)s %(a)5.1f %(b)s' % {a: 1.5, b: 'x'} ~ '%%' % [] ~ 'abc' % [] ~ 'abc' % {a: 1}", '1.5   1.5 x%abcabc'],
      ["'%i|%x|%X|%o' % [3.9, 255.9, 255.9, 8.9]", '3|ff|FF|10'],
    ]);
    fails([
      ["'%s %s' % ['a']", 'type', 'there is no value for "%s" in "%s %s"'],
      ["'%s' % ['a', 'b']", 'type', '"%s" does not use all of its values'],
      ["'abc' % 1", 'type', '"abc" does not use all of its values'],
      ["'%s' | format('a', 'b')", 'type', '"%s" does not use all of its values'],
      ["'%(b)s' % {a: 1}", 'type', 'there is no value for "%(b)s" in "%(b)s"'],
      // Nothing but its own keys is reached in an object.
      ["'%(constructor)s' % {a: 1}", 'type', 'there is no value for "%(constructor)s" in "%(constructor)s"'],
      ["'%(length)s' % 'abc'", 'type', 'there is no value for "%(length)s" in "%(length)s"'],
      ["'%(year)s' % at", 'type', 'there is no value for "%(year)s" in "%(year)s"'],
      ["'%(a)s' % none", 'type', 'there is no value for "%(a)s" in "%(a)s"'],
      ["'%f' % 'a'", 'type', '%f needs a number, got a text'],
      ["'%g' % 1", 'value', '%g is not known'],
      ["'%9999999999d' % 1", 'limit', 'a text would have more than 1000000 characters'],
      ["'%.9999999999d' % 1", 'limit', 'a text would have more than 1000000 characters'],
    ]);
  });
  describe('mistakes', () => {
    fails([
      ['text + 1', 'type', '+ cannot take a text and a number; texts are joined with ~'],
      ['1 + text', 'type', '+ cannot take a number and a text; texts are joined with ~'],
      ['1 - text', 'type', '- cannot take a number and a text'],
      ['[1] + at', 'type', '+ cannot take a list and an instant'],
      ['none * {}', 'type', '* cannot take null and an object'],
      ['true / span', 'type', '/ cannot take a boolean and a time span'],
      ['range + 1', 'type', '+ cannot take a function and a number'],
      ['big + 1', 'type', '+ cannot take a number and a number'],
      ['macros + 1', 'type', '+ cannot take an object and a number'],
      ['5 / 0', 'value', '/ by zero'],
      ['5 // 0', 'value', '// by zero'],
      ['5 % 0', 'value', '% by zero'],
      ['0 ** -1', 'value', '0 ** -1 is no number'],
      ['span + 1', 'type', '+ cannot take a time span and a number'],
      ['1 + span', 'type', '+ cannot take a number and a time span'],
      ['span - 1', 'type', '- cannot take a time span and a number'],
      ['1 - span', 'type', '- cannot take a number and a time span'],
      ['span - at', 'type', '- cannot take a time span and an instant'],
      ['at + at', 'type', '+ cannot take an instant and an instant'],
      ["span * 'a'", 'type', '* cannot take a time span and a text'],
      ["'a' * span", 'type', '* cannot take a text and a time span'],
      ["'a' * 'b'", 'type', '* cannot take a text and a text'],
      ["'a' ** 2", 'type', '** cannot take a text and a number'],
      ['[1] % 2', 'type', '% cannot take a list and a number'],
      ['span < 1', 'type', 'a time span and a number have no order'],
      ['1 < span', 'type', 'a number and a time span have no order'],
      ['at < span', 'type', 'an instant and a time span have no order'],
      ['true < 1', 'type', 'a boolean and a number have no order'],
      ['1 < true', 'type', 'a number and a boolean have no order'],
      ["[1] < 'a'", 'type', 'a list and a text have no order'],
      ["'a' < [1]", 'type', 'a text and a list have no order'],
      ['[1] < [none]', 'type', 'a number and null have no order'],
      ['{} < {}', 'type', 'an object and an object have no order'],
      // A month has no length.
      [
        'macros.timedelta(1) < macros.dateutil.relativedelta.relativedelta(months=1)',
        'type',
        'a time span and a time span have no order',
      ],
      ['1 in "a"', 'type', 'a number cannot be in a text'],
      ['1 in at', 'type', 'a number cannot be in an instant'],
      ['"a" in 5', 'type', 'a text cannot be in a number'],
      ['"a" in none', 'type', 'a text cannot be in null'],
      ['-none', 'type', '- needs a number, got null'],
      ['range(1.5)', 'type', 'range needs whole numbers, got a number'],
      ["range(1, 'a')", 'type', 'range needs whole numbers, got a text'],
      ['range(0, 1, 0)', 'value', 'range needs an end, and a step other than 0'],
    ]);
  });
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

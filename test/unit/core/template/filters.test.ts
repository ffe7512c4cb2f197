import { describe } from '@jest/globals';
import { fails, prints } from './expressions.js';

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
    ["'ab' | center(5) ~ '|' ~ 'abc' | center(2)", '  ab |abc'],
    ["'a=b&c/d' | urlencode ~ ' ' ~ {a: 'x y', b: 1} | urlencode ~ ' ' ~ \"(!)\" | urlencode", 'a%3Db%26c/d a=x+y&b=1 %28%21%29'],
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
      '22.52.52.41200-3',
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
  prints([
    [
      "['a-b', \"they're (a) [b] {c} <d\", 'aB_cD 3rd', 'É é'] | map('title')",
      '["A-B","They\'re (A) [B] {C} <D","Ab_cd 3rd","É É"]',
    ],
    ["'one two' | wordcount ~ ' ' | wordcount ~ 'a_b c-d é' | wordcount", '204'],
    [
      "'xax' | trim('x') ~ '|' ~ 'xx' | trim('x') ~ '|' ~ 'x' | trim('x') ~ '|' ~ ' a ' | trim(none) ~ '|' ~ ' a ' | trim ~ '|' ~ 'xaxbx' | trim('x')",
      'a|||a|a|axb',
    ],
    [
      "'foo bar baz' | truncate(9, leeway=0) ~ '|' ~ ' foobar' | truncate(5, leeway=0) ~ '|' ~ 'foobar' | truncate(6, leeway=0) ~ '|' ~ 'foobarxy' | truncate(3) ~ '|' ~ 'foobarxyz' | truncate(3)",
      'foo...|...|foobar|foobarxy|...',
    ],
    [
      "'foo bar baz qux' | truncate(9, end='') ~ '|' ~ 'foo bar' | truncate(2, leeway=0) ~ '|' ~ ('a' * 261) | truncate | length ~ '|' ~ ('a' * 260) | truncate | length",
      'foo bar|...|255|260',
    ],
    [
      "'a\\n\\nb' | indent(2, true) ~ '|' ~ '\\nb' | indent(2, true) ~ '|' ~ '\\nb' | indent(2, blank=true) ~ '|' ~ 'a\\nb' | indent(-1)",
      '  a\n\n  b|  \n  b|\n  b|a\nb',
    ],
    [
      "'a&b=c d/é' | urlencode ~ ' ' ~ [['a b', 'c/d'], ['é', 1]] | urlencode ~ ' ' ~ \"~!*()'-_.\" | urlencode ~ ' ' ~ 5 | urlencode ~ [] | urlencode",
      'a%26b%3Dc%20d/%C3%A9 a+b=c%2Fd&%C3%A9=1 ~%21%2A%28%29%27-_. 5',
    ],
    [
      "['x' | int(7), '0x1f' | int(base=16), '-0x1f' | int(base=16), '12' | int(5, 2), 'zz' | int(1, 36), '0o17' | int(0, 8), '-0b11' | int(0, 2), '7' | int(0, 16), 'g' | int(4, 16)]",
      '[7,31,-31,12,1295,15,-3,7,4]',
    ],
    [
      "['' | int(3), '  ' | int(3), '+5' | int, ' 5 ' | int, '12abc' | int, '0x10' | int, '1e3' | int, '.5' | int, '5.' | int, 'ff.5' | int(1, 16), 5 | int(base=2), false | int, [] | int(9), none | int]",
      '[3,3,5,5,0,0,1000,0,5,1,5,0,9,0]',
    ],
    [
      "['12.5' | float, '.55' | float, '1e12' | float, ' ff ' | int(0, 16), [5] | int(9), '0b2' | int(0, 2), '--5' | int(1), '5-' | int(1)]",
      '[12.5,0.55,1000000000000,255,9,0,1,1]',
    ],
    [
      "['1.5e1' | float, '1e-1' | float, '.5' | float, 'a1' | float, '1a' | float, '+1.5' | float, '-1.5' | float, '1E2' | float, ' 2 ' | float, '0x10' | float, true | float, '1.5.2' | float(9), 'e2' | float(9), 2 | float]",
      '[15,0.1,0.5,0,0,1.5,-1.5,100,2,0,1,9,9,2]',
    ],
    ['[0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 3.5] | map("round")', '[0,2,2,0,-2,-2,4]'],
    [
      '[2.675 | round(2), 0.15 | round(1), 0.35 | round(1), 0.125 | round(2), 0.375 | round(2), 1.005 | round(2), -0.25 | round(1)]',
      '[2.67,0.1,0.3,0.12,0.38,1,-0.2]',
    ],
    [
      '[1250 | round(-2), 1350 | round(-2), 15 | round(-1), 25 | round(-1), 123.456 | round(-1), 12345 | round(-20), 1.5 | round(20)]',
      '[1200,1400,20,20,120,0,1.5]',
    ],
    [
      "[123.456 | round(2, 'ceil'), 123.456 | round(2, 'floor'), -2.5 | round(0, 'floor'), -2.5 | round(0, 'ceil'), 5 | round(method='common')]",
      '[123.46,123.45,-3,-2,5]',
    ],
    ["'é😀' | length ~ 'é😀' | reverse ~ 'é😀' | list | length ~ {} | length ~ [] | length", '2😀é200'],
    [
      "rows | groupby('n', case_sensitive=true) | map('first') ~ ['b', 'B', 'a', 'A'] | groupby('0')",
      '["A","b"][["a",["a","A"]],["b",["b","B"]]]',
    ],
    [
      "[{k: 'b'}, {k: 'B'}, {k: 'a'}] | groupby('k') | map('last') | map('length') ~ [{k: 'b'}, {}, {k: none}] | map(attribute='k', default='z')",
      '[1,2]["b","z",null]',
    ],
    ["[{k: 'b'}, {}] | groupby('k', default='a') | map('first') ~ [2, 1, 2] | groupby", '["a","b"][[1,[1]],[2,[2,2]]]'],
    [
      "rows | map(attribute='in.deep', default=0) ~ rows | map(attribute='in.nope', default=0) ~ rows | map(attribute='in.deep.0')",
      '[[7],[8],[9]][0,0,0][7,8,9]',
    ],
    [
      "rows | selectattr('nope', 'undefined') | map(attribute='v') ~ rows | selectattr('nope', 'defined') | list ~ rows | rejectattr('in.deep', 'defined') | list",
      '[2,1,3][][]',
    ],
    [
      "[[2, 'a'], [1, 'b']] | sort(attribute=0) | map(attribute=1) ~ [[2, 'a']] | map(attribute='1') ~ [{'01a': 5, 'a1': 6}] | map(attribute='01a') ~ [{'01a': 5, 'a1': 6}] | map(attribute='a1') ~ [range(12)] | map(attribute='11')",
      '["b","a"]["a"][5][6][11]',
    ],
    [
      "['_', 'Z', 'a'] | sort ~ ['b', 'B', 'a'] | sort(reverse=true) ~ rows | sort(attribute='n', reverse=true) | map(attribute='v') ~ rows | sort(attribute='n') | map(attribute='v')",
      '["_","a","Z"]["b","B","a"][2,3,1][1,2,3]',
    ],
    [
      "['a', 'B', 'b'] | sort(case_sensitive=true) ~ ['B', 'b'] | unique ~ ['a', 'A'] | max ~ ['A', 'a'] | min ~ ['a', 'B'] | max(true)",
      '["B","a","b"]["B"]aAa',
    ],
    [
      "{b: 'Y', a: 'x'} | dictsort(by='value') ~ {b: 'Y', a: 'x'} | dictsort(true, 'value') ~ {b: 1, B: 2, a: 3} | dictsort ~ {b: 1, B: 2} | dictsort(case_sensitive=true)",
      '[["a","x"],["b","Y"]][["b","Y"],["a","x"]][["a",3],["b",1],["B",2]][["B",2],["b",1]]',
    ],
    [
      "[1, 2, 3] | batch(1) ~ [1, 2, 3, 4] | batch(2, 0) ~ [1, 2, 3] | batch(5, 'x') ~ [1] | batch(2, none) ~ [] | batch(2, 'x') ~ [1, 2, 3, 4, 5] | batch(2, 0)",
      '[[1],[2],[3]][[1,2],[3,4]][[1,2,3,"x","x"]][[1]][][[1,2],[3,4],[5,0]]',
    ],
    [
      "[1, [2, 3], none] | join(',') ~ 'abc' | join('-') ~ {a: 1, b: 2} | join ~ [] | join(',') ~ ['a'] | join(',')",
      '1,[2,3],nulla-b-caba',
    ],
    ["[1.5, 2] | sum ~ rows | sum(attribute='v', start=1) ~ [1] | sum(none, 2)", '3.573'],
    [
      "[none, 1] | select('none') ~ [none, 1] | reject('none') ~ [none, 1] | select('null') ~ ['b', 'a', 'b', 'c', 'a'] | unique",
      '[null][1][null]["b","a","c"]',
    ],
    [
      "[0, 1, none, '', 'a'] | select ~ [0, 1] | reject ~ rows | rejectattr('v') | list ~ [1, 2, 3] | select('in', [2]) ~ [1, 2] | select('lt', other=2)",
      '[1,"a"][0][][2][1]',
    ],
    [
      "[{a: 1}, 2, [3]] | tojson(0) ~ 'q' | tojson ~ none | tojson ~ [1] | tojson(none) ~ {a: [1]} | tojson(indent=1)",
      '[{"a":1},2,[3]]"q"null[1]{\n "a": [\n  1\n ]\n}',
    ],
    [
      'no | ts ~ at | ts_nodash ~ at | ts_nodash_with_tz ~ at | ds_nodash ~ at | ts',
      'null20260531T21050920260531T210509.070000+0000202605312026-05-31T21:05:09.070000+00:00',
    ],
  ]);
  describe('mistakes', () => {
    fails([
      ['[] | upper', 'type', 'the filter "upper" needs a text, got a list'],
      ['true | upper', 'type', 'the filter "upper" needs a text, got a boolean'],
      ["'a' | abs", 'type', 'the filter "abs" needs a number, got a text'],
      ['5 | length', 'type', 'a number has no elements'],
      ['at | list', 'type', 'an instant has no elements'],
      ['[1] | items', 'type', 'items needs an object, got a list'],
      ["'a' | dictsort", 'type', 'dictsort needs an object, got a text'],
      ["{a: 1} | dictsort(by='nope')", 'value', 'dictsort sorts by "key" or "value"'],
      ['[1] | batch', 'type', 'batch needs a number as its argument "linecount", got nothing'],
      ['[1] | batch(0)', 'value', 'batch needs at least one element in a line'],
      ['[[1]] | urlencode', 'type', 'urlencode needs pairs of a name and a value'],
      ['[[1, 2, 3]] | urlencode', 'type', 'urlencode needs pairs of a name and a value'],
      ["['ab'] | urlencode", 'type', 'urlencode needs pairs of a name and a value'],
      ["'é😀'[2] | urlencode", 'value', 'urlencode cannot take half of a surrogate pair'],
      ['1 | round(21)', 'value', 'the precision of round is -20 to 20'],
      ['1 | round(-21)', 'value', 'the precision of round is -20 to 20'],
      ["1 | round(1, 'up')", 'value', '"up" is no way to round; there are common, ceil and floor'],
      ["1 | round(1, 'toString')", 'value'],
      ['rows | selectattr', 'type', 'selectattr needs the name of an attribute'],
      ['rows | rejectattr(1)', 'type', 'rejectattr needs the name of an attribute'],
      ["rows | selectattr('nope')", 'undefined', 'an element has no attribute "nope"'],
      ["rows | selectattr('nope', 'eq', 1)", 'undefined', 'an element has no attribute "nope"'],
      ["[{a: 1}, {}] | map(attribute='a')", 'undefined', 'an element has no attribute "a"'],
      ['[1] | map', 'type', 'map needs the name of a filter, or attribute='],
      ["[1] | map('nope')", 'name', 'unknown filter "nope"'],
      ["[1] | map('toString')", 'name', 'unknown filter "toString"'],
      ["[1] | select('toString')", 'name', 'unknown test "toString"'],
      ["['a'] | sum", 'type', 'sum needs numbers, got a text'],
      ["'a' | ds", 'type', 'the filter "ds" needs an instant, got a text'],
      ["'a' | default(1, 2, 3)", 'type', 'default takes at most 2 arguments, got 3'],
      ["'a' | tojson('x')", 'type', 'tojson needs a number as its argument "indent", got a text'],
      ["'a' | replace('a')", 'type', 'replace needs a text as its argument "new", got nothing'],
      ['[] | first', 'undefined', 'the filter "first" has no value'],
    ]);
    fails(
      ['length', 'first', 'last', 'list', 'reverse', 'random', 'items', 'escape', 'urlencode', 'ds'].map(
        (name) => [`rows | ${name}(1)`, 'type', `${name} takes at most 0 arguments, got 1`] as const,
      ),
    );
  });
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

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

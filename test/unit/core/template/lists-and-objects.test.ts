import { describe } from '@jest/globals';
import { fails, prints } from './expressions.js';

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
  prints([
    [
      '[range(2, 5), range(0, 10, 3), range(5, 0, -2), range(3, 1), range(0), range(1), range(2, -3, -1)]',
      '[[2,3,4],[0,3,6,9],[5,3,1],[],[],[0],[2,1,0,-1,-2]]',
    ],
    [
      '[1, 2, 3][9:0:-1] ~ [1, 2, 3][2:-9:-1] ~ [1, 2, 3][-9::-1] ~ [1, 2, 3][9::-2] ~ [1, 2, 3][:9:-1] ~ [1, 2, 3][-9:9:2] ~ [][::-1]',
      '[3,2][3,2,1][][3,1][][1,3][]',
    ],
    [
      '[1, 2, 3][0::-1] ~ [1, 2, 3][:0:-1] ~ [1, 2][2:] ~ [1, 2][:2] ~ [1, 2, 3, 4, 5, 6][1:6:3] ~ [1, 2][1:1] ~ [1, 2][-1:]',
      '[1][3,2][][1,2][2,5][][2]',
    ],
    ["''[1:] ~ 'abc'[:0] ~ 'abc'[5:] ~ 'abc'[none:2] ~ 'abc'[1:none]", 'abbc'],
    ['[3, 1, 1].index(1) ~ [3].index(3) ~ [3, 1, 1].count(1) ~ [3].count(1) ~ [1, 2].includes(1) ~ [3].indexOf(3)', '1020true0'],
    ["{1: 2}[1] ~ {a: none}.get('a', 5) ~ {keys: 1}.keys ~ {a: 1}.length | default('none') ~ {length: 7}.length", '2null1none7'],
    ["[[1, [2]], {a: {b: []} }, 'q\"\\n', {}, []]", '[[1,[2]],{"a":{"b":[]}},"q\\"\\n",{},[]]'],
    // What is no value of JSON is left out, and nothing of it is called.
    ['odd ~ [odd.list] ~ odd.text', '{"text":"x","list":[null,null]}[[null,null]]x'],
    ["[] ~ {} ~ [1, 2].join('') ~ [].join() ~ [1].join(', ') ~ ', '.join([]) ~ ', '.join(['a'])", '[]{}121a'],
    [
      'macros.json.dumps([1, {a: [], b: {}, c: [none]}], indent=2)',
      '[\n  1,\n  {\n    "a": [],\n    "b": {},\n    "c": [\n      null\n    ]\n  }\n]',
    ],
    [
      'macros.json.dumps([1], 99) ~ macros.json.dumps([1], -5) ~ macros.json.dumps([1], none) ~ macros.json.dumps()',
      '[\n          1\n][1][1]null',
    ],
  ]);
  describe('only a name or a number reaches something', () => {
    fails([
      ["'a'[['upper']]", 'undefined'],
      ["at[['year']]", 'undefined', '"at" has no element ["year"]'],
      ["{a: 1}[['a']]", 'undefined'],
      ['{true: 1}', 'type', 'the key of an object must be a text, got a boolean'],
      ['{a: 1}[true]', 'undefined'],
      ['{a: 1}.length', 'undefined'],
      ['no.length', 'undefined'],
      ['(5)[0]', 'undefined'],
      ['{a: 1}[1]', 'undefined', 'the value has no element 1'],
      ['{[1]: 1}', 'type', 'the key of an object must be a text, got a list'],
      ['{none: 1}', 'type', 'the key of an object must be a text, got null'],
      ["'a'['a':]", 'type', 'a slice needs whole numbers, got a text'],
      ["'a'[0.5:]", 'type', 'a slice needs whole numbers, got a number'],
      ["'a'[true:]", 'type', 'a slice needs whole numbers, got a boolean'],
      ["'a'[::0]", 'value', '0 is no step of a slice'],
      ['{a: 1}[1:]', 'type', 'only texts and lists have slices'],
      ["', '.join('ab')", 'type', 'join needs a list'],
      ['[1].index(5)', 'value', 'the list has no such element'],
      ['{a: 1}.get(1)', 'type'],
      ['{a: 1}.keys(1)', 'type', 'keys takes at most 0 arguments, got 1'],
      ["macros.json.dumps(1, 'a')", 'type', 'dumps needs a number as its argument "indent", got a text'],
    ]);
  });
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

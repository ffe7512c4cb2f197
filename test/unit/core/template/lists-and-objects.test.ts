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

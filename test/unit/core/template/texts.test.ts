import { describe } from '@jest/globals';
import { fails, prints } from './expressions.js';

describe('methods of texts', () => {
  prints([
    ["'aB'.upper() ~ 'aB'.lower() ~ 'aB c'.title() ~ 'aB c'.capitalize()", 'ABabAb CAb c'],
    ["'[' ~ '  x '.strip() ~ '][' ~ '  x '.lstrip() ~ '][' ~ ' x  '.rstrip() ~ ']'", '[x][x ][ x]'],
    ["'xxaxx'.strip('x') ~ 'xyax'.lstrip('yx') ~ 'axy'.rstrip('xy') ~ '[' ~ 'xx'.strip('x') ~ ']'", 'aaxa[]'],
    [
      "'a,b,c'.split(',') ~ 'a,b,c'.split(',', 1) ~ ' a  b '.split() ~ ' a b  c'.split(none, 1)",
      '["a","b","c"]["a","b,c"]["a","b"]["a","b  c"]',
    ],
    [
      "' a  b   c '.split(none, 1) ~ ' a b '.split(none, 0) ~ ''.split() ~ ''.split(',') ~ 'a,,b'.split(',')",
      '["a","b   c "]["a b "][][""]["a","","b"]',
    ],
    ["'a,b,c'.split(',', 2) ~ 'a b'.split(none, 5) ~ 'a,b'.split(maxsplit=1, sep=',')", '["a","b","c"]["a","b"]["a","b"]'],
    ["'a,b'.split(',', 5) ~ 'a,b'.split(',', 0)", '["a","b"]["a,b"]'],
    [
      "'a\\nb\\n'.splitlines() ~ 'a\\r\\nb\\rc\\n\\n'.splitlines() ~ ''.splitlines() ~ '\\n'.splitlines()",
      '["a","b"]["a","b","c",""][][""]',
    ],
    ["'aaa'.replace('a', 'b') ~ 'aaa'.replace('a', 'b', 2) ~ 'aaa'.replace('x', 'y') ~ 'ab'.replace('', '-')", 'bbbbbaaaa-a-b-'],
    ["'abc'.startswith('ab') ~ 'abc'.endswith('ab') ~ 'abc'.startsWith('b') ~ 'abc'.endsWith('bc')", 'truefalsefalsetrue'],
    [
      "'abab'.find('b') ~ 'abab'.rfind('b') ~ 'abab'.find('x') ~ 'abab'.count('ab') ~ 'abab'.indexOf('b') ~ 'abab'.lastIndexOf('a')",
      '13-1212',
    ],
    ["'aaa'.count('') ~ ''.count('') ~ ''.count('a') ~ 'aaa'.count('aa') ~ 'abc'.rfind('') ~ 'abc'.find('')", '410130'],
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
  prints([
    // Python's takes every run of letters for a word.
    ["\"they're a-b c_d 3rd É\".title() ~ 'tWO wORDS'.capitalize() ~ ''.capitalize()", "They'Re A-B C_D 3Rd ÉTwo words"],
    [
      "'[' ~ 'xax'.lstrip('x') ~ '|' ~ 'xax'.rstrip('x') ~ '|' ~ 'xx'.lstrip('x') ~ '|' ~ 'xx'.rstrip('x') ~ '|' ~ ''.lstrip() ~ ''.rstrip() ~ ''.strip() ~ ']'",
      '[ax|xa|||]',
    ],
    [
      "'[' ~ '\\t a\\n'.strip() ~ '|' ~ '  '.lstrip() ~ '  '.rstrip() ~ '|' ~ 'a b'.strip() ~ '|' ~ ' a'.rstrip() ~ '|' ~ 'a '.lstrip() ~ ']'",
      '[a||a b| a|a ]',
    ],
    [
      "'a\\nb'.splitlines() ~ 'a\u000bb\u2028c'.splitlines() ~ 'ab cd'.split() ~ 'a,b,c'.split(',', -2) ~ 'a,b'.split(',', 2)",
      '["a","b"]["a","b","c"]["ab","cd"]["a","b","c"]["a","b"]',
    ],
    [
      "'aXbX'.replace('X', '-', 0) ~ 'aXbX'.replace('X', '-', 5) ~ 'ab'.replace('', '-', 2) ~ 'ab'.replace('', '-', 0) ~ 'aa'.replace('a', '')",
      'aXbXa-b--a-bab',
    ],
    [
      "'ab'.center(5, '*') ~ 'a'.center(4, '*') ~ 'abc'.center(6, '*') ~ ''.center(3, '*') ~ 'ab'.center(-3) ~ 'ab'.center(2, '*')",
      '**ab**a***abc*****abab',
    ],
    [
      "'7-'.zfill(4) ~ '+'.zfill(2) ~ ''.zfill(2) ~ 'ab'.ljust(1) ~ 'ab'.rjust(1) ~ '[' ~ 'a'.ljust(2) ~ 'a'.rjust(2) ~ ']'",
      '007-+000abab[a  a]',
    ],
    [
      "'a1'.isdigit() ~ '1a'.isdigit() ~ 'aab'.startsWith('aa') ~ 'aab'.startsWith('ab') ~ 'aab'.endsWith('aa') ~ 'aba'.startsWith('ba')",
      'falsefalsetruefalsefalsefalse',
    ],
    ["'abc'.slice() ~ 'abc'.slice(1) ~ 'abc'.slice(start=1, end=2) ~ 'abc'.substring(1)", 'abcbcbbc'],
  ]);
  describe('mistakes', () => {
    fails([
      ["'a'.split('')", 'value', 'split cannot separate at an empty text'],
      ["'a'.split(5)", 'type', 'split needs a text as its argument "sep", got 5'],
      ["'a'.upper(x=1)", 'type', 'upper has no argument "x"; it has none'],
      ["'a'.upper(1)", 'type', 'upper takes at most 0 arguments, got 1'],
      ["'a'.splitlines(1)", 'type', 'splitlines takes at most 0 arguments, got 1'],
      ["'a'.find()", 'type', 'find needs a text as its argument "value", got nothing'],
      ["'a'.find(none)", 'type', 'find needs a text as its argument "value", got nothing'],
      ["'a'.find([1])", 'type', 'find needs a text as its argument "value", got a list'],
      ["'a'.replace('a', old='b')", 'type', 'replace got its argument "old" twice'],
      ["'a'.replace('a', 'b', old='b')", 'type', 'replace got its argument "old" twice'],
      ["'a'.replace('a', 'b', nope=1)", 'type', 'replace has no argument "nope"; it has old, new, count'],
      ["'a'.replace('a', 'b', 1.5)", 'type', 'replace needs a whole number as its argument "count", got 1.5'],
      ["'a'.replace('a', 'b', 'c')", 'type', 'replace needs a number as its argument "count", got a text'],
      ["'a'.replace('a', 'b', true)", 'type', 'replace needs a number as its argument "count", got a boolean'],
      ["'a'.ljust()", 'type', 'ljust needs a number as its argument "width", got nothing'],
    ]);
  });
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

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

import { describe } from '@jest/globals';
import { fails, prints } from './expressions.js';

describe('tests', () => {
  prints([
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
  prints([
    [
      '[true is true, 1 is true, none is null, 0 is null, "a" is null, none is undefined, 5 is undefined]',
      '[true,false,true,false,false,false,false]',
    ],
    ['["a" is float, none is float, 1.5 is float, "a" is number, true is number]', '[false,false,true,false,false]'],
    ['["a" is iterable, [] is iterable, {} is iterable, none is iterable, at is iterable]', '[true,true,true,false,false]'],
    [
      '["" is lower, "123" is lower, "123" is upper, "a1" is lower, "aB" is lower, "aB" is upper, "AB1" is upper, [] is upper]',
      '[false,false,false,true,false,false,true,false]',
    ],
    ['[2 is lt(2), 1 is lt(2), 1 is lessthan(2), 2 is lessthan(2), 3 is le(2), 2 is le(2)]', '[false,true,true,false,false,true]'],
    [
      '[2 is gt(2), 3 is gt(2), 3 is greaterthan(2), 2 is greaterthan(2), 1 is ge(2), 2 is ge(2)]',
      '[false,true,true,false,false,true]',
    ],
    [
      '[1 is ne(1), 1 is sameas(2), 1 is equalto(1), 1 is in([1]), 2 is in([1]), "a" is in("abc"), "a" is in({a: 1})]',
      '[false,false,true,true,false,true,true]',
    ],
    [
      '[0 is even, 0 is odd, -2 is even, -3 is even, 0 is divisibleby(3), -9 is divisibleby(3)]',
      '[true,false,true,false,true,true]',
    ],
    ['[none in {a: 1}, 1 in {1: 2}, "1" in {1: 2}]', '[false,false,true]'],
  ]);
  describe('what does not exist is no kind of value, and an error where it is compared', () => {
    prints([
      [
        '[nope is boolean, nope is integer, nope is float, nope is sequence, nope is iterable, nope is callable, nope is true, nope is false]',
        '[false,false,false,false,false,false,false,false]',
      ],
    ]);
    fails([
      ['nope is eq(1)', 'undefined', '"nope" is not defined'],
      ['nope is ne(1)', 'undefined'],
      ['nope is in([1])', 'undefined'],
      ['nope is lt(1)', 'undefined'],
      ['nope is odd', 'undefined'],
      ['nope is lower', 'undefined'],
      ['1 is eq(nope)', 'undefined'],
    ]);
  });
  fails([
    ['1.5 is odd', 'type', 'this needs a whole number, got a number'],
    ['none is even', 'type', 'this needs a whole number, got null'],
    ["9 is divisibleby('3')", 'type', 'this needs a whole number, got a text'],
    ['1 is eq(1, 2)', 'type', 'is eq takes at most 1 arguments, got 2'],
    ['1 is odd(other=1)', 'type', 'is odd has no argument "other"; it has none'],
    ['"a" is odd', 'type'],
    ['1 is defined(2)', 'type'],
    ['1 is lt("a")', 'type'],
  ]);
});

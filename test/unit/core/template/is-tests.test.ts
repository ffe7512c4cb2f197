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
  fails([
    ['"a" is odd', 'type'],
    ['1 is defined(2)', 'type'],
    ['1 is lt("a")', 'type'],
  ]);
});

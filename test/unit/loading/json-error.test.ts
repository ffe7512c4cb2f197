/** Where a text stops being JSON. */
import { describe, expect, it } from '@jest/globals';
import { placeOfJsonError } from '../../../src/loading/json-error.js';

describe('placeOfJsonError', () => {
  it.each<[text: string, line: number, column: number]>([
    ['{"name": nope}', 1, 11],
    ['{"a": 1,}', 1, 9],
    ['{\n "a": 1\n "b": 2}', 3, 2],
    ['', 1, 1],
    ['[1, 2', 1, 6],
    ['[1] x', 1, 5],
    ["{'a': 1}", 1, 2],
    ['{"a": 01}', 1, 8],
    ['// c\n{}', 1, 1],
  ])('%j', (text, line, column) => {
    expect(placeOfJsonError(text)).toEqual({ line, column });
  });
});

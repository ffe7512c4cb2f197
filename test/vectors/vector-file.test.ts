import { expect, it } from '@jest/globals';
import { judge, summaryOf } from './vector-file.js';

it('counts what passes, what a rule explains and what cannot be asked yet; everything else fails', () => {
  const cases = [
    { id: 'same', expected: { a: 1 } },
    { id: 'other', expected: { a: 2 } },
    { id: 'throws', expected: { a: 1 } },
    { id: 'by-rule', expected: { a: 3 }, croner: { a: 1 } },
    { id: 'other-than-the-rule-says', expected: { a: 3 }, croner: { a: 4 } },
    { id: 'later', expected: { a: 1 } },
  ];
  const result = judge(
    {
      path: 'time/some.json',
      answer({ id }) {
        if (id === 'throws') throw new RangeError('no such date');
        return { a: 1 };
      },
      missing: ({ id }) => (id === 'later' ? 'assets' : null),
    },
    cases,
  );
  expect(result.failures.map(({ case: { id }, ours }) => [id, ours])).toEqual([
    ['other', { a: 1 }],
    ['throws', { threw: 'RangeError: no such date' }],
    ['other-than-the-rule-says', { a: 1 }],
  ]);
  expect(summaryOf('time/some.json', result)).toBe(
    'vectors time/some.json: passed 1, failed 3, different by rule 1 (dst), not run 1 (assets)',
  );
});

import { expect, it } from '@jest/globals';
import { recordedAnswer, type ClearMarkCase, type Graph } from './clear-mark-cases.js';
import { pureAnswer } from './clear-mark-pure.js';
import { runVectors } from './vector-file.js';

it('clear and mark in core', () => {
  const failures = runVectors<ClearMarkCase>({
    path: 'state/07b_clear_mark.json',
    through: 'core',
    answer: (testCase, head) => pureAnswer(testCase, head['graphs'] as Readonly<Record<string, Graph>>),
    expected: recordedAnswer,
  });
  expect(failures).toEqual([]);
});

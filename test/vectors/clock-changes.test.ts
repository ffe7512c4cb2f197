import { expect, it } from '@jest/globals';
import { backfillAnswer, type BackfillCase } from './backfill-answers.js';
import { catchupAnswer, type CatchupCase } from './catchup-answers.js';
import { timetableAnswer, type TimetableCase } from './timetable-answers.js';
import { runVectors, type VectorCase } from './vector-file.js';

/** Around a change of the clocks we follow croner; the file holds both answers, and ours must be croner's. */
it('cases of the other files that touch a change of the clocks', () => {
  const failures = runVectors<VectorCase>({
    path: 'time/timetables-differ.json',
    answer(testCase) {
      switch (testCase['op']) {
        case 'backfill':
          return backfillAnswer(testCase as BackfillCase);
        case 'materialise':
        case 'ticks':
          return catchupAnswer(testCase as CatchupCase);
        default:
          return timetableAnswer(testCase as TimetableCase);
      }
    },
  });
  expect(failures).toEqual([]);
});

import { expect, it } from '@jest/globals';
import { catchupAnswer, type CatchupCase } from './catchup-answers.js';
import { runVectors } from './vector-file.js';

it('the scheduler creates the runs that Airflow 3.3.2 creates', () => {
  const failures = runVectors<CatchupCase>({
    path: 'time/catchup.json',
    answer: catchupAnswer,
  });
  expect(failures).toEqual([]);
});

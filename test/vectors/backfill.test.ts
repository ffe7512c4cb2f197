import { expect, it } from '@jest/globals';
import { backfillAnswer, type BackfillCase } from './backfill-answers.js';
import { runVectors } from './vector-file.js';

it('a backfill creates the runs that it creates in Airflow 3.3.2', () => {
  expect(runVectors<BackfillCase>({ path: 'time/backfill.json', answer: backfillAnswer })).toEqual([]);
});

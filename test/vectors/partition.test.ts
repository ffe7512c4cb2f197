import { expect, it } from '@jest/globals';
import { runVectors, type VectorCase } from './vector-file.js';

/** Counted, so that the rule stands in the output; there is nothing to ask. */
it('partitioned schedules do not exist here', () => {
  const failures = runVectors<VectorCase>({
    path: 'time/partition.airflow-3.3.json',
    leftOut: () => 'partition',
    answer: () => null,
  });
  expect(failures).toEqual([]);
});

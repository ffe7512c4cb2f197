import { expect, it } from '@jest/globals';
import { pureAnswer, QUEUEING_VECTORS, type QueueingCase } from './queueing-cases.js';
import { runVectorsInTurn } from './vector-file.js';

it('a pass queues what it queues in Airflow 3.3.2', async () => {
  expect(await runVectorsInTurn<QueueingCase>({ ...QUEUEING_VECTORS, through: 'core', answer: pureAnswer })).toEqual([]);
});

import { expect, it } from '@jest/globals';
import { QUEUEING_VECTORS, type QueueingCase } from './queueing-cases.js';
import { answerOver, giveCases } from './queueing-stores.js';
import { openStore, STORES } from './state/stores.js';
import { readVectors, runVectorsInTurn } from './vector-file.js';

it.each(STORES)(
  'a pass of the scheduler over the %s store queues what it queues in Airflow 3.3.2',
  async (name) => {
    const store = await openStore(name);
    try {
      const given = await giveCases(store, readVectors<QueueingCase>(QUEUEING_VECTORS.path)?.cases ?? []);
      const answer = (testCase: QueueingCase) => answerOver(store, testCase, given.get(testCase.id)!);
      expect(await runVectorsInTurn<QueueingCase>({ ...QUEUEING_VECTORS, through: name, answer })).toEqual([]);
    } finally {
      await store.close();
    }
  },
  120_000,
);

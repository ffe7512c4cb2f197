import { afterAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { createMemoryStore } from '../../src/store/memory/index.js';
import { openPostgresStore } from '../../src/store/postgres/index.js';
import { createTestDatabase } from '../support/postgres.js';
import { recordedAnswer, type ClearMarkCase, type Graph } from './clear-mark-cases.js';
import { storeAnswer, type StoreUnderTest } from './clear-mark-store.js';
import { runVectorsInTurn } from './vector-file.js';

const PATH = 'state/07b_clear_mark.json';
const graphsOf = (head: Readonly<Record<string, unknown>>) => head['graphs'] as Readonly<Record<string, Graph>>;
const closing: (() => Promise<unknown>)[] = [];

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

it.each([
  ['memory', openMemory],
  ['Postgres', openPostgres],
])(
  'clear and mark through the operations and the store in %s',
  async (way, open) => {
    const under = await open();
    const failures = await runVectorsInTurn<ClearMarkCase>({
      path: PATH,
      through: way,
      answer: (testCase, head) => storeAnswer(under, testCase, graphsOf(head)),
      expected: recordedAnswer,
    });
    expect(failures).toEqual([]);
  },
  120_000,
);

async function openMemory(): Promise<StoreUnderTest> {
  const store = createMemoryStore({ now: () => 0, sleep: async () => undefined });
  return {
    store,
    events: async () =>
      store.events
        .filter(({ entity }) => entity === 'task_instance')
        .map(({ entityId, from, to }) => ({ entityId: entityId as number, from: from!, to })),
  };
}

async function openPostgres(): Promise<StoreUnderTest> {
  const database = await createTestDatabase();
  const store = await openPostgresStore({ url: database.url, role: 'test' });
  const client = new pg.Client({ connectionString: database.url, options: '-c search_path=airflow_like' });
  await client.connect();
  closing.push(
    () => database.drop(),
    () => client.end(),
    () => store.close(),
  );
  return {
    store,
    async events() {
      const { rows } = await client.query<{ id: string; from_state: string; to_state: string }>(
        `select entity_id as id, from_state, to_state from event_log where entity = 'task_instance' order by seq`,
      );
      return rows.map((row) => ({ entityId: Number(row.id), from: row.from_state, to: row.to_state }));
    },
  };
}

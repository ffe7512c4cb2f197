import { openPostgresStore } from '../../src/store/postgres/index.js';
import pg from 'pg';
import { createTestDatabase } from '../support/postgres.js';
import { describeStore } from './store.js';
import type { StoreHarness } from './store/suite.js';

async function open(): Promise<StoreHarness> {
  const database = await createTestDatabase();
  const [store, other] = [
    await openPostgresStore({ url: database.url, role: 'test-1' }),
    await openPostgresStore({ url: database.url, role: 'test-2' }),
  ];
  const client = new pg.Client({ connectionString: database.url, options: '-c search_path=airflow_like' });
  await client.connect();
  return {
    store,
    other,
    reset: async () =>
      void (await client.query(`begin; set local airflow_like.may_delete_history = 'on';
        delete from event_log; delete from dag; delete from dag_file; delete from import_problem; delete from source_file; delete from source_bundle;
        delete from source_bundle_file; delete from dag_version; delete from backfill; delete from dag_run; delete from task_instance;
        delete from task_attempt; delete from xcom; delete from component; delete from asset; delete from asset_alias; delete from asset_alias_member;
        delete from asset_reference; delete from asset_event; delete from asset_queue; delete from asset_lineage; delete from watched_file; delete from callback; delete from pool where name <> 'default_pool'; commit`)),
    events: async () => {
      const { rows } = await client.query<Record<string, string | null>>('select * from event_log order by seq');
      return rows.map((row) => ({
        entity: row['entity']!,
        entityId: row['subject'] ?? (row['entity'] === 'dag' ? row['dag_id']! : Number(row['entity_id'])),
        from: row['from_state']!,
        to: row['to_state']!,
        token: row['token']!,
        actorKind: row['actor_kind']!,
      }));
    },
    setPool: async (name, slots) =>
      void (await client.query(
        'insert into pool (name, slots) values ($1, $2) on conflict (name) do update set slots = excluded.slots',
        [name, slots],
      )),
    close: async () => {
      await Promise.all([store.close(), other.close(), client.end()]);
      await database.drop();
    },
  };
}

describeStore('Postgres', await open());

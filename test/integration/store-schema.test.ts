import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DAG_RUN_STATES, RUN_TYPES, TASK_INSTANCE_STATES } from '../../src/model/states.js';
import { checkSchema, migrate, openPostgresStore, resetSchema, schemaStatus } from '../../src/store/postgres/index.js';
import { PARTS } from '../../src/store/postgres/commit-statement.js';
import { sqlType } from '../../src/store/postgres/columns.js';
import { MIGRATIONS } from '../../src/store/postgres/schema.js';
import { createEmptyDatabase, createTestDatabase, withClient, type TestDatabase } from '../support/postgres.js';

const needed = MIGRATIONS.length;

describe('migrations', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createEmptyDatabase();
  });
  afterEach(() => database.drop());

  it('says that the schema is missing, creates it, and does nothing the second time', async () => {
    expect(await schemaStatus(database.url)).toEqual({ version: 0, needed, state: 'missing' });
    await expect(checkSchema(database.url)).rejects.toMatchObject({
      code: 'SCHEMA_VERSION',
      message: expect.stringContaining('airflow-like db migrate') as unknown as string,
    });
    await expect(openPostgresStore({ url: database.url, role: 'test' })).rejects.toMatchObject({ code: 'SCHEMA_VERSION' });
    expect(await migrate(database.url)).toHaveLength(needed);
    expect(await schemaStatus(database.url)).toEqual({ version: needed, needed, state: 'current' });
    expect(await migrate(database.url)).toEqual([]);
  });

  it('migrates once when ten processes start at once on an empty database', async () => {
    const applied = await Promise.all(Array.from({ length: 10 }, () => migrate(database.url)));
    expect(applied.map((names) => names.length).sort()).toEqual([...Array.from({ length: 9 }, () => 0), needed]);
    const rows = await withClient(database.url, (client) => client.query('select version from airflow_like.schema_migration'));
    expect(rows.rowCount).toBe(needed);
  });

  it('goes on after a migration that was killed in the middle', async () => {
    await withClient(database.url, async (client) => {
      await client.query('create schema airflow_like; begin; set local search_path = airflow_like');
      await client.query(MIGRATIONS[0]!.sql);
    });
    expect((await schemaStatus(database.url)).state).toBe('missing');
    expect(await migrate(database.url)).toHaveLength(needed);
  });

  it.each([
    [
      'newer',
      `insert into airflow_like.schema_migration (version, name, checksum) values (${needed + 1}, 'later', 'x')`,
      needed + 1,
    ],
    ['changed', `update airflow_like.schema_migration set checksum = 'x' where version = 1`, needed],
  ])('writes nothing to a database whose schema is %s', async (state, sql, version) => {
    await migrate(database.url);
    await withClient(database.url, (client) => client.query(sql));
    expect(await schemaStatus(database.url)).toEqual({ version, needed, state });
    const refusing = [migrate, checkSchema, (url: string) => openPostgresStore({ url, role: 'test' })];
    for (const refuse of refusing) {
      await expect(refuse(database.url)).rejects.toMatchObject({
        code: 'SCHEMA_VERSION',
        message: expect.stringContaining(`database ${version}`) as unknown as string,
      });
    }
  });

  it('resets even a schema that it does not know', async () => {
    await migrate(database.url);
    await withClient(database.url, (client) => client.query(`update airflow_like.schema_migration set checksum = 'x'`));
    await resetSchema(database.url);
    expect((await schemaStatus(database.url)).state).toBe('current');
  });

  it('does not depend on the search path of the database', async () => {
    await withClient(database.url, (client) =>
      client.query(`do $$ begin execute format('alter database %I set search_path = pg_catalog', current_database()); end $$`),
    );
    await migrate(database.url);
    const store = await openPostgresStore({ url: database.url, role: 'test' });
    expect(await store.catalog.listDags()).toEqual([]);
    await store.close();
  });
});

describe('schema', () => {
  const database = createTestDatabase();
  afterAll(async () => (await database).drop());
  const query = async (sql: string) =>
    withClient((await database).url, async (client) => (await client.query<Record<string, string>>(sql)).rows);

  it.each([
    ['dag_run', 'state', DAG_RUN_STATES],
    ['dag_run', 'run_type', RUN_TYPES],
    ['task_instance', 'state', TASK_INSTANCE_STATES],
    ['task_attempt', 'state', [...TASK_INSTANCE_STATES, 'lost', 'cleared']],
  ])('admits exactly the known values in %s.%s', async (table, column, values) => {
    const rows = await query(
      `select pg_get_constraintdef(oid) as definition from pg_constraint
       where conrelid = 'airflow_like.${table}'::regclass and contype = 'c' and pg_get_constraintdef(oid) like '%(${column} = %'`,
    );
    expect(rows).toHaveLength(1);
    const admitted = [...rows[0]!['definition']!.matchAll(/'([a-z_]+)'::text/g)].map((match) => match[1]);
    expect(admitted.sort()).toEqual([...values].sort());
  });

  it('has the row types that the commit statement sends', async () => {
    for (const part of Object.values(PARTS)) {
      const rows = await query(
        `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
         where attrelid = 'airflow_like.${part.typeName}'::regclass order by attnum`,
      );
      const columns = Object.entries(part.columns).map(([name, type]) => ({
        name,
        type: sqlType(type).replace('float8', 'double precision'),
      }));
      expect(rows).toEqual(columns);
    }
  });

  it('has an append-only history', async () => {
    await query(
      `insert into airflow_like.event_log (entity, dag_id, to_state, actor_kind, actor_id) values ('dag', 'x', 'paused', 'user', 'ada')`,
    );
    for (const sql of [
      'delete from airflow_like.event_log',
      `update airflow_like.event_log set reason = 'x'`,
      'truncate airflow_like.event_log',
    ]) {
      await expect(query(sql)).rejects.toThrow('append-only');
    }
    expect(await query('select entity from airflow_like.event_log')).toHaveLength(1);
  });
});

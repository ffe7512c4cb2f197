import { describe, expect, it } from '@jest/globals';
import { environmentSettings } from '../../../src/config/environment-settings.js';

describe('variables and connections of the environment', () => {
  const settings = environmentSettings({
    AIRFLOW_LIKE_VAR_BUCKET: 's3://b',
    AIRFLOW_LIKE_CONN_MY_DB: 'google-cloud-sql://me:p%40ss@db.example:5433/sales?ssl=true&mode=x',
    AIRFLOW_LIKE_CONN_SHORT: 'http://host',
    AIRFLOW_LIKE_CONN_WHOLE: 'http://host/?__extra__=%7B%22a%22%3A%5B1%5D%7D',
    AIRFLOW_LIKE_CONN_JSON: '{"conn_type": "postgres", "login": "l", "port": "5432", "extra": {"a": 1}}',
    AIRFLOW_LIKE_CONN_BAD: 'not an address with secret-word',
    AIRFLOW_LIKE_CONN_WORSE: '{"secret-word',
  });

  it('are found by their name, in capitals', async () => {
    expect(await settings.variable('bucket')).toBe('s3://b');
    expect(await settings.variable('none')).toBeUndefined();
    expect(await settings.connection('none')).toBeUndefined();
    expect(await settings.connection('my_db')).toEqual({
      connId: 'my_db',
      connType: 'google_cloud_sql',
      host: 'db.example',
      schema: 'sales',
      login: 'me',
      password: 'p@ss',
      port: 5433,
      extra: '{"ssl":"true","mode":"x"}',
    });
    const nothing = { schema: null, login: null, password: null, port: null, extra: null };
    expect(await settings.connection('short')).toEqual({ connId: 'short', connType: 'http', host: 'host', ...nothing });
    expect(await settings.connection('whole')).toMatchObject({ extra: '{"a":[1]}' });
    expect(await settings.connection('json')).toEqual({
      ...nothing,
      connId: 'json',
      connType: 'postgres',
      host: null,
      login: 'l',
      port: 5432,
      extra: '{"a":1}',
    });
  });

  it.each(['bad', 'worse'])('refuses one that is none, without showing it: %s', async (connId) => {
    const error = await settings.connection(connId).then(
      () => null,
      (thrown: Error) => thrown,
    );
    expect(error?.message).toMatch(/^CONFIG_INVALID: env AIRFLOW_LIKE_CONN_\w+: this is no connection; allowed: an address/);
    expect(error?.message).not.toContain('secret-word');
  });
});

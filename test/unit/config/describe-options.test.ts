import { describe, expect, it } from '@jest/globals';
import { configReference, describeOptions } from '../../../src/config/describe-options.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { OPTION_ENTRIES } from '../../../src/config/options.js';
import { runtimeEnv } from '../../../src/config/runtime-env.js';

describe('the option table', () => {
  it('has defaults that pass their own checks, full sentences, and unique variables', () => {
    for (const { name, option } of OPTION_ENTRIES) {
      expect([name, option.problem(option.default)]).toEqual([name, null]);
      expect(option.meaning).toMatch(/^[A-Za-z].*\.$/);
    }
    expect(new Set(OPTION_ENTRIES.map((entry) => entry.envName)).size).toBe(OPTION_ENTRIES.length);
  });

  it.each([
    ['core.dagsFolder', 'AIRFLOW_LIKE__CORE__DAGS_FOLDER'],
    ['database.url', 'AIRFLOW_LIKE__DATABASE__URL'],
    ['core.maxXComBytes', 'AIRFLOW_LIKE__CORE__MAX_XCOM_BYTES'],
    ['dagProcessor.maxImportMb', 'AIRFLOW_LIKE__DAG_PROCESSOR__MAX_IMPORT_MB'],
  ])('%s is set by %s', (name, envName) => {
    expect(OPTION_ENTRIES.find((entry) => entry.name === name)?.envName).toBe(envName);
  });

  it('is described with value and origin, passwords masked', async () => {
    const env = { AIRFLOW_LIKE__DATABASE__URL: 'postgres://me:hun:ter@2@db.example/af' };
    const loaded = await loadConfig({ cwd: '/', env });
    const url = describeOptions(loaded).find((option) => option.section === 'database' && option.key === 'url');
    expect(url).toMatchObject({
      value: 'postgres://me:***@db.example/af',
      origin: 'env AIRFLOW_LIKE__DATABASE__URL',
      default: null,
    });
    expect(loaded.config.database.url).toBe(env.AIRFLOW_LIKE__DATABASE__URL);
  });

  it('gives a reference that names every option and variable', () => {
    const reference = configReference();
    for (const { key, envName } of OPTION_ENTRIES) {
      expect(reference).toContain(`| \`${key}\` |`);
      expect(reference).toContain(`| \`${envName}\` |`);
    }
  });
});

describe('runtimeEnv', () => {
  it('passes what is on the list, and nothing else', async () => {
    const { config } = await loadConfig({ cwd: '/', env: { AIRFLOW_LIKE__WORKER__PASS_ENV: 'PATH,MY_*' } });
    const env = { PATH: '/bin', MY_TOKEN: 't', MYSELF: 'x', AIRFLOW_LIKE__DATABASE__URL: 'postgres://u:p@h/d', MY_NONE: undefined };
    expect(runtimeEnv(config, env)).toEqual({ PATH: '/bin', MY_TOKEN: 't' });
  });

  it('by default keeps the database from user code and passes variables and connections', async () => {
    const { config } = await loadConfig({ cwd: '/', env: {} });
    const env = {
      HOME: '/h',
      LC_ALL: 'C',
      AIRFLOW_LIKE_VAR_DAY: '1',
      AIRFLOW_LIKE_CONN_DB: 'x',
      AIRFLOW_LIKE__DATABASE__URL: 'y',
      PGPASSWORD: 'z',
    };
    expect(Object.keys(runtimeEnv(config, env))).toEqual(['HOME', 'LC_ALL', 'AIRFLOW_LIKE_VAR_DAY', 'AIRFLOW_LIKE_CONN_DB']);
  });
});

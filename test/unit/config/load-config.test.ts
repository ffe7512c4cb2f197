import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Environment } from '../../../src/config/environment.js';
import { loadConfig } from '../../../src/config/load-config.js';
import type { ConfigInput } from '../../../src/config/options.js';
import type { AirflowLikeError } from '../../../src/model/errors.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = (env: Environment = {}, overrides?: ConfigInput) =>
  loadConfig({ cwd: folder, env, ...(overrides ? { overrides } : {}) });
const write = (text: string | Uint8Array, name = 'airflow-like.config.ts') => writeFileSync(join(folder, name), text);
const failure = async (promise: Promise<unknown>): Promise<AirflowLikeError> =>
  promise.then(
    () => {
      throw new Error('it was accepted');
    },
    (error: unknown) => error as AirflowLikeError,
  );

describe('loadConfig', () => {
  it('gives the defaults without a file, with absolute paths', async () => {
    const { config, file, origins } = await load();
    expect(file).toBeNull();
    expect(config.core).toEqual({
      home: join(folder, '.airflow-like'),
      dagsFolder: join(folder, 'dags'),
      pluginsFolder: join(folder, 'plugins'),
      parallelism: 32,
      defaultTimezone: 'UTC',
      maxMapLength: 1024,
      maxTemplatedFieldLength: 4_096,
      maxXComBytes: 262_144,
    });
    expect(config.database.url).toBeNull();
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
  });

  it.each([
    ['false', false],
    ['0', false],
    ['Off', false],
    ['yes', true],
  ])('reads %s in a variable as %s', async (text, expected) => {
    const { config } = await load({ AIRFLOW_LIKE__SCHEDULER__CRON_DATA_INTERVALS: text });
    expect(config.scheduler.cronDataIntervals).toBe(expected);
  });

  it('refuses another text for a flag', async () => {
    expect(await failure(load({ AIRFLOW_LIKE__SCHEDULER__CRON_DATA_INTERVALS: 'maybe' }))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/CRON_DATA_INTERVALS.*must be true or false.*maybe/),
    });
  });

  it('is frozen at every depth', async () => {
    const { config } = await load();
    for (const part of [config, config.core, config.worker.queues]) expect(Object.isFrozen(part)).toBe(true);
  });

  it('lets flags win over variables, variables over the file, the file over defaults', async () => {
    write(`import { defineConfig } from 'airflow-like/config';
      const port: number = 9001;
      export default defineConfig({ api: { port, host: '::1' }, core: { parallelism: 7, dagsFolder: 'etl' }, worker: { queues: ['gpu'] } });`);
    const loaded = await load(
      {
        AIRFLOW_LIKE__API__PORT: '9002',
        AIRFLOW_LIKE__CORE__PARALLELISM: '8',
        AIRFLOW_LIKE__WORKER__QUEUES: 'a, b',
        AIRFLOW_LIKE__API__HOST: '',
      },
      { api: { port: 9003 } },
    );
    expect(loaded.config.api).toMatchObject({ port: 9003, host: '::1' });
    expect(loaded.config.core).toMatchObject({ parallelism: 8, dagsFolder: join(folder, 'etl') });
    expect(loaded.config.worker.queues).toEqual(['a', 'b']);
    expect(loaded.origins).toMatchObject({
      'api.port': 'flag',
      'api.host': 'file',
      'core.parallelism': 'env AIRFLOW_LIKE__CORE__PARALLELISM',
      'core.home': 'default',
    });
  });

  it.each([
    ['airflow-like.config.mjs', 'export default { api: { port: 9100 } };'],
    ['airflow-like.config.mts', 'export default { api: { port: 9100 as number } };'],
    ['airflow-like.config.ts', 'const port = await Promise.resolve(9100); export default { api: { port } };'],
    ['airflow-like.config.ts', '\uFEFFexport default { api: {\tport: 9100 } };'],
  ])('reads %s: %j', async (name, text) => {
    write(text, name);
    expect((await load()).config.api.port).toBe(9100);
  });

  it('keeps the compiled file in an existing home, and creates no home', async () => {
    write('export default { api: { port: 9100 } };');
    await load();
    expect(existsSync(join(folder, '.airflow-like'))).toBe(false);
    mkdirSync(join(folder, '.airflow-like'));
    await load();
    const [cached] = readdirSync(join(folder, '.airflow-like/cache'));
    writeFileSync(join(folder, '.airflow-like/cache', cached as string), 'exports.default = { api: { port: 9200 } };');
    expect((await load()).config.api.port).toBe(9200);
    write('export default { api: { port: 9300 } };');
    expect((await load()).config.api.port).toBe(9300);
  });

  describe('B31: a bad file', () => {
    it.each<[what: string, text: string, message: RegExp, line?: number]>([
      [
        'unknown key',
        'export default {\n  scheduler: {\n    poll_interval: 5,\n  },\n};',
        /scheduler\.poll_interval \(airflow-like\.config\.ts:3\): unknown option; did you mean pollIntervalMs\?/,
        3,
      ],
      [
        'unknown section',
        'export default {\n  shceduler: {},\n};',
        /shceduler \(airflow-like\.config\.ts:2\): unknown section; did you mean scheduler\?/,
        2,
      ],
      ['key of another section', 'export default { core: { port: 1 } };', /core\.port .*did you mean api\.port\?/, 1],
      [
        'wrong type',
        "export default { core: {\n parallelism: '3' } };",
        /core\.parallelism \(.*:2\): must be an integer, got "3"/,
        2,
      ],
      ['out of range', 'export default { api: { port: 70000 } };', /api\.port .*must be 0 to 65535, got 70000/],
      ['section of wrong type', 'export default { api: 8080 };', /api .*must be an object of options, got 8080/],
      ['wrong list', "export default { worker: { queues: 'default' } };", /worker\.queues .*must be a list of non-empty texts/],
      ['wrong zone', "export default { core: { defaultTimezone: '+05:30' } };", /must be an IANA time zone.*got "\+05:30"/],
      ['wrong choice', "export default { logging: { level: 'loud' } };", /must be one of 'debug', .*got "loud"/],
      ['null', 'export default { core: { home: null } };', /core\.home .*must be a non-empty text, got null/],
      [
        'a key twice',
        'export default { api: { port: 1, host: "::1", "port": 2 } };',
        /api\.port \(airflow-like\.config\.ts\): the name is given twice/,
      ],
      ['a section twice', 'export default { api: {}, core: {}, api: {} };', /api \(.*\): the name is given twice/],
      ['empty file', '', /no default export.*export default defineConfig/],
      ['no default export', 'export const config = {};', /no default export/],
      [
        'default export of wrong kind',
        'export default [];',
        /the default export must be an object; allowed: export default defineConfig/,
      ],
      ['default export that is a number', 'export default 7;', /the default export must be an object, got 7;/],
      [
        'promised configuration',
        'export default Promise.resolve({ core: { parallelism: 9 } });',
        /the default export must be an object;/,
      ],
      ['instance of a class', 'export default new Map([["core", {}]]);', /the default export must be an object;/],
      [
        'syntax error',
        'export default {\n  core: ]\n};',
        /airflow-like\.config\.ts:2:\d+: the file could not be evaluated: Expression expected/,
        2,
      ],
      ['it throws', '\nconst a = 1;\nthrow new Error(`secretive ${a}`);', /airflow-like\.config\.ts:3:\d+: .*secretive 1/, 3],
      ['it throws no error', 'throw undefined;', /something that is not an Error was thrown: undefined/],
      [
        'a missing import',
        "import x from './gone.js';\nexport default { x };",
        /airflow-like\.config\.ts.*: the file could not be evaluated: /,
      ],
    ])('%s', async (...[, text, message, line]) => {
      write(text);
      const error = await failure(load());
      expect(error.code).toBe('CONFIG_INVALID');
      expect(error.message).toMatch(message);
      expect(error.details.file).toBe(join(folder, 'airflow-like.config.ts'));
      if (line !== undefined) expect(error.details.line).toBe(line);
      write('export default {};'); // mended, it loads
      expect((await load()).config.api.port).toBe(8080);
    });

    it('is a folder', async () => {
      mkdirSync(join(folder, 'airflow-like.config.ts'));
      expect((await failure(load())).message).toBe('CONFIG_INVALID: airflow-like.config.ts: this is a folder, not a file');
    });

    it('is not UTF-8', async () => {
      write(new Uint8Array([0x2f, 0x2f, 0xff, 0xfe]));
      expect((await failure(load())).message).toBe('CONFIG_INVALID: airflow-like.config.ts: the file is not UTF-8 text');
    });

    it('cannot be read', async () => {
      write('export default {};');
      chmodSync(join(folder, 'airflow-like.config.ts'), 0);
      if (process.getuid?.() === 0)
        expect((await load()).file).not.toBeNull(); // root may read everything
      else expect((await failure(load())).message).toMatch(/CONFIG_INVALID: .*cannot be read \(EACCES\)/);
    });

    it('is there twice', async () => {
      write('export default {};');
      write('export default {};', 'airflow-like.config.js');
      expect((await failure(load())).message).toMatch(/^CONFIG_CONFLICT: .*airflow-like\.config\.ts and airflow-like\.config\.js/);
    });

    it('lists all mistakes at once', async () => {
      write("export default { core: { parallelism: 'x' }, api: { prot: 1 } };");
      const error = await failure(load({ AIRFLOW_LIKE__WORKER__SLOTS: 'few' }));
      expect(error.message).toMatch(/3 mistakes[^]*core\.parallelism[^]*api\.prot[^]*env AIRFLOW_LIKE__WORKER__SLOTS/);
    });
  });

  it.each<[name: string, value: string, message: string]>([
    ['AIRFLOW_LIKE__CORE__PARALLELISM', 'many', 'must be an integer, got "many"'],
    ['AIRFLOW_LIKE__CORE__PARALLELISM', '1e2', 'must be an integer, got "1e2"'],
    ['AIRFLOW_LIKE__WORKER__QUEUES', 'a,,b', 'must be a list of non-empty texts, got ["a","","b"]'],
    ['AIRFLOW_LIKE__CORE__PARALELISM', '3', 'unknown option; did you mean AIRFLOW_LIKE__CORE__PARALLELISM?'],
  ])('B32: %s=%s', async (name, value, message) => {
    const error = await failure(load({ [name]: value }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toBe(`CONFIG_INVALID: env ${name}: ${message}`);
  });

  it.each<[what: string, input: ConfigInput, message: RegExp]>([
    [
      'lease below six heartbeats',
      { worker: { heartbeatMs: 5_000, leaseMs: 10_000 } },
      /worker\.leaseMs: a lease of 10s must be at least 6 x heartbeat 5s/,
    ],
    ['the same for the scheduler', { scheduler: { heartbeatMs: 6_000 } }, /scheduler\.leaseMs/],
    ['a heap above the memory', { worker: { maxHeapMb: 4_096 } }, /worker\.maxHeapMb/],
    ['home among the DAGs', { core: { home: 'dags/.home' } }, /core\.home/],
    ['plugins among the DAGs', { core: { pluginsFolder: 'dags' } }, /core\.pluginsFolder/],
    ['DAGs in the home', { core: { dagsFolder: '.airflow-like/dags' } }, /core\.dagsFolder/],
  ])('B33: %s', async (_what, input, message) => {
    const error = await failure(load({}, input));
    expect(error.code).toBe('CONFIG_CONFLICT');
    expect(error.message).toMatch(message);
  });

  it('never repeats a database password in a message', async () => {
    write("export default { database: { url: ['postgres://me:hunter2@host/db'] } };");
    expect((await failure(load())).message).not.toContain('hunter2');
  });
});

/** B73: what is wrong on the command line is said with the usage line and the nearest right name, exit 2, before anything is opened. */
import { describe, expect, it } from '@jest/globals';
import { parseConf } from '../../../src/operations/parse-conf.js';
import { listing, runFake } from './fake-cli.js';

describe('usage', () => {
  it.each<[name: string, args: string[], usage: string, reason: RegExp]>([
    ['unknown command', ['dagz'], 'airflow-like [options]', /unknown command 'dagz'; did you mean dags\?/],
    ['unknown command, nothing near', ['bogus'], 'airflow-like [options]', /unknown command 'bogus'; allowed: standalone, /],
    ['unknown verb', ['dags', 'lst'], 'airflow-like dags', /unknown command 'lst'; did you mean list\?/],
    ['missing argument', ['dags', 'trigger'], 'airflow-like dags trigger [options] <dag_id>', /missing required argument 'dag_id'/],
    ['surplus argument', ['dags', 'list', 'x'], 'airflow-like dags list', /too many arguments/],
    [
      'unknown option',
      ['dags', 'list', '--outptu', 'json'],
      'airflow-like dags list',
      /unknown option '--outptu'; did you mean --output\?/,
    ],
    ['option without value', ['dags', 'list', '-o'], 'airflow-like dags list', /argument missing/],
    ['bad choice', ['dags', 'list', '-o', 'yamll'], 'airflow-like dags list', /'yamll' is invalid.*Did you mean yaml\?/],
    ['bad state', ['dags', 'list-runs', 'sales', '--state', 'faild'], 'airflow-like dags list-runs', /Did you mean failed\?/],
    [
      'missing option',
      ['backfill', 'create', '--dag-id', 'x', '--from-date', '2026-01-01'],
      'airflow-like backfill create',
      /'--to-date <date>' not specified/,
    ],
    ['bad number', ['dags', 'next-execution', 'sales', '-n', '0'], 'airflow-like dags next-execution', /'0' is invalid/],
    [
      'a huge number',
      ['dags', 'next-execution', 'sales', '-n', '1000000000'],
      'airflow-like dags next-execution',
      /An integer from 1 to 10000/,
    ],
    ['bad port', ['standalone', '--port', '99999'], 'airflow-like standalone', /An integer from 0 to 65535/],
    ['bad regex', ['tasks', 'clear', 'sales', '-t', '['], 'airflow-like tasks clear', /Not a regular expression/],
    [
      'bad date',
      ['dags', 'list-runs', 'sales', '-s', 'soon'],
      'airflow-like dags list-runs',
      /DATE_INVALID: --start-date: this is not a date, got "soon"; allowed: ISO 8601/,
    ],
    [
      'a day that is not',
      ['dags', 'test', 'sales', '2026-02-30'],
      'airflow-like dags test',
      /DATE_INVALID: logical_date: this date or time does not exist, got "2026-02-30"/,
    ],
    [
      'bad JSON',
      ['dags', 'trigger', 'sales', '-c', '{bad'],
      'airflow-like dags trigger',
      /JSON_INVALID: --conf at 1:2: a name in double quotes should be here/,
    ],
    ['JSON that is no object', ['dags', 'trigger', 'sales', '-c', '[1]'], 'airflow-like dags trigger', /CONF_NOT_OBJECT: --conf/],
    [
      'dates in the wrong order',
      ['backfill', 'create', '--dag-id', 'x', '--from-date', '2026-02-01', '--to-date', '2026-01-01'],
      'airflow-like backfill create',
      /--to-date: lies before --from-date/,
    ],
    [
      'a range that ends before it begins',
      ['dags', 'list-runs', 'sales', '-s', '2026-02-01', '-e', '2026-01-31'],
      'airflow-like dags list-runs',
      /--end-date: lies before --start-date, got "2026-01-31"/,
    ],
    ['unknown letter', ['dags', 'list', '-x'], 'airflow-like dags list', /^CLI_USAGE: unknown option '-x'$/m],
    [
      'unknown ending',
      ['dags', 'show', 'sales', '-s', 'x.png'],
      'airflow-like dags show',
      /--save: the ending of the name says no known format, got "x.png"/,
    ],
  ])('%s', async (_name, args, usage, reason) => {
    const opened: string[] = [];
    const { code, stdout, stderr } = await runFake(
      args,
      {},
      { parseConf, openClient: async () => Promise.reject(opened.push('client')) },
    );
    expect(stderr).toMatch(reason);
    expect(stderr).toContain(`Usage: ${usage}`);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect({ code, stdout, opened }).toEqual({ code: 2, stdout: '', opened: [] });
  });

  it('names the nearest column and DAG, which only the system knows', async () => {
    const contents = { dags: [listing('sales')] };
    const column = await runFake(['dags', 'list', '--columns', 'dag_idd'], contents);
    expect(column.code).toBe(2);
    expect(column.stderr).toMatch(/--columns: there is no such column, got "dag_idd".*did you mean dag_id\?/);
    const dag = await runFake(['dags', 'details', 'slaes'], contents);
    expect(dag).toMatchObject({ code: 1, stdout: '', closed: 1 });
    expect(dag.stderr).toBe('NOT_FOUND: dag_id: there is no such DAG, got "slaes"; did you mean sales?\n');
  });
});

describe('errors', () => {
  it('prints a fault of ours as one line, and its stack with -v only', async () => {
    const system = { parseDagsOnce: () => Promise.reject(new TypeError('boom')) };
    const quiet = await runFake(['dags', 'reserialize'], {}, system);
    expect(quiet).toMatchObject({ code: 1, closed: 1, stderr: 'INTERNAL: boom\nhint: run it again with -v to see where\n' });
    const verbose = await runFake(['dags', 'reserialize', '-v'], {}, system);
    expect(verbose.stderr).toMatch(/TypeError: boom\n +at /);
  });
});

describe('help', () => {
  it('shows groups with their verbs on the first screen', async () => {
    const { code, stdout, stderr } = await runFake(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const title of ['Run the system:', 'Work with it:', 'Look after it:', 'Examples:', 'Exit codes:'])
      expect(stdout).toContain(title);
    expect(stdout).toMatch(/backfill +create, follow, list/);
    expect(stdout.split('\n').length).toBeLessThanOrEqual(40);
  });

  it('prints the version', async () => {
    expect(await runFake(['version'])).toMatchObject({ code: 0, stdout: '9.9.9\n' });
    expect(await runFake(['--version'])).toMatchObject({ code: 0, stdout: '9.9.9\n' });
  });
});

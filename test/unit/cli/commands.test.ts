/** What the commands say and do, over a fake system: results on standard output, messages on standard error, exit codes. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { FollowedBackfill, RenderedTask, System } from '../../../src/cli/system.js';
import type { ImportProblem } from '../../../src/model/dag.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import type { Attempt } from '../../../src/model/task-instance.js';
import { parseConf } from '../../../src/operations/parse-conf.js';
import { backfillProgress } from './backfill-progress.js';
import { dagRun, dagSpec, FakeTerminal, listing, NOW, runFake, taskInstance } from './fake-cli.js';

const DAY = 86_400_000;
const dags = [listing('sales'), listing('tmp_a'), listing('tmp_b', { isPaused: true })];

const problem: ImportProblem = {
  code: 'OPTION_UNKNOWN',
  message: 'sales: unknown option',
  file: 'team/sales.ts',
  line: 4,
  column: 3,
  value: 'retires',
  allowed: 'retries, retryDelay',
  suggestion: 'retries',
  stack: null,
};

describe('the catalog', () => {
  it('is read by the command itself where no dag processor runs', async () => {
    let scans = 0;
    const system = { parseDagsOnce: async () => ({ files: 1, changed: [], retired: [], problems: (scans++, []) }) };
    await runFake(['dags', 'list'], { dags, alive: [] }, system);
    expect(scans).toBe(1);
    await runFake(['dags', 'list'], { dags: [], alive: ['dag-processor'] }, system);
    expect(scans).toBe(2);
    await runFake(['dags', 'list'], { dags, alive: ['dag-processor'] }, system);
    expect(scans).toBe(2);
  });

  it('lists DAGs sorted, and says on standard error that files have mistakes', async () => {
    const { code, stdout, stderr } = await runFake(
      ['dags', 'list', '-o', 'json', '--columns', 'dag_id,fileloc,timetable_summary'],
      {
        dags: [dags[1]!, dags[0]!],
        problems: [problem],
      },
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      { dag_id: 'sales', fileloc: '/project/dags/sales.ts', timetable_summary: '0 2 * * *' },
      { dag_id: 'tmp_a', fileloc: '/project/dags/tmp_a.ts', timetable_summary: '0 2 * * *' },
    ]);
    expect(stderr).toBe('There are mistakes in DAG files: 1 import error, see airflow-like dags list-import-errors.\n');
  });

  it('lists mistakes with place, allowed and nearest name, and exits with 1', async () => {
    const table = await runFake(['dags', 'list-import-errors'], { dags, problems: [problem] });
    expect(table.code).toBe(1);
    expect(table.stdout).toContain('team/sales.ts:4:3 | OPTION_UNKNOWN');
    expect(table.stdout).toContain('sales: unknown option, got retires; allowed: retries, retryDelay; did you mean retries?');
    const json = await runFake(['dags', 'list-import-errors', '-o', 'json'], { dags, problems: [problem] });
    expect(JSON.parse(json.stdout)).toMatchObject([
      { filepath: '/project/dags/team/sales.ts', line: 4, column: 3, suggestion: 'retries' },
    ]);
    expect(await runFake(['dags', 'list-import-errors', '-o', 'json'], { dags })).toMatchObject({ code: 0, stdout: '[]\n' });
  });
});

describe('dags list-runs', () => {
  const runs = [
    dagRun('scheduled__2', { id: 2, runType: 'scheduled', logicalDate: Date.UTC(2026, 0, 2), state: 'success' }),
    dagRun('backfill__1', { id: 1, runType: 'backfill', logicalDate: Date.UTC(2026, 0, 1), state: 'failed' }),
  ];
  it.each<[string[], string[]]>([
    [[], ['scheduled__2', 'backfill__1']],
    [['--no-backfill'], ['scheduled__2']],
    [['--state', 'failed'], ['backfill__1']],
    [['-s', '2026-01-02'], ['scheduled__2']],
    [['-e', '2026-01-01'], ['backfill__1']],
    [['-s', '2026-01-03'], []],
  ])('%p', async (args, expected) => {
    const { stdout } = await runFake(['dags', 'list-runs', 'sales', '-o', 'json', ...args], { dags, runs });
    expect((JSON.parse(stdout) as { run_id: string }[]).map((run) => run.run_id)).toEqual(expected);
  });
});

describe('dags next-execution', () => {
  const next = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const start = Date.UTC(2026, 2, 28, 1) + index * DAY;
      return { logicalDate: start, dataInterval: { start, end: start + DAY }, runAfter: start + DAY };
    });
  const system: Partial<System> = { nextRuns: async (_client, _listing, count) => next(count), clockChanges: () => [] };

  it('marks runs at a change of the clocks and says what happens then', async () => {
    const clockChanges = () => [
      {
        kind: 'gap' as const,
        runsAt: [Date.UTC(2026, 2, 29, 1)],
        text: '2026-03-29 02:00 does not exist: runs at 2026-03-29T01:00:00Z',
      },
    ];
    const { stdout, stderr } = await runFake(
      ['dags', 'next-execution', 'sales', '-n', '2', '-o', 'json'],
      { dags },
      { ...system, clockChanges },
    );
    expect(JSON.parse(stdout).map(({ dst }: { dst: string }) => dst)).toEqual(['gap', '']);
    expect(stderr).toBe(
      'S001: the clocks change in Europe/Paris: 2026-03-29 02:00 does not exist: runs at 2026-03-29T01:00:00Z.\n',
    );
  });

  it('prints one as a bare line, with the rest on standard error', async () => {
    const { stdout, stderr } = await runFake(['dags', 'next-execution', 'sales'], { dags }, system);
    expect(stdout).toBe('2026-03-28T01:00:00+00:00\n');
    expect(stderr).toBe(
      'covers 2026-03-28T01:00:00+00:00 to 2026-03-29T01:00:00+00:00, runs at 2026-03-29T03:00:00+02:00 (Europe/Paris)\n',
    );
  });

  it('prints several as a table with UTC and local time', async () => {
    const { stdout } = await runFake(['dags', 'next-execution', 'sales', '-n', '3'], { dags }, system);
    expect(stdout.split('\n')[0]).toMatch(
      /^logical_date +\| data_interval.start +\| data_interval.end +\| run_after +\| run_after_local/,
    );
    expect(stdout.trim().split('\n')).toHaveLength(5);
  });

  it.each<[string, DagSpec['schedule'], string]>([
    [
      'a watched folder',
      { kind: 'fileWatch', pattern: 'inbox/*.csv', settleMs: 0, existing: 'run', rewritten: 'run', text: '' },
      'sales runs when a new file matches inbox/*.csv.',
    ],
    [
      'a file',
      {
        kind: 'hybrid',
        time: { kind: 'cron', expression: '0 6 * * *', text: '0 6 * * *' },
        file: 'inbox/{{ ds }}.csv',
        settleMs: 0,
        waitForMs: 14_400_000,
        onTimeout: 'fail',
        text: '',
      },
      'sales waits for a file with each run: inbox/{{ ds }}.csv, at most 4h from when it is due.',
    ],
  ])('says what runs wait for: %s', async (_what, schedule, text) => {
    const waiting = [listing('sales', { nextRun: null }, { ...dagSpec('sales'), schedule })];
    const none = { nextRuns: async () => [], clockChanges: () => [] };
    const { code, stdout, stderr } = await runFake(['dags', 'next-execution', 'sales'], { dags: waiting }, none);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'None\n', stderr: `${text}\n` });
    const json = await runFake(['dags', 'next-execution', 'sales', '-n', '5', '-o', 'json'], { dags: waiting }, none);
    expect(json).toMatchObject({ stdout: '[]\n', stderr: `${text}\n` });
  });

  it('prints one field per line, and None where nothing follows', async () => {
    const field = await runFake(['dags', 'next-execution', 'sales', '-n', '2', '--field', 'run_after'], { dags }, system);
    expect(field).toMatchObject({ stdout: '2026-03-29T01:00:00+00:00\n2026-03-30T01:00:00+00:00\n', stderr: '' });
    const none = await runFake(['dags', 'next-execution', 'tmp_b'], { dags }, { nextRuns: async () => [], clockChanges: () => [] });
    expect(none).toMatchObject({ code: 0, stdout: 'None\n' });
    expect(none.stderr).toMatch(/tmp_b is paused[\s\S]*no following run/);
  });
});

describe('dags trigger', () => {
  const triggered: unknown[] = [];
  const run = dagRun('manual__x');
  const follow = (...states: DagRun['state'][]): Partial<System> => ({
    parseConf,
    triggerOnce: async (_client, request) => (triggered.push(request), { run, isNew: true }),
    async *followDagRun() {
      for (const state of states) yield { run: { ...run, state }, taskInstances: [taskInstance('load', { state: 'running' })] };
    },
  });

  it('hands over what it was given and says what it did', async () => {
    triggered.length = 0;
    const args = ['dags', 'trigger', 'sales', '-r', 'mine', '-c', '{"limit":1}', '-l', '2026-03-01T00:00:00.700', '-o', 'json'];
    const { code, stdout, stderr } = await runFake(args, { dags }, follow());
    expect(code).toBe(0);
    const rest = { note: null, idempotencyKey: null };
    expect(triggered).toEqual([{ dagId: 'sales', runId: 'mine', conf: { limit: 1 }, logicalDate: Date.UTC(2026, 2, 1), ...rest }]);
    expect(JSON.parse(stdout)).toMatchObject([
      { dag_id: 'sales', dag_run_id: 'manual__x', state: 'queued', conf: {}, logical_date: null },
    ]);
    expect(stderr).toBe('Triggered sales: run manual__x is queued.\n');
    await runFake([...args, '--no-replace-microseconds'], { dags }, follow());
    expect(triggered[1]).toMatchObject({ logicalDate: Date.UTC(2026, 2, 1, 0, 0, 0, 700) });
  });

  it.each<[DagRun['state'], number]>([
    ['success', 0],
    ['failed', 3],
    ['partial', 4],
  ])('--wait: a run that ends in %s exits with %i', async (state, expected) => {
    const { code, stdout, stderr } = await runFake(
      ['dags', 'trigger', 'sales', '--wait', '-o', 'json'],
      { dags },
      follow('running', state),
    );
    expect(code).toBe(expected);
    expect(JSON.parse(stdout)).toMatchObject([{ state }]);
    expect(stderr).toContain(`sales manual__x: ${state}`);
  });

  it('--wait: Ctrl-C leaves the run alone and says how to see it', async () => {
    const terminal = new FakeTerminal();
    const system: Partial<System> = {
      ...follow(),
      async *followDagRun(_client, _id, signal) {
        terminal.pressCtrlC();
        if (!signal.aborted) throw new Error('the signal did not arrive');
        yield { run: { ...run, state: 'running' }, taskInstances: [] };
      },
    };
    const { code, stderr, closed } = await runFake(['dags', 'trigger', 'sales', '--wait'], { dags }, system, terminal);
    expect({ code, closed }).toEqual({ code: 130, closed: 1 });
    expect(stderr).toContain('The run goes on. See it with: airflow-like tasks states-for-dag-run sales manual__x');
  });

  it('does not wait for ever where no scheduler runs', async () => {
    triggered.length = 0;
    const alive = ['dag-processor'] as const;
    const waiting = await runFake(['dags', 'trigger', 'sales', '--wait'], { dags, alive }, follow());
    expect(waiting).toMatchObject({ code: 1, stdout: '' });
    expect(waiting.stderr).toMatch(/^STATE_CONFLICT: --wait: no scheduler is running/);
    expect(triggered).toEqual([]);
    const notWaiting = await runFake(['dags', 'trigger', 'sales'], { dags, alive }, follow());
    expect(notWaiting).toMatchObject({ code: 0 });
    expect(notWaiting.stderr).toContain('No scheduler is running: the run starts when one does');
  });

  it('ends at once on Ctrl-C where it does not follow anything, and closes what it opened', async () => {
    const terminal = new FakeTerminal();
    const system: Partial<System> = {
      ...follow(),
      triggerOnce: () => {
        terminal.pressCtrlC();
        return new Promise<never>(() => {});
      },
    };
    expect(await runFake(['dags', 'trigger', 'sales'], { dags }, system, terminal)).toMatchObject({ code: 130, closed: 1 });
  });
});

describe('trial runs', () => {
  const ended = (state: DagRun['state']) => ({
    run: dagRun('test', { state, startedAt: NOW, endedAt: NOW + 1_000 }),
    taskInstances: [taskInstance('load', { state: state === 'failed' ? 'failed' : 'success' })],
  });

  it.each<[DagRun['state'], number]>([
    ['success', 0],
    ['failed', 3],
  ])(
    'dags test: a run that ends in %s exits with %i, opens no store, and keeps the results apart from what tasks print',
    async (state, expected) => {
      const terminal = new FakeTerminal();
      const system: Partial<System> = {
        parseConf,
        openClient: () => Promise.reject(new Error('a store was opened')),
        runDagTest: async ({ onEvent, dagId, logicalDate, conf, file }) => {
          expect({ dagId, logicalDate, conf, file }).toEqual({
            dagId: 'sales',
            logicalDate: Date.UTC(2026, 0, 2),
            conf: { a: 1 },
            file: 'x.ts',
          });
          expect(terminal.isDiverted).toBe(true);
          onEvent({ kind: 'task', taskId: 'load', mapIndex: 2, tryNumber: 2, state: 'running', message: null });
          onEvent({ kind: 'log', taskId: 'load', mapIndex: -1, line: 'read\u001b[2J' });
          return ended(state);
        },
      };
      const args = ['dags', 'test', 'sales', '2026-01-02', '-c', '{"a":1}', '-f', 'x.ts', '-o', 'json'];
      const { code, stdout, stderr } = await runFake(args, {}, system, terminal);
      expect({ code, isDiverted: terminal.isDiverted }).toEqual({ code: expected, isDiverted: false });
      expect(JSON.parse(stdout)).toMatchObject([{ task_id: 'load' }]);
      expect(stderr).toBe(`  running          load[2]  try 2\n    load | read\\u001b[2J\nsales test: ${state} after 1s\n`);
    },
  );

  it('tasks test prints the return value', async () => {
    const system: Partial<System> = {
      runTaskTest: async () => ({ state: 'success', value: { rows: 3 }, message: null, missingInputs: ['extract'] }),
    };
    const { code, stdout, stderr } = await runFake(['tasks', 'test', 'sales', 'load'], {}, system);
    expect({ code, value: JSON.parse(stdout) as unknown, stderr }).toEqual({
      code: 0,
      value: { rows: 3 },
      stderr: "load success\nIt got undefined in place of the values of extract: give its arguments with --inputs '[...]'.\n",
    });
    const failing: Partial<System> = {
      runTaskTest: async () => ({ state: 'failed', value: undefined, message: 'no space left', missingInputs: [] }),
    };
    const failed = await runFake(['tasks', 'test', 'sales', 'load'], {}, failing);
    expect(failed).toMatchObject({ code: 3, stdout: '', stderr: 'load failed: no space left\n' });
  });

  it('gives standard output back after a trial that cannot be made', async () => {
    const terminal = new FakeTerminal();
    const system: Partial<System> = { runDagTest: () => Promise.reject(new Error('no such file')) };
    expect(await runFake(['dags', 'test', 'sales'], {}, system, terminal)).toMatchObject({ code: 1 });
    expect(terminal.isDiverted).toBe(false);
  });
});

describe('dags check', () => {
  it.each([
    [[problem], 1],
    [[], 0],
  ])('with errors %p exits with %i', async (errors, expected) => {
    const checked = {
      files: 1,
      dags: 1,
      errors,
      warnings: [{ ...problem, message: 'a helper' }],
      typeCheckSkipped: 'typescript is not installed',
    };
    const { code, stdout, stderr } = await runFake(['dags', 'check'], {}, { checkDags: async () => checked });
    expect(code).toBe(expected);
    expect(stdout.includes('team/sales.ts:4:3')).toBe(errors.length > 0);
    expect(stderr).toBe(
      'warning: team/sales.ts:4: OPTION_UNKNOWN: a helper\nwarning: types were not checked: typescript is not installed\n' +
        `Checked 1 file with 1 DAG: ${errors.length} errors, 1 warnings.\n`,
    );
  });
});

describe('dags pause and unpause', () => {
  const calls: unknown[] = [];
  const system: Partial<System> = {
    pauseDags: async (_client, request) => (calls.push(request), request.dagIds.filter((dagId) => dagId !== 'tmp_b')),
  };

  it('prints the value after the change, and says what changed', async () => {
    calls.length = 0;
    const { code, stdout, stderr } = await runFake(
      ['dags', 'pause', 'sales', '--reason', 'moving', '-o', 'json'],
      { dags },
      system,
    );
    expect(code).toBe(0);
    expect(calls).toEqual([{ dagIds: ['sales'], isPaused: true, reason: 'moving' }]);
    expect(JSON.parse(stdout)).toEqual([{ dag_id: 'sales', is_paused: true }]);
    expect(stderr).toBe('sales is now paused.\n');
    expect((await runFake(['dags', 'pause', 'tmp_b'], { dags }, system)).stderr).toBe('tmp_b was already paused.\n');
  });

  it('asks before it changes what a regular expression matches, and needs -y where nobody can be asked', async () => {
    calls.length = 0;
    const args = ['dags', 'pause', '--treat-dag-id-as-regex', '^tmp_', '-o', 'json'];
    const silent = await runFake(args, { dags }, system);
    expect(silent).toMatchObject({ code: 2, stdout: '' });
    expect(silent.stderr).toMatch(/CLI_USAGE: -y: This will pause 1 DAG: tmp_a\. Proceed\? Nobody can be asked here/);

    const terminal = new FakeTerminal();
    terminal.interactive = true;
    expect(await runFake(args, { dags }, system, terminal)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'Cancelled: nothing was changed.\n',
    });
    expect(calls).toEqual([]);

    expect(await runFake([...args, '-y'], { dags }, system)).toMatchObject({ code: 0 });
    expect(calls).toEqual([{ dagIds: ['tmp_a'], isPaused: true, reason: null }]);
  });
});

describe('what destroys', () => {
  it.each<[string[], Partial<System>, string]>([
    [['dags', 'delete', 'sales'], { deleteDag: async () => {} }, 'Deleted sales with all its runs.'],
    [
      ['db', 'reset'],
      {
        resetDatabase: async () => ({
          applied: [],
          serverVersion: '18.4',
          location: 'embedded',
          schemaVersion: 4,
          expectedSchemaVersion: 4,
        }),
      },
      'Reset: an empty schema of version 4 (Postgres 18.4 at embedded).',
    ],
  ])('%p asks first', async (args, system, done) => {
    const refused = await runFake(args, { dags }, {});
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/-y/);
    const terminal = new FakeTerminal();
    terminal.interactive = true;
    terminal.answer = true;
    const asked = await runFake(args, { dags }, system, terminal);
    expect(asked).toMatchObject({ code: 0, stderr: `${done}\n` });
    expect(terminal.questions).toHaveLength(1);
    expect(await runFake([...args, '-y'], { dags }, system)).toMatchObject({ code: 0, stderr: `${done}\n` });
  });
});

describe('dags show --save', () => {
  it.each([
    ['x.dot', /^digraph/],
    ['x.mmd', /flowchart LR/],
    ['x.svg', /^<svg/],
  ])('%s', async (name, start) => {
    const file = join(mkdtempSync(join(tmpdir(), 'cli-')), name);
    const { code, stdout, stderr } = await runFake(['dags', 'show', 'sales', '--save', file], { dags });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: `Saved the graph of sales (2 tasks) to ${file}.\n` });
    expect(readFileSync(file, 'utf8')).toMatch(start);
  });

  it('says which file it cannot write', async () => {
    const { code, stderr } = await runFake(['dags', 'show', 'sales', '--save', '/no/such/folder/x.svg'], { dags });
    expect(code).toBe(2);
    expect(stderr).toContain('--save: the file cannot be written (ENOENT), got "/no/such/folder/x.svg"');
  });
});

describe('tasks', () => {
  const runs = [dagRun('r1', { logicalDate: Date.UTC(2026, 0, 1), state: 'running' })];
  const instances = [
    taskInstance('extract', { state: 'success', startedAt: NOW, endedAt: NOW + 1_500, tryNumber: 1 }),
    taskInstance('load', { id: 2, mapIndex: 0, state: 'none' }),
  ];

  it('list prints ids, and settings with -o', async () => {
    expect(await runFake(['tasks', 'list', 'sales'], { dags })).toMatchObject({ code: 0, stdout: 'extract\nload\n' });
    const { stdout } = await runFake(['tasks', 'list', 'sales', '-o', 'json'], { dags });
    expect((JSON.parse(stdout) as unknown[])[1]).toMatchObject({
      task_id: 'load',
      upstream: ['extract'],
      retries: 0,
      is_mapped: false,
    });
  });

  it.each(['r1', '2026-01-01', '2026-01-01T01:00+01:00'])('states-for-dag-run finds the run by %s', async (key) => {
    const { stdout } = await runFake(['tasks', 'states-for-dag-run', 'sales', key, '-o', 'json'], {
      dags,
      runs,
      taskInstances: instances,
    });
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({
        task_id: 'extract',
        state: 'success',
        end_date: '2026-03-01T12:00:01.500+00:00',
        map_index: -1,
        try_number: 1,
      }),
      expect.objectContaining({ task_id: 'load', state: null, start_date: null, map_index: 0 }),
    ]);
  });

  it('states-for-dag-run shows the names of copies where there are some', async () => {
    const named = instances.map((row) => (row.taskId === 'load' ? { ...row, mapLabel: 'eu' } : row));
    const { stdout } = await runFake(['tasks', 'states-for-dag-run', 'sales', 'r1'], { dags, runs, taskInstances: named });
    expect(stdout).toMatch(/rendered_map_index/);
    expect(stdout).toMatch(/load .* eu /);
    const plain = await runFake(['tasks', 'states-for-dag-run', 'sales', 'r1'], { dags, runs, taskInstances: instances });
    expect(plain.stdout).not.toMatch(/rendered_map_index/);
  });

  it('states-for-dag-run says which run it does not find', async () => {
    const { code, stderr } = await runFake(['tasks', 'states-for-dag-run', 'sales', 'r2'], { dags, runs });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'NOT_FOUND: logical_date_or_run_id: sales has no run with this run id or logical date, got "r2"; did you mean r1?\n',
    });
  });

  it('pitfall 69: clear without --dry-run lists, asks, clears and says so', async () => {
    const requests: unknown[] = [];
    const system: Partial<System> = {
      clearTaskInstances: async (_client, request) => {
        requests.push(request);
        const instances = [{ runId: 'r1', taskId: 'load', mapIndex: -1, state: 'failed', effect: 'clear' }] as const;
        return { instances, runs: 1, runsOnOldVersion: 1, token: 'seen' };
      },
    };
    const terminal = new FakeTerminal();
    terminal.interactive = true;
    terminal.answer = true;
    const args = ['tasks', 'clear', 'sales', '-t', '^lo', '-f', '-d', '-s', '2026-01-01', '--run-id', 'r1', '-o', 'json'];
    const { code, stdout, stderr } = await runFake(args, { dags, runs }, system, terminal);
    expect(code).toBe(0);
    expect(stderr).toBe(
      '1 run keeps its older version of sales: --latest-version runs the newest one.\nCleared 1 task instance of sales.\n',
    );
    expect(terminal.questions).toEqual(['This will clear 1 task instance of 1 run. Proceed?']);
    expect(JSON.parse(stdout)).toEqual([
      { dag_id: 'sales', run_id: 'r1', task_id: 'load', map_index: -1, state: 'failed', effect: 'clear' },
    ]);
    const same = {
      dagId: 'sales',
      tasks: null,
      taskRegex: '^lo',
      runIds: ['r1'],
      from: Date.UTC(2026, 0, 1),
      to: null,
      onlyFailed: true,
      downstream: true,
    };
    expect(requests).toEqual([
      expect.objectContaining({ ...same, dryRun: true, token: null, version: 'own' }),
      expect.objectContaining({ ...same, dryRun: false, token: 'seen', version: 'own' }),
    ]);
  });

  it('clear says when nothing matches', async () => {
    const system: Partial<System> = {
      clearTaskInstances: async () => ({ instances: [], runs: 0, runsOnOldVersion: 0, token: '' }),
    };
    expect(await runFake(['tasks', 'clear', 'sales', '-o', 'json'], { dags }, system)).toMatchObject({
      code: 0,
      stdout: '[]\n',
      stderr: 'Nothing to clear: no task instance matches.\n',
    });
    expect(await runFake(['tasks', 'clear', 'sales', '-t', '^x'], { dags }, system)).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('tasks render', () => {
  const contents = {
    dags,
    runs: [dagRun('r1')],
    taskInstances: [taskInstance('extract'), taskInstance('load', { id: 2, mapIndex: 3 })],
  };
  const rendered = (more: Partial<RenderedTask>): Partial<System> => ({
    renderTask: async () => ({ source: 'attempt', fields: ['command', 'env', 'cwd'], values: {}, ...more }),
  });

  it('prints each field, texts as they are and the rest as JSON, without control characters', async () => {
    const values = { command: 'echo 1\necho \u001b[2J', env: { A: '1' } };
    const { code, stdout, stderr } = await runFake(['tasks', 'render', 'sales', 'extract', 'r1'], contents, rendered({ values }));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rule = `# ${'-'.repeat(58)}`;
    expect(stdout).toBe(
      `${rule}\n# property: command\n${rule}\necho 1\necho \\u001b[2J\n\n` +
        `${rule}\n# property: env\n${rule}\n{\n  "A": "1"\n}\n\n${rule}\n# property: cwd\n${rule}\nnull\n\n`,
    );
  });

  it('says when they were made now, and when there are none', async () => {
    const now = await runFake(
      ['tasks', 'render', 'sales', 'load', 'r1', '--map-index', '3'],
      contents,
      rendered({ source: 'now' }),
    );
    expect(now).toMatchObject({ code: 0, stderr: expect.stringMatching(/^load has not run yet/) as unknown });
    const none = await runFake(['tasks', 'render', 'sales', 'extract', 'r1'], contents, rendered({ fields: [] }));
    expect(none).toMatchObject({ code: 0, stdout: '', stderr: 'extract has no template fields.\n' });
  });

  it('names a wrong task, copy or run', async () => {
    for (const [args, message] of [
      [['sales', 'extrakt', 'r1'], /NOT_FOUND: task_id: .* did you mean extract/],
      [['sales', 'load', 'r1'], /NOT_FOUND: --map-index: load has no such copy in this run.*allowed: 3/],
      [['sales', 'load', 'r9'], /NOT_FOUND: logical_date_or_run_id/],
    ] as const) {
      const { code, stderr } = await runFake(['tasks', 'render', ...args], contents, rendered({}));
      expect(code).toBe(1);
      expect(stderr).toMatch(message);
    }
  });
});

describe('tasks logs', () => {
  const attempt = (token: string, tryNumber: number, createdAt: number): Attempt => ({
    token,
    taskInstanceId: 1,
    tryNumber,
    dispatchNumber: 1,
    state: 'failed',
    workerId: null,
    createdAt,
    startedAt: createdAt,
    endedAt: createdAt + 1,
    endReason: null,
    error: null,
    logPath: `${token}.jsonl`,
    rendered: null,
  });
  const contents = {
    dags,
    runs: [dagRun('r1')],
    taskInstances: [taskInstance('extract', { state: 'failed', endedAt: NOW }), taskInstance('load', { id: 2, mapIndex: 3 })],
    attempts: [attempt('second', 2, NOW + 5), attempt('first', 1, NOW)],
  };
  const system: Partial<System> = {
    async *readAttemptLog(path) {
      yield {
        at: '2026-03-01T12:00:00.000Z',
        level: 'info',
        source: 'task',
        try: 1,
        message: `read ${path}\u001b[2J`,
        rows: '\u009b3',
      };
      yield {
        at: '2026-03-01T12:00:00.001Z',
        level: 'error',
        source: 'stderr',
        try: 1,
        message: 'boom',
        stack: 'Error: boom\n  at x',
      };
    },
  };

  it('prints the last attempt, with fields and without control characters', async () => {
    const { code, stdout, stderr } = await runFake(['tasks', 'logs', 'sales', 'extract', 'r1'], contents, system);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '--- try 2: failed\n' });
    expect(stdout).toBe(
      '2026-03-01T12:00:00.000Z INFO  read /project/.airflow-like/logs/second.jsonl\\u001b[2J {"rows":"\\u009b3"}\n' +
        '2026-03-01T12:00:00.001Z ERROR [stderr] boom\n    Error: boom\n      at x\n',
    );
  });

  it('prints one try, and follows all of them to the end', async () => {
    const first = await runFake(['tasks', 'logs', 'sales', 'extract', 'r1', '--try', '1'], contents, system);
    expect(first.stdout).toContain('/first.jsonl');
    const followed = await runFake(['tasks', 'logs', 'sales', 'extract', 'r1', '-f'], contents, {
      async *followAttemptLog(path) {
        yield { at: 'x', level: 'info', source: 'task', try: 2, message: path };
      },
    });
    expect(followed).toMatchObject({ code: 0 });
    expect(followed.stdout).toContain('/second.jsonl');
  });

  it.each<[string[], RegExp]>([
    [['extract', 'r1', '--try', '9'], /there was no try 9/],
    [['extract', 'r1', '--map-index', '2'], /--map-index: extract is not mapped: leave it out, got 2/],
    [['extrat', 'r1'], /run r1 has no such task, got "extrat"; did you mean extract\?/],
    [['load', 'r1'], /--map-index: load is mapped: say which of its copies, got -1; allowed: 3 to 3/],
    [['load', 'r1', '--map-index', '3'], /load: has not been started yet \(none\)/],
  ])('%p', async (args, reason) => {
    const { code, stdout, stderr } = await runFake(['tasks', 'logs', 'sales', ...args], contents, system);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(reason);
  });

  it.each([[[]], [['-f']]])('says why a task ended that was never started %j', async (options) => {
    const ended = taskInstance('load', { id: 2, state: 'failed', endedAt: NOW });
    const { code, stderr } = await runFake(
      ['tasks', 'logs', 'sales', 'load', 'r1', ...options],
      { ...contents, taskInstances: [ended], reasons: { 2: 'EXPAND_TYPE: expected an array or an object, got null' } },
      system,
    );
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/load: was never started, so there is no log; it is failed: EXPAND_TYPE: expected an array/),
    });
  });

  it('says so when a task wrote nothing', async () => {
    const [first] = contents.attempts as [Attempt];
    const silent = { ...first, state: 'success', startedAt: NOW, endedAt: NOW + 12, endReason: null, logPath: null } as const;
    const { code, stdout, stderr } = await runFake(['tasks', 'logs', 'sales', 'extract', 'r1'], {
      ...contents,
      attempts: [silent],
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^--- try \d+: success\nIt ran from 2026-03-01T12:00:00\+00:00 for 12ms and wrote nothing\.\n$/);
  });

  it('says where a log is that is not here', async () => {
    const missing: Partial<System> = {
      // eslint-disable-next-line require-yield -- fails before its first line
      async *readAttemptLog() {
        throw Object.assign(new Error('no file'), { code: 'ENOENT' });
      },
    };
    const { code, stderr } = await runFake(['tasks', 'logs', 'sales', 'extract', 'r1'], contents, missing);
    expect(code).toBe(1);
    expect(stderr).toContain('NOT_FOUND: second.jsonl: the log file is not on this machine');
  });
});

describe('backfill', () => {
  const start = Date.UTC(2026, 0, 1);
  const next = { start: start + DAY, end: start + 2 * DAY };
  const plan = {
    create: [{ start, end: start + DAY }],
    rerun: [],
    skip: [dagRun('old', { logicalDate: next.start, dataInterval: next, state: 'running' })],
    first: { start, end: start + DAY },
    last: next,
    estimateMs: null,
    active: null,
  };
  const progress = backfillProgress({}, 1);
  const ended = (failed: number): FollowedBackfill => ({
    ...progress,
    success: 1 - failed,
    failed,
    firstStartedAt: NOW,
    lastEndedAt: NOW + 2_000,
    backfill: { ...progress.backfill, completedAt: NOW },
  });
  const system = (...states: FollowedBackfill[]): Partial<System> => ({
    parseConf,
    planBackfill: async () => plan,
    createBackfill: async () => progress.backfill,
    async *followBackfill() {
      yield* states;
    },
  });
  const args = ['backfill', 'create', '--dag-id', 'sales', '--from-date', '2026-01-01', '--to-date', '2026-01-02', '-o', 'json'];
  const planLine =
    'sales: 2 intervals (1 to create, 0 to run again, 1 left as they are), first 2026-01-01T00:00:00+00:00, last ends 2026-01-03T00:00:00+00:00\n' +
    'Runs that exist already: 1 running.';

  it('--dry-run prints the plan and creates nothing', async () => {
    const { code, stdout, stderr } = await runFake([...args, '--dry-run'], { dags }, { parseConf, planBackfill: async () => plan });
    expect({ code, stderr }).toEqual({ code: 0, stderr: `${planLine}\nDry run: nothing was created.\n` });
    expect((JSON.parse(stdout) as { action: string; logical_date: string }[]).map((row) => [row.logical_date, row.action])).toEqual(
      [
        ['2026-01-01T00:00:00+00:00', 'create'],
        ['2026-01-02T00:00:00+00:00', 'leave: running'],
      ],
    );
  });

  it.each([
    [0, 0, '1 succeeded, 0 failed'],
    [1, 3, '0 succeeded, 1 failed'],
  ])('follows to the end: %i failed exits with %i', async (failed, expected, text) => {
    const { code, stdout, stderr } = await runFake(args, { dags }, system(progress, ended(failed)));
    expect(code).toBe(expected);
    expect(JSON.parse(stdout)).toMatchObject([{ id: 3, dag_id: 'sales', expected_runs: 1, completed_at: null }]);
    expect(stderr).toContain(`${planLine}\nCreated backfill 3 of sales: 1 run.\n`);
    expect(stderr).toContain(`Backfill 3 has ended in 2s: ${text}.`);
  });

  it('names the runs that still run when it was cancelled', async () => {
    const cancelled = { ...ended(4), running: 1, backfill: { ...ended(4).backfill, isCancelled: true } };
    const { code, stderr } = await runFake(args, { dags }, system(progress, cancelled));
    expect(code).toBe(3);
    expect(stderr).toMatch(/Backfill 3 was cancelled: .*4 failed, 1 still running\./);
  });

  it('leaves it running on Ctrl-C and says how to follow it', async () => {
    const terminal = new FakeTerminal();
    const follow: Partial<System> = {
      ...system(),
      async *followBackfill(_client, _id, signal) {
        yield progress;
        terminal.pressCtrlC();
        if (!signal.aborted) throw new Error('the signal did not arrive');
      },
    };
    const { code, stderr } = await runFake(args, { dags }, follow, terminal);
    expect(code).toBe(130);
    expect(stderr).toContain('Backfill 3 goes on. Follow it with: airflow-like backfill follow 3');
  });

  it('--dry-run says how long it will take, and what it has to wait for', async () => {
    const planBackfill = async () => ({ ...plan, estimateMs: 90_000, active: progress.backfill });
    const { stderr } = await runFake([...args, '--dry-run'], { dags }, { parseConf, planBackfill });
    expect(stderr).toContain(
      'By its newest runs it takes about 1m 30s.\nBackfill 3 of sales is active: another one can be created',
    );
  });

  it('hands over how many runs it may have, and with which version existing ones run again', async () => {
    const requests: unknown[] = [];
    const planBackfill = async (_client: unknown, request: unknown) => (requests.push(request), plan);
    const more = ['--max-runs', '50', '--no-run-on-latest-version', '--dry-run'];
    await runFake([...args, ...more], { dags }, { parseConf, planBackfill });
    await runFake([...args, '--run-on-latest-version', '--dry-run'], { dags }, { parseConf, planBackfill });
    expect(requests).toEqual([
      expect.objectContaining({ maxRuns: 50, runOnLatestVersion: false }),
      expect.objectContaining({ runOnLatestVersion: true }),
    ]);
  });

  it('pauses, unpauses and cancels', async () => {
    const calls: unknown[] = [];
    const pauseBackfill = async (_client: unknown, id: number, isPaused: boolean) => {
      calls.push([id, isPaused]);
      return { backfill: progress.backfill, isChanged: isPaused };
    };
    const cancelBackfill = async () => ({ backfill: progress.backfill, isChanged: true, failedRuns: 7 });
    const system = { pauseBackfill, cancelBackfill };
    expect(await runFake(['backfill', 'pause', '3'], {}, system)).toMatchObject({ code: 0, stderr: 'Backfill 3 is now paused.\n' });
    expect((await runFake(['backfill', 'unpause', '3'], {}, system)).stderr).toBe('Backfill 3 was already unpaused.\n');
    expect((await runFake(['backfill', 'cancel', '3'], {}, system)).stderr).toBe(
      'Backfill 3 is cancelled: 7 runs that had not started failed.\n',
    );
    expect(calls).toEqual([
      [3, true],
      [3, false],
    ]);
  });

  it('shows one with its counts and its estimate', async () => {
    const shown = backfillProgress({ success: 40, partial: 2, failed: 1, running: 4, queued: 53, etaMs: 12_400 });
    const contents = { backfills: [shown.backfill] };
    const { code, stdout } = await runFake(['backfill', 'show', '3', '-o', 'json'], contents, system(shown));
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as unknown[])[0]).toMatchObject({
      id: 3,
      state: 'active',
      success_runs: 40,
      partial_runs: 2,
      failed_runs: 1,
      running_runs: 4,
      queued_runs: 53,
      eta_seconds: 12,
      run_on_latest_version: true,
    });
    expect(await runFake(['backfill', 'show', '4'], contents, system())).toMatchObject({
      code: 1,
      stderr: 'NOT_FOUND: id: there is no such backfill, got 4; allowed: 3\n',
    });
  });

  it('does not follow what nobody runs', async () => {
    const { code, stderr } = await runFake(args, { dags, alive: ['dag-processor'] }, system());
    expect(code).toBe(0);
    expect(stderr).toMatch(/No scheduler is running[\s\S]*backfill follow 3/);
  });

  it('follows again, and names the backfills there are', async () => {
    const contents = { dags, backfills: [progress.backfill] };
    expect(await runFake(['backfill', 'follow', '3'], contents, system(ended(0)))).toMatchObject({ code: 0 });
    const unknown = await runFake(['backfill', 'follow', '4'], contents, system());
    expect(unknown).toMatchObject({ code: 1, stderr: 'NOT_FOUND: id: there is no such backfill, got 4; allowed: 3\n' });
    const listed = await runFake(['backfill', 'list', '-o', 'json'], contents);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ id: 3, max_active_runs: 4, reprocess_behavior: 'none', is_paused: false }]);
  });
});

describe('processes', () => {
  it.each<[string[], keyof System, unknown]>([
    [['standalone', '--port', '9090'], 'runStandalone', { api: { port: 9090 } }],
    [['worker', '--slots', '4', '-q', 'default, gpu'], 'runWorker', { worker: { slots: 4, queues: ['default', 'gpu'] } }],
    [['api-server', '-H', '0.0.0.0', '-p', '0'], 'runApiServer', { api: { port: 0, host: '0.0.0.0' } }],
    [['scheduler', '-v'], 'runScheduler', {}],
    [['dag-processor'], 'runDagProcessor', {}],
  ])('%p hands over its flags and its exit code', async (args, name, overrides) => {
    const calls: { verbose: boolean }[] = [];
    const outcome = await runFake(args, {}, { [name]: async (options: { verbose: boolean }) => (calls.push(options), 7) });
    expect(outcome.code).toBe(7);
    expect(outcome.overrides).toEqual(overrides);
    expect(calls).toEqual([expect.objectContaining({ verbose: args.includes('-v') })]);
  });
});

describe('db', () => {
  const status = { serverVersion: '18.4', location: 'embedded', schemaVersion: 4, expectedSchemaVersion: 4 };

  it('migrate says what it applied', async () => {
    const migrated = await runFake(
      ['db', 'migrate'],
      {},
      { migrateDatabase: async () => ({ ...status, applied: ['0004_pools'] }) },
    );
    expect(migrated).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'Migrated to version 4: 0004_pools (Postgres 18.4 at embedded).\n',
    });
    const nothing = await runFake(['db', 'migrate'], {}, { migrateDatabase: async () => ({ ...status, applied: [] }) });
    expect(nothing.stderr).toMatch(/^Nothing to do/);
  });

  it('check tries as often as it was told', async () => {
    let tries = 0;
    const system: Partial<System> = {
      checkDatabase: async () => {
        if (++tries < 2) throw new Error('connection refused');
        return status;
      },
    };
    expect(await runFake(['db', 'check', '--retry', '3', '--retry-delay', '1'], {}, system)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'Not yet (3 tries left): connection refused\nThe database answers: Postgres 18.4 at embedded, schema version 4.\n',
    });
    tries = -9;
    expect(await runFake(['db', 'check'], {}, system)).toMatchObject({ code: 1 });
  });
});

describe('config', () => {
  it('list explains each option', async () => {
    const { code, stdout } = await runFake(['config', 'list', '--section', 'api', '--defaults']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^\[api\]\n# Address the API server listens on[^\n]*\n# type: text; default: 127\.0\.0\.1; from: default; variable: AIRFLOW_LIKE__API__HOST\nhost = 127\.0\.0\.1\n/,
    );
    expect(stdout).not.toContain('[core]');
    const json = await runFake(['config', 'list', '--section', 'worker', '-o', 'json']);
    expect(JSON.parse(json.stdout)).toContainEqual(
      expect.objectContaining({ section: 'worker', option: 'slots', value: 16, unit: 'task instances' }),
    );
  });

  it.each([
    [['core', 'parallelism'], '32\n'],
    [['core', 'default_timezone'], 'UTC\n'],
    [['worker', 'queues'], 'default\n'],
  ])('get-value %p', async (args, text) => {
    expect(await runFake(['config', 'get-value', ...args])).toMatchObject({ code: 0, stdout: text, stderr: '' });
  });

  it.each([
    [['cores', 'parallelism'], /NOT_FOUND: section: there is no such section, got "cores".*did you mean core\?/],
    [['core', 'parallelsm'], /NOT_FOUND: option: section core has no such option, got "parallelsm"; did you mean parallelism\?/],
  ])('get-value %p is not there', async (args, reason) => {
    const { code, stdout, stderr } = await runFake(['config', 'get-value', ...args]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(reason);
  });
});

describe('a reader that goes away', () => {
  it('ends the command silently with 0, and closes what was opened', async () => {
    const terminal = new FakeTerminal();
    const system: Partial<System> = {
      async *readAttemptLog() {
        yield { at: 'x', level: 'info', source: 'task', try: 1, message: 'read' };
        terminal.closeOut();
        yield { at: 'x', level: 'info', source: 'task', try: 1, message: 'lost' };
        throw new Error('nobody reads this');
      },
    };
    const contents = {
      dags,
      runs: [dagRun('r1')],
      taskInstances: [taskInstance('extract')],
      attempts: [
        { token: 't', taskInstanceId: 1, tryNumber: 1, dispatchNumber: 1, createdAt: 1, logPath: 'x', endedAt: 1 } as Attempt,
      ],
    };
    const { code, stdout, stderr, closed } = await runFake(['tasks', 'logs', 'sales', 'extract', 'r1'], contents, system, terminal);
    expect({ code, closed, stdout }).toEqual({ code: 0, closed: 1, stdout: 'x INFO  read\n' });
    expect(stderr).not.toContain('nobody');
  });
});

import { describe, expect, it } from '@jest/globals';
import type { MarkedRun, MarkResult, System } from '../../../src/cli/system.js';
import { dagRun, FakeTerminal, listing, NOW, runFake, taskInstance } from './fake-cli.js';

const dags = [listing('sales')];
const runs = [
  dagRun('r1', { state: 'failed', logicalDate: NOW, conf: { limit: 7 }, note: 'look\u001b[31m' }),
  dagRun('r2', { id: 2, state: 'partial' }),
];
const taskInstances = [
  taskInstance('extract', { state: 'success' }),
  taskInstance('load', { id: 2, mapIndex: 0, state: 'failed' }),
  taskInstance('load', { id: 3, mapIndex: 1, state: 'none' }),
];
const contents = { dags, runs, taskInstances };

const willing = (answer = true): FakeTerminal => {
  const terminal = new FakeTerminal();
  terminal.interactive = true;
  terminal.answer = answer;
  return terminal;
};

describe('state', () => {
  it.each([
    [['dags', 'state', 'sales', 'r1'], 'failed, {"limit":7}\n'],
    [['dags', 'state', 'sales', 'r2'], 'partial\n'],
    [['tasks', 'state', 'sales', 'extract', 'r1'], 'success\n'],
    [['tasks', 'state', 'sales', 'load', 'r1', '--map-index', '0'], 'failed\n'],
    [['tasks', 'state', 'sales', 'load', 'r1', '--map-index', '1'], 'None\n'],
  ])('%j', async (args, stdout) => expect(await runFake(args, contents)).toMatchObject({ code: 0, stdout, stderr: '' }));

  it.each([
    ['B45: an unknown DAG', ['dags', 'state', 'sale', 'r1'], /^NOT_FOUND: dag_id: .*did you mean sales\?/, 1],
    [
      'B45: an unknown run',
      ['dags', 'state', 'sales', 'r9'],
      /^NOT_FOUND: logical_date_or_run_id: .*got "r9"; did you mean r\d\?/,
      1,
    ],
    ['B45: an unknown task', ['tasks', 'state', 'sales', 'lod', 'r1'], /^NOT_FOUND: task_id: .*got "lod"; did you mean load\?/, 1],
    [
      'B45: a copy that is not there',
      ['tasks', 'state', 'sales', 'load', 'r1'],
      /^NOT_FOUND: --map-index: .*got -1; allowed: 0 to 1/,
      1,
    ],
    [
      'B46: a map index of -5',
      ['tasks', 'state', 'sales', 'load', 'r1', '--map-index=-5'],
      /CLI_USAGE: .*An integer from -1 on/,
      2,
    ],
    [
      'B46: a map index of 1e12',
      ['tasks', 'state', 'sales', 'load', 'r1', '--map-index', '1e12'],
      /CLI_USAGE: .*An integer from -1 on/,
      2,
    ],
    [
      'B46: a map index of abc',
      ['tasks', 'mark', 'sales', 'load', 'r1', '--state', 'failed', '--map-index', 'abc'],
      /CLI_USAGE/,
      2,
    ],
    ['B48: an unknown state', ['dags', 'list-runs', 'sales', '--state', 'runing'], /CLI_USAGE: .*Did you mean running\?/, 2],
    [
      'B48: reversed dates',
      ['tasks', 'clear', 'sales', '-s', '2026-01-02', '-e', '2026-01-01'],
      /^CLI_USAGE: --end-date: lies before/,
      2,
    ],
    [
      'a state nobody marks',
      ['tasks', 'mark', 'sales', 'load', 'r1', '--state', 'sucess'],
      /CLI_USAGE: .*Did you mean success\?/,
      2,
    ],
    ['no state to mark', ['dags', 'mark-run', 'sales', 'r1'], /CLI_USAGE: .*--state/, 2],
    ['two ways to name tasks', ['tasks', 'clear', 'sales', '-t', 'a', '--task-id', 'a'], /CLI_USAGE: --task-id/, 2],
    [
      'copies of several tasks',
      ['tasks', 'clear', 'sales', '--task-id', 'a', 'b', '--map-index', '1'],
      /CLI_USAGE: --map-index/,
      2,
    ],
    ['a past of nothing', ['tasks', 'clear', 'sales', '--past'], /CLI_USAGE: --past: goes with exactly one --run-id/, 2],
    ['runs to clear that are not named', ['dags', 'clear', 'sales'], /CLI_USAGE: .*--run-id/, 2],
  ])('refuses %s', async (_what, args, message, code) => {
    const outcome = await runFake(args, contents);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).toMatch(new RegExp(message.source, 'm'));
  });
});

describe('tasks mark', () => {
  const result: MarkResult = {
    marked: [{ runId: 'r1', taskId: 'load', mapIndex: 0, from: 'failed', to: 'success' }],
    cleared: [{ runId: 'r1', taskId: 'report', mapIndex: -1, from: 'upstream_failed', to: 'none' }],
  };
  const system = (requests: unknown[]): Partial<System> => ({
    markTaskInstances: async (_client, request) => (requests.push(request), result),
  });
  const args = ['tasks', 'mark', 'sales', 'load', '2026-03-01T12:00', '--state', 'success', '--map-index', '0', '1', '-o', 'json'];

  it('shows what it will do, asks, does it and says so', async () => {
    const requests: unknown[] = [];
    const terminal = willing();
    const { code, stdout, stderr } = await runFake([...args, '-u', '--future'], contents, system(requests), terminal);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'Marked 1 task instance of sales success; 1 task instance below run again.\n',
    });
    expect(terminal.questions).toEqual([
      'This will mark 1 task instance success, and clear 1 task instance below that failed. Proceed?',
    ]);
    expect(JSON.parse(stdout)).toEqual([
      { dag_id: 'sales', run_id: 'r1', task_id: 'load', map_index: 0, state: 'failed', new_state: 'success' },
      { dag_id: 'sales', run_id: 'r1', task_id: 'report', map_index: -1, state: 'upstream_failed', new_state: 'none' },
    ]);
    const same = {
      dagId: 'sales',
      runId: 'r1',
      taskId: 'load',
      mapIndexes: [0, 1],
      state: 'success',
      upstream: true,
      future: true,
    };
    expect(requests).toEqual([
      { ...same, downstream: false, past: false, dryRun: true },
      { ...same, downstream: false, past: false, dryRun: false },
    ]);
  });

  it('stops at the plan with --dry-run, and where nobody says yes', async () => {
    const requests: unknown[] = [];
    const dry = await runFake([...args, '--dry-run'], contents, system(requests));
    expect(dry).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^Dry run, nothing was changed: this would mark 1 task instance success/),
    });
    expect(await runFake(args, contents, system(requests), willing(false))).toMatchObject({ code: 1 });
    expect(await runFake(args, contents, system(requests))).toMatchObject({ code: 2, stderr: expect.stringContaining('give -y') });
    expect(requests).toHaveLength(3);
    expect(requests).toEqual(Array(3).fill(expect.objectContaining({ dryRun: true })));
  });
});

describe('dags mark-run', () => {
  const marked: readonly MarkedRun[] = [
    { runId: 'r1', from: 'running', to: 'failed', instances: [{ taskId: 'load', mapIndex: -1, from: 'running', to: 'failed' }] },
    { runId: 'r2', from: 'running', to: 'running', instances: [] },
  ];

  it('shows every run and its tasks, and says where a teardown has to end first', async () => {
    const requests: unknown[] = [];
    const system: Partial<System> = { markDagRuns: async (_client, request) => (requests.push(request), marked) };
    const args = ['dags', 'mark-run', 'sales', 'r1', 'r2', '--state', 'failed', '-y', '-o', 'json'];
    const { code, stdout, stderr } = await runFake(args, contents, system);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'r1 is failed.\nr2 is running (a teardown has to end first).\n' });
    expect(JSON.parse(stdout)).toMatchObject([
      { run_id: 'r1', task_id: null, state: 'running', new_state: 'failed' },
      { run_id: 'r1', task_id: 'load', state: 'running', new_state: 'failed' },
      { run_id: 'r2', task_id: null },
    ]);
    expect(requests).toEqual([true, false].map((dryRun) => ({ dagId: 'sales', runIds: ['r1', 'r2'], state: 'failed', dryRun })));
  });
});

describe('tasks clear over several DAGs', () => {
  it('asks once, and clears each DAG as it was shown', async () => {
    const several = { ...contents, dags: [...dags, listing('sales_eu'), listing('stock')] };
    const requests: unknown[] = [];
    const system: Partial<System> = {
      clearTaskInstances: async (_client, request) => {
        requests.push([request.dagId, request.dryRun, request.token]);
        const instances = [{ runId: 'r1', taskId: 'load', mapIndex: -1, state: 'failed', effect: 'clear' }] as const;
        return { instances, runs: 1, runsOnOldVersion: 0, token: `seen ${request.dagId}` };
      },
    };
    const terminal = willing();
    const { stdout, stderr } = await runFake(['tasks', 'clear', '^sales', '-R', '-f', '-o', 'json'], several, system, terminal);
    expect(terminal.questions).toEqual(['This will clear 2 task instances of 2 runs of 2 DAGs. Proceed?']);
    expect(stderr).toBe('Cleared 1 task instance of sales.\nCleared 1 task instance of sales_eu.\n');
    expect(JSON.parse(stdout)).toMatchObject([{ dag_id: 'sales' }, { dag_id: 'sales_eu' }]);
    expect(requests).toEqual([
      ['sales', true, null],
      ['sales_eu', true, null],
      ['sales', false, 'seen sales'],
      ['sales_eu', false, 'seen sales_eu'],
    ]);
  });

  it.each([
    ['^x', /^NOT_FOUND: dag_id: no DAG id matches this expression, got "\^x"/],
    ['[', /^CLI_USAGE: dag_id: Not a regular expression/],
  ])('refuses %s', async (text, message) => {
    expect((await runFake(['tasks', 'clear', text, '-R'], contents)).stderr).toMatch(new RegExp(message.source, 'm'));
  });
});

describe('dags clear', () => {
  it.each([
    [[], { version: 'own', onlyNew: false }],
    [['--latest-version'], { version: 'latest', onlyNew: false }],
    [['--only-new'], { version: 'latest', onlyNew: true }],
    [['-f', '-r'], { onlyFailed: true, onlyRunning: true }],
  ])('with %j', async (flags, expected) => {
    const requests: unknown[] = [];
    const system: Partial<System> = {
      clearTaskInstances: async (_client, request) => {
        requests.push(request);
        const instances = [{ runId: 'r1', taskId: 'load', mapIndex: -1, state: 'failed', effect: 'clear' }] as const;
        return { instances, runs: 1, runsOnOldVersion: 0, token: 't' };
      },
    };
    const dry = await runFake(['dags', 'clear', 'sales', '--run-id', 'r1', 'r2', ...flags, '--dry-run'], contents, system);
    expect(dry).toMatchObject({ code: 0, stderr: 'Dry run, nothing was changed: this would clear 1 task instance of 1 run.\n' });
    expect(requests).toEqual([expect.objectContaining({ runIds: ['r1', 'r2'], tasks: null, dryRun: true, ...expected })]);
  });

  it('counts what is cleared apart from what else the newest version brings', async () => {
    const effects = ['clear', 'remove', 'clear', 'add', 'restore'] as const;
    const instances = effects.map((effect, mapIndex) => ({
      runId: 'r1',
      taskId: 'load',
      mapIndex,
      state: 'failed' as const,
      effect,
    }));
    const clearTaskInstances = async () => ({ instances, runs: 1, runsOnOldVersion: 0, token: 't' });
    const args = ['dags', 'clear', 'sales', '--run-id', 'r1', '--latest-version'];
    expect((await runFake([...args, '--dry-run'], contents, { clearTaskInstances })).stderr).toContain(
      'this would clear 2 task instances of 1 run (and add 1, restore 1, remove 1).',
    );
    expect((await runFake([...args, '-y'], contents, { clearTaskInstances })).stderr).toContain(
      'Cleared 2 task instances of sales (and added 1, restored 1, removed 1).',
    );
    const onlyAdded = async () => ({ instances: instances.slice(3, 4), runs: 1, runsOnOldVersion: 0, token: 't' });
    expect((await runFake([...args, '-y'], contents, { clearTaskInstances: onlyAdded })).stderr).toContain(
      'Added 1 task instance of sales.',
    );
  });

  it('shows people the first rows of many, and everything as JSON', async () => {
    const instances = Array.from({ length: 250 }, (_, index) => {
      return { runId: `r${index}`, taskId: 'load', mapIndex: -1, state: 'failed', effect: 'clear' } as const;
    });
    const system: Partial<System> = {
      clearTaskInstances: async () => ({ instances, runs: 250, runsOnOldVersion: 2, token: 't' }),
    };
    const args = ['dags', 'clear', 'sales', '--run-id', 'r1', '--dry-run'];
    const table = await runFake(args, contents, system);
    expect(table.stdout.trimEnd().split('\n')).toHaveLength(202);
    expect(table.stderr).toContain('... and 50 more (-o json shows all).');
    expect(table.stderr).toContain('2 runs keep their older version of sales: --latest-version runs the newest one.');
    expect(JSON.parse((await runFake([...args, '-o', 'json'], contents, system)).stdout)).toHaveLength(250);
  });
});

describe('notes and deletion', () => {
  it('prints a note without what a terminal would obey, or says that there is none', async () => {
    expect((await runFake(['dags', 'note', 'sales', 'r1'], contents)).stdout).not.toContain('\u001b');
    expect(await runFake(['dags', 'note', 'sales', 'r2'], contents)).toMatchObject({ stdout: '', stderr: 'Run r2 has no note.\n' });
  });

  it('writes and removes it', async () => {
    const notes: unknown[] = [];
    const system: Partial<System> = {
      setRunNote: async (_client, dagId, runId, note) => (notes.push([dagId, runId, note]), runs[0]!),
    };
    expect((await runFake(['dags', 'note', 'sales', 'r1', 'hello'], contents, system)).stderr).toBe('Noted at r1.\n');
    expect((await runFake(['dags', 'note', 'sales', 'r1', ''], contents, system)).stderr).toBe('Removed the note of r1.\n');
    expect(notes).toEqual([
      ['sales', 'r1', 'hello'],
      ['sales', 'r1', null],
    ]);
  });

  it('deletes a run only when told to', async () => {
    const deleted: unknown[] = [];
    const system: Partial<System> = { deleteDagRun: async (_client, ...what) => (deleted.push(what), 'r1') };
    const terminal = willing(false);
    expect((await runFake(['dags', 'delete-run', 'sales', 'r1'], contents, system, terminal)).code).toBe(1);
    expect(terminal.questions).toEqual(['This deletes run r1 (failed) of sales with its history. Proceed?']);
    expect(deleted).toEqual([]);
    expect(await runFake(['dags', 'delete-run', 'sales', 'r1', '-y'], contents, system)).toMatchObject({
      code: 0,
      stderr: 'Deleted run r1 of sales.\n',
    });
    expect(deleted).toEqual([['sales', 'r1']]);
  });
});

describe('dags trigger', () => {
  it('passes on when, why and under which key, and says when there is nothing new', async () => {
    const requests: unknown[] = [];
    const system: Partial<System> = {
      triggerOnce: async (_client, request) => (requests.push(request), { run: runs[0]!, isNew: false }),
    };
    const flags = ['--run-after', '2026-03-02', '--note', 'why', '--idempotency-key', 'k'];
    const { code, stdout, stderr } = await runFake(['dags', 'trigger', 'sales', ...flags, '-o', 'json'], contents, system);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'Nothing new: this key triggered run r1 of sales before, it is failed.\n',
    });
    expect(requests).toMatchObject([{ runAfter: Date.UTC(2026, 2, 2), note: 'why', idempotencyKey: 'k' }]);
    expect(JSON.parse(stdout)).toMatchObject([{ dag_run_id: 'r1', triggering_user_name: null }]);
  });
});

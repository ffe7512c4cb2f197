/** The built command as a process: speed, pipes, and every kind of command on a fresh folder where nothing else runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, Installation } from '../support/installation.js';
import { PROJECT_ROOT } from '../tidy/project-root.js';

const MAIN = join(PROJECT_ROOT, 'dist', 'cli', 'main.js');

const SALES = `
import { dag, task, context, type Wired } from 'airflow-like';
@dag({ schedule: '0 2 * * *', timezone: 'Europe/Paris', startDate: '2026-01-01', endDate: '2026-01-03', catchup: false, tags: ['etl'] })
export class Sales {
  @task() async extract() { console.log('reading'); return { rows: 3 }; }
  @task() async load(input: { rows: number }) {
    if (context().params['fail']) throw new Error('no space left');
    return input.rows * 2;
  }
  wire(t: Wired<Sales>) { t.load(t.extract()); }
}`;

let installation: Installation;
beforeAll(() => {
  installation = new Installation({ dags: { 'sales.ts': SALES } });
  chmodSync(installation.root, 0o755); // an embedded Postgres that runs under another account may live here without a word
});
afterAll(() => installation.dispose());

describe('without the system', () => {
  it('shows help where nothing is set up, and sets nothing up for it', async () => {
    const { code, stderr } = await installation.run('--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(existsSync(installation.home)).toBe(false);
  });

  it('ends silently with 0 when its reader goes away', async () => {
    const child = spawn(process.execPath, [MAIN, 'config', 'list', '--defaults'], {
      cwd: installation.root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('tells a mistake in the configuration in one line', async () => {
    const { code, stdout, stderr } = await installation
      .start(['config', 'list'], { env: { AIRFLOW_LIKE__CORE__PARALELISM: '3' } })
      .ended();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^CONFIG_INVALID: env AIRFLOW_LIKE__CORE__PARALELISM: unknown option; did you mean AIRFLOW_LIKE__CORE__PARALLELISM\?\n$/,
    );
  });
});

describe('on a fresh folder', () => {
  it('runs a DAG and a task in one process, without a database', async () => {
    const tested = await installation.run('dags', 'test', 'sales', '2026-01-02', '-o', 'json');
    expect({ code: tested.code, stderr: tested.code === 0 ? '' : tested.stderr }).toEqual({ code: 0, stderr: '' });
    expect((JSON.parse(tested.stdout) as { task_id: string; state: string }[]).map((row) => [row.task_id, row.state])).toEqual([
      ['extract', 'success'],
      ['load', 'success'],
    ]);
    expect(tested.stderr).toContain('reading');
    expect(tested.stderr).not.toContain('lost');

    const failed = await installation.run('dags', 'test', 'sales', '2026-01-02', '-c', '{"fail": true}');
    expect(failed.code).toBe(3);
    expect(failed.stderr).toContain('no space left');

    const task = await installation.run('tasks', 'test', 'sales', 'extract', '2026-01-02');
    expect({ code: task.code, value: JSON.parse(task.stdout) as unknown }).toEqual({ code: 0, value: { rows: 3 } });
    expect(existsSync(join(installation.home, 'postgres'))).toBe(false);
  });

  it('lists the DAGs although nothing ever ran, and leaves no process behind', async () => {
    const { code, stdout, stderr } = await installation.run('dags', 'list', '-o', 'json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual([
      {
        dag_id: 'sales',
        fileloc: join(installation.root, 'dags', 'sales.ts'),
        owners: expect.any(Array),
        is_paused: false,
        bundle_name: 'dags-folder',
        bundle_version: null,
      },
    ]);
    expect(await eventually(() => (installation.livePids().length === 0 ? true : null))).toBe(true);
  }, 120_000);

  it('says what is wrong with a file, and that it is mended', async () => {
    installation.writeDag(
      'broken.ts',
      "import { dag } from 'airflow-like';\n@dag({ schedul: '@daily' })\nexport class Broken { wire() {} }\n",
    );
    const broken = await installation.run('dags', 'list-import-errors', '-o', 'json');
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.stdout)).toContainEqual(
      expect.objectContaining({
        filepath: join(installation.root, 'dags', 'broken.ts'),
        line: 2,
        column: 8,
        suggestion: 'schedule',
      }),
    );
    const check = await installation.run('dags', 'check');
    expect(check.code).toBe(1);
    expect(check.stdout).toContain('broken.ts');
    installation.removeDag('broken.ts');
    expect(await installation.json('dags', 'list-import-errors')).toEqual([]);
    expect((await installation.run('dags', 'check')).code).toBe(0);
  }, 120_000);

  it('shows, previews, pauses, triggers and clears', async () => {
    const shown = await installation.run('dags', 'show', 'sales');
    expect(shown.stdout).toContain('extract\n└─ load');
    const svg = join(installation.root, 'sales.svg');
    expect((await installation.run('dags', 'show', 'sales', '--save', svg)).stderr).toBe(
      `Saved the graph of sales (2 tasks) to ${svg}.\n`,
    );
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg/);

    const paused = await installation.run('dags', 'pause', 'sales', '-o', 'json');
    expect(paused).toMatchObject({ code: 0, stderr: 'sales is now paused.\n' });
    expect(JSON.parse(paused.stdout)).toEqual([{ dag_id: 'sales', is_paused: true }]);
    expect((await installation.run('dags', 'unpause', 'sales')).stderr).toBe('sales is now unpaused.\n');

    const triggered = await installation.run(
      'dags',
      'trigger',
      'sales',
      '-r',
      'mine',
      '-l',
      '2026-01-02',
      '-c',
      '{"fail": true}',
      '-o',
      'json',
    );
    expect(triggered.code).toBe(0);
    expect(JSON.parse(triggered.stdout)).toMatchObject([
      { dag_id: 'sales', dag_run_id: 'mine', run_type: 'manual', conf: { fail: true } },
    ]);
    expect(triggered.stderr).toContain('No scheduler is running');
    const again = await installation.run('dags', 'trigger', 'sales', '-r', 'mine');
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toMatch(/^RUN_EXISTS: /);
    expect(await installation.json('dags', 'list-runs', 'sales')).toMatchObject([{ run_id: 'mine', state: 'queued' }]);
    expect(await installation.json('tasks', 'states-for-dag-run', 'sales', 'mine')).toMatchObject([
      { task_id: 'extract', state: null },
      { task_id: 'load', state: null },
    ]);
    expect((await installation.run('dags', 'state', 'sales', 'mine')).stdout).toBe('queued, {"fail":true}\n');
    expect((await installation.run('tasks', 'state', 'sales', 'extract', 'mine')).stdout).toBe('None\n');
  }, 180_000);

  it('pitfall 58: finds a run by its key, keeps notes, and lets a run of a paused DAG wait', async () => {
    await installation.run('dags', 'pause', 'sales', '--reason', 'warehouse is moving');
    const once = ['dags', 'trigger', 'sales', '--idempotency-key', 'k-1', '--note', 'asked by Ada', '-o', 'json'];
    const first = await installation.run(...once);
    expect(first.stderr).toContain('sales is paused: the run waits until airflow-like dags unpause sales');
    const [{ dag_run_id: runId, note, state }] = JSON.parse(first.stdout) as [Record<string, string>];
    expect([note, state]).toEqual(['asked by Ada', 'queued']);
    const again = await installation.run(...once);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain(`Nothing new: this key triggered run ${runId} of sales before, it is queued.`);
    expect(await installation.run(...once, '-c', '{"fail": true}')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^IDEMPOTENCY_CONFLICT: DAG sales: run manual__.* another conf/),
    });
    expect(await installation.json('dags', 'details', 'sales')).toMatchObject([
      { is_paused: true, paused_reason: 'warehouse is moving' },
    ]);
    expect((await installation.run('dags', 'note', 'sales', runId!)).stdout).toBe('asked by Ada\n');
    expect((await installation.run('dags', 'note', 'sales', runId!, 'done')).code).toBe(0);
    expect((await installation.run('dags', 'note', 'sales', runId!)).stdout).toBe('done\n');
    await installation.run('dags', 'delete-run', 'sales', runId!, '-y');
    await installation.run('dags', 'unpause', 'sales');
  }, 180_000);
});

describe('beside a running standalone', () => {
  it('follows runs, reads logs, clears, and follows a backfill', async () => {
    const standalone = await installation.startStandalone();
    const failed = await installation.run(
      'dags',
      'trigger',
      'sales',
      '--wait',
      '-c',
      '{"fail": true}',
      '-r',
      'fails',
      '-o',
      'json',
    );
    expect({ code: failed.code, rows: JSON.parse(failed.stdout) as unknown }).toMatchObject({
      code: 3,
      rows: [{ state: 'failed' }],
    });
    expect(failed.stderr).toMatch(/success +extract/);
    expect(failed.stderr).toMatch(/failed +load/);

    const log = await installation.run('tasks', 'logs', 'sales', 'load', 'fails');
    expect(log).toMatchObject({ code: 0 });
    expect(log.stdout).toContain('no space left');
    expect((await installation.run('tasks', 'logs', 'sales', 'extract', 'fails', '-f')).stdout).toContain('reading');

    const cleared = await installation.run('tasks', 'clear', 'sales', '--run-id', 'fails', '--only-failed', '-y', '-o', 'json');
    expect(JSON.parse(cleared.stdout)).toMatchObject([{ run_id: 'fails', task_id: 'load', state: 'failed' }]);
    expect(cleared).toMatchObject({ code: 0, stderr: 'Cleared 1 task instance of sales.\n' });

    const args = ['backfill', 'create', '--dag-id', 'sales', '--from-date', '2025-12-01', '--to-date', '2025-12-10'];
    const plan = await installation.run(...args, '--dry-run', '-o', 'json');
    expect((JSON.parse(plan.stdout) as unknown[]).length).toBe(9);
    const backfill = await installation.run(...args, '-o', 'json');
    expect(backfill.code).toBe(0);
    expect(JSON.parse(backfill.stdout)).toMatchObject([{ dag_id: 'sales', expected_runs: 9 }]);
    expect(backfill.stderr).toMatch(/Backfill 1 has ended[^\n]*: 9 succeeded, 0 failed\./);

    const info = await installation.json<{ section: string; name: string }>('info');
    expect(
      info
        .filter(({ section }) => section === 'components')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(expect.arrayContaining(['dag-processor', 'scheduler']));
    standalone.kill('SIGINT');
    expect((await standalone.ended()).code).toBe(0);
  }, 180_000);
});

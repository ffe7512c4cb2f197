import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, Installation, type RunningCommand } from '../support/installation.js';
import { LAB_TOOLS, openGate, readLedger, ticksOf } from '../support/lab-dags.js';

/** The day that fails until `mended` exists; each day waits for the one before. */
const DIARY = `${LAB_TOOLS}
@dag({ schedule: '@daily', startDate: '2024-01-01', endDate: '2024-01-05', catchup: true, maxActiveRuns: 16 })
export class Diary {
  @task({ dependsOnPast: true })
  async write(): Promise<string> {
    note();
    const day = context().logicalDate!.toISOString().slice(0, 10);
    if (day === '2024-01-03' && !existsSync(root + '/mended')) throw new Error('the page of ' + day + ' is missing');
    return day;
  }
  @task() async read(day: string): Promise<void> { note(); appendFileSync(root + '/read', day + '\\n'); }
  wire(t: Wired<Diary>) { t.read(t.write()); }
}

@dag({ schedule: null })
export class Slow {
  @task() async work(): Promise<string> { await hold(); return 'worked'; }
  @task() async after(value?: string): Promise<void> { note(); appendFileSync(root + '/after', context().runId + ' ' + String(value) + '\\n'); }
  wire(t: Wired<Slow>) { t.after().after(t.work()); }
}`;

let installation: Installation;
let standalone: RunningCommand;

beforeAll(async () => {
  installation = new Installation({ dags: { 'diary.ts': DIARY } });
  standalone = await installation.startStandalone();
});

afterAll(() => installation.dispose());

/** State by logical date. Run ids carry the end of the interval, a day later. */
async function runStates(): Promise<Record<string, string>> {
  const runs = await installation.json<{ logical_date: string; state: string }>('dags', 'list-runs', 'diary');
  return Object.fromEntries(runs.map((run) => [run.logical_date.slice(0, 10), run.state]).reverse());
}

async function taskStates(day: string): Promise<Record<string, string | null>> {
  const rows = await installation.json<{ task_id: string; state: string | null }>('tasks', 'states-for-dag-run', 'diary', day);
  return Object.fromEntries(rows.map((row) => [row.task_id, row.state]));
}

/** Resolves when the terminal shows that the run has ended, whose id carries this day of January. */
const shown = (state: string, day: number) => standalone.printed(new RegExp(`${state}\\s+diary\\s+scheduled__2024-01-0${day}`));

const writes = () => readLedger(installation.root).filter((line) => line.taskId === 'write').length;

describe('runs that depend on their past', () => {
  it('stops at a day that fails; the days after it wait', async () => {
    await Promise.all(['success', 'success', 'failed'].map((state, day) => shown(state, 2 + day)));
    const states = await eventually(async () => {
      const found = await runStates();
      return Object.values(found).filter((state) => state === 'running').length === 2 ? found : null;
    });
    expect(states).toEqual({
      '2024-01-01': 'success',
      '2024-01-02': 'success',
      '2024-01-03': 'failed',
      '2024-01-04': 'running',
      '2024-01-05': 'running',
    });
    expect(await taskStates('2024-01-03')).toEqual({ write: 'failed', read: 'upstream_failed' });
    const { read, write } = await taskStates('2024-01-04');
    expect([read, write]).toEqual([null, null]);
    expect(writes()).toBe(3);
  });

  it('goes on by itself once the failed task of the old day is cleared', async () => {
    writeFileSync(join(installation.root, 'mended'), '');
    const cleared = await installation.run(
      'tasks',
      'clear',
      'diary',
      '--only-failed',
      '-d',
      '-y',
      '-s',
      '2024-01-03',
      '-e',
      '2024-01-03',
    );
    expect(cleared).toMatchObject({ code: 0 });
    // A day that follows may end before the one whose last task takes its time.
    await Promise.all([4, 5, 6].map((day) => shown('success', day)));
    expect(new Set(Object.values(await runStates()))).toEqual(new Set(['success']));
    expect(await taskStates('2024-01-03')).toEqual({ write: 'success', read: 'success' });
    expect(writes()).toBe(6);
    const retried = readLedger(installation.root).filter(({ runId, taskId }) => taskId === 'write' && runId.includes('01-04'));
    expect(retried.map((line) => line.tryNumber)).toEqual([1, 2]);
  });

  it('stops a running task that is cleared, and makes it again', async () => {
    expect((await installation.run('dags', 'trigger', 'slow', '-r', 'slow-1')).code).toBe(0);
    const first = await eventually(() => readLedger(installation.root, 'slow-1')[0] ?? null);
    expect((await installation.run('tasks', 'clear', 'slow', '--run-id', 'slow-1', '-y')).code).toBe(0);
    const second = await eventually(() => readLedger(installation.root, 'slow-1')[1] ?? null);
    expect(second.token).not.toBe(first.token);
    openGate(installation.root, 'slow-1');
    await standalone.printed(/success\s+slow\s+slow-1/);
    expect(readLedger(installation.root, 'slow-1').map(({ taskId }) => taskId)).toEqual(['work', 'work', 'after']);
  });
});

describe('what a person marks', () => {
  it('stops a running task, which never writes again, and lets the run go on', async () => {
    expect((await installation.run('dags', 'trigger', 'slow', '-r', 'slow-2')).code).toBe(0);
    const { pid } = await eventually(() => readLedger(installation.root, 'slow-2')[0] ?? null);
    const marked = await installation.run('tasks', 'mark', 'slow', 'work', 'slow-2', '--state', 'success', '-y', '-o', 'json');
    expect(marked).toMatchObject({ code: 0, stderr: 'Marked 1 task instance of slow success.\n' });
    expect(JSON.parse(marked.stdout)).toMatchObject([{ task_id: 'work', state: 'running', new_state: 'success' }]);
    await standalone.printed(/success\s+slow\s+slow-2/);
    // A task that holds writes every 25 ms, and a command takes longer than that.
    await eventually(async () => {
      const before = ticksOf(installation.root, pid);
      await installation.run('dags', 'state', 'slow', 'slow-2');
      return ticksOf(installation.root, pid) === before ? true : null;
    });
    openGate(installation.root, 'slow-2');
    const states = await installation.json<Record<string, unknown>>('tasks', 'states-for-dag-run', 'slow', 'slow-2');
    expect(states).toMatchObject([
      { task_id: 'after', state: 'success' },
      { task_id: 'work', state: 'success' },
    ]);
    const again = await installation.run('tasks', 'mark', 'slow', 'work', 'slow-2', '--state', 'success', '-y');
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toMatch(/^STATE_CONFLICT: /);
  });

  it('ends a run that holds, and one that failed', async () => {
    expect((await installation.run('dags', 'trigger', 'slow', '-r', 'slow-3')).code).toBe(0);
    await eventually(() => readLedger(installation.root, 'slow-3')[0] ?? null);
    const shown = await installation.run('dags', 'mark-run', 'slow', 'slow-3', '--state', 'failed', '--dry-run', '-o', 'json');
    expect(JSON.parse(shown.stdout)).toMatchObject([
      { run_id: 'slow-3', task_id: null, state: 'running', new_state: 'failed' },
      { task_id: 'work', state: 'running', new_state: 'failed' },
      { task_id: 'after', state: 'none', new_state: 'skipped' },
    ]);
    expect((await installation.run('dags', 'state', 'slow', 'slow-3')).stdout).toBe('running\n');
    expect((await installation.run('dags', 'mark-run', 'slow', 'slow-3', '--state', 'failed', '-y')).stderr).toBe(
      'slow-3 is failed.\n',
    );
    await standalone.printed(/failed\s+slow\s+slow-3/);
    expect((await installation.run('tasks', 'state', 'slow', 'after', 'slow-3')).stdout).toBe('skipped\n');
    expect((await installation.run('dags', 'delete-run', 'slow', 'slow-3', '-y')).code).toBe(0);
    expect((await installation.run('dags', 'state', 'slow', 'slow-3')).stderr).toMatch(/^NOT_FOUND: /);
  });
});

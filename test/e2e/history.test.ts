import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, Installation, type RunningCommand } from '../support/installation.js';
import { LAB_TOOLS, openGate, readLedger } from '../support/lab-dags.js';

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
  @task() async work(): Promise<void> { await hold(); }
  wire(t: Wired<Slow>) { t.work(); }
}`;

let installation: Installation;
let standalone: RunningCommand;

beforeAll(async () => {
  installation = new Installation({ dags: { 'diary.ts': DIARY } });
  standalone = await installation.startStandalone();
}, 30_000);

afterAll(() => installation.dispose(), 30_000);

/** State by logical date. Run ids carry the end of the interval, a day later. */
async function runStates(): Promise<Record<string, string>> {
  const runs = await installation.json<{ logical_date: string; state: string }>('dags', 'list-runs', 'diary');
  return Object.fromEntries(runs.map((run) => [run.logical_date.slice(0, 10), run.state]).reverse());
}

async function taskStates(day: string): Promise<Record<string, string | null>> {
  const rows = await installation.json<{ task_id: string; state: string | null }>('tasks', 'states-for-dag-run', 'diary', day);
  return Object.fromEntries(rows.map((row) => [row.task_id, row.state]));
}

const writes = () => readLedger(installation.root).filter((line) => line.taskId === 'write').length;

describe('runs that depend on their past', () => {
  it('stops at a day that fails; the days after it wait', async () => {
    await standalone.printed(/failed\s+diary\s+scheduled__2024-01-04/);
    expect(await runStates()).toEqual({
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
  }, 60_000);

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
    await standalone.printed(/success\s+diary\s+scheduled__2024-01-06/);
    expect(new Set(Object.values(await runStates()))).toEqual(new Set(['success']));
    expect(await taskStates('2024-01-03')).toEqual({ write: 'success', read: 'success' });
    expect(writes()).toBe(6);
    const retried = readLedger(installation.root).filter(({ runId, taskId }) => taskId === 'write' && runId.includes('01-04'));
    expect(retried.map((line) => line.tryNumber)).toEqual([1, 2]);
  }, 60_000);

  it('stops a running task that is cleared, and makes it again', async () => {
    expect((await installation.run('dags', 'trigger', 'slow', '-r', 'slow-1')).code).toBe(0);
    const first = await eventually(() => readLedger(installation.root, 'slow-1')[0] ?? null);
    expect((await installation.run('tasks', 'clear', 'slow', '--run-id', 'slow-1', '-y')).code).toBe(0);
    const second = await eventually(() => readLedger(installation.root, 'slow-1')[1] ?? null);
    expect(second.token).not.toBe(first.token);
    openGate(installation.root, 'slow-1');
    await standalone.printed(/success\s+slow\s+slow-1/);
    expect(readLedger(installation.root, 'slow-1')).toHaveLength(2);
  }, 60_000);
});

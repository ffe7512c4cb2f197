/** Callbacks of tasks whose processes were killed: decided without their code, and called elsewhere with it. Real workers, `kill -9`. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_LOST_DISPATCHES } from '../../src/model/task-instance.js';
import { eventually, Installation, type RunningCommand } from '../support/installation.js';
import { LAB_TOOLS, readLedger } from '../support/lab-dags.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

/** `worker` kills the worker of each of its attempts, `runner` the process that its tries run in. */
const KILLERS = `${LAB_TOOLS}
import type { DagCallbackContext, TaskCallbackContext } from 'airflow-like';

const die = (pid: number) => { process.kill(pid, 'SIGKILL'); return new Promise<void>(() => undefined); };
const tell = (told: TaskCallbackContext | DagCallbackContext) => {
  const { event, runId, reason, callNumber } = told;
  const task = 'taskId' in told ? { taskId: told.taskId, tryNumber: told.tryNumber, code: told.error?.code ?? null } : {};
  appendFileSync(root + '/told.jsonl', JSON.stringify({ event, runId, reason, callNumber, pid: process.pid, parent: process.ppid, ...task }) + '\\n');
};

@dag({ schedule: null, onFailure: tell, defaultArgs: { onFailure: tell, onRetry: tell, onSuccess: tell } })
export class KillsWorkers {
  @task() worker(): Promise<void> { note(); return die(process.ppid); }
  wire(t: Wired<KillsWorkers>) { t.worker(); }
}

@dag({ schedule: null, onFailure: tell, defaultArgs: { onFailure: tell, onRetry: tell, onSuccess: tell } })
export class KillsRunners {
  @task({ retries: 1, retryDelay: '100ms' }) runner(): Promise<void> { note(); return die(process.pid); }
  wire(t: Wired<KillsRunners>) { t.runner(); }
}`;

interface ToldLine {
  readonly event: string;
  readonly runId: string;
  readonly taskId?: string;
  readonly tryNumber?: number;
  readonly code?: string | null;
  readonly reason: string | null;
  readonly callNumber: number;
  readonly pid: number;
  readonly parent: number;
}

let database: TestDatabase;
let installation: Installation;

beforeAll(async () => {
  database = await createTestDatabase();
  installation = new Installation({
    dags: { 'killers.ts': KILLERS },
    env: { AIRFLOW_LIKE__DATABASE__URL: database.url },
  });
  await installation.start(['scheduler']).printed(/scheduler started/, 'stderr');
});

afterAll(async () => {
  await installation.dispose();
  await database.drop();
});

function told(runId: string): ToldLine[] {
  const file = join(installation.root, 'told.jsonl');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as ToldLine])).filter((line) => line.runId === runId);
}

const untilTold = (runId: string, count: number): Promise<ToldLine[]> =>
  eventually(() => {
    const lines = told(runId);
    return lines.length >= count ? lines : null;
  });

async function trigger(dagId: string, runId: string): Promise<void> {
  expect(await installation.run('dags', 'trigger', dagId, '-r', runId)).toMatchObject({ code: 0 });
}

async function startWorker(): Promise<RunningCommand> {
  const worker = installation.start(['worker', '-c', '2']);
  await worker.printed(/worker started/, 'stderr');
  return worker;
}

describe('callbacks of killed processes', () => {
  it('pitfall 54: are called by the next worker when each worker that had the task was killed', async () => {
    await eventually(async () => (await installation.json('dags', 'list')).length === 2 || null);
    await trigger('kills_workers', 'w');
    // Nobody waits for a lease to end: each worker that starts says of the one before that it is gone.
    for (let loss = 0; loss <= MAX_LOST_DISPATCHES; loss++) {
      const worker = await startWorker();
      await worker.ended();
    }
    const attempts = readLedger(installation.root, 'w');
    expect(attempts.map(({ tryNumber }) => tryNumber)).toEqual([1, 1, 1, 1]);
    expect(told('w')).toEqual([]);
    const survivor = await startWorker();
    const lines = await untilTold('w', 2);
    expect(lines.filter(({ taskId }) => taskId === 'worker')).toMatchObject([
      { event: 'failure', tryNumber: 1, code: 'DISPATCH_LIMIT', callNumber: 1, parent: survivor.pid },
    ]);
    expect(lines.filter(({ taskId }) => taskId === undefined)).toMatchObject([
      { event: 'failure', reason: 'task_failure', callNumber: 1, parent: survivor.pid },
    ]);
    expect(attempts.map(({ pid }) => pid)).not.toContain(lines[0]?.pid);

    await trigger('kills_runners', 'r');
    const ofRunner = await untilTold('r', 3);
    const byEvent = ofRunner.map(({ event, taskId, tryNumber, code }) => [event, taskId, tryNumber, code]);
    // Calls do not wait for each other.
    expect(byEvent.sort()).toEqual(
      [
        ['retry', 'runner', 1, 'TASK_CRASHED'],
        ['failure', undefined, undefined, undefined],
        ['failure', 'runner', 2, 'TASK_CRASHED'],
      ].sort(),
    );
    const pids = new Set(readLedger(installation.root, 'r').map(({ pid }) => pid));
    expect(pids.size).toBe(2);
    for (const { pid, parent } of ofRunner) {
      expect(pids.has(pid)).toBe(false);
      expect(parent).toBe(survivor.pid);
    }
    survivor.kill('SIGTERM');
    expect((await survivor.ended()).code).toBe(0);
    expect([told('w').length, told('r').length]).toEqual([2, 3]);
  }, 120_000);

  it('are called in standalone, where the scheduler starts the tasks itself', async () => {
    const alone = new Installation({ dags: { 'killers.ts': KILLERS } });
    try {
      const standalone = await alone.startStandalone();
      const file = join(alone.root, 'told.jsonl');
      expect(await alone.run('dags', 'trigger', 'kills_runners', '-r', 's')).toMatchObject({ code: 0 });
      const lines = await eventually(() => {
        const found = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
        return found.length === 3 ? found.map((line) => JSON.parse(line) as ToldLine) : null;
      });
      const events = lines.map(({ event, taskId = 'run' }) => `${event} ${taskId}`);
      expect(events.sort()).toEqual(['failure run', 'failure runner', 'retry runner']);
      expect(new Set(lines.map(({ parent }) => parent))).toEqual(new Set([standalone.pid]));
    } finally {
      await alone.dispose();
    }
  });
});

/** Callbacks in real runner processes: what misbehaves fails by name, its neighbours end well, and tasks notice nothing. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAttemptLog } from '../../src/logging/attempt-log.js';
import { callbackLogPath } from '../../src/model/attempt-log.js';
import type { CallbackAssignment } from '../../src/model/callback.js';
import type { CallbackRunner } from '../../src/worker/callbacks/callback-runner.js';
import { childrenOf, isAlive, until, WorkerHarness } from './worker/harness.js';

const SOURCE = `
import { context, dag, task, type DagCallbackContext, type TaskCallbackContext, type Wired } from 'airflow-like';
import { execSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';

type Told = TaskCallbackContext | DagCallbackContext;
const home = process.env.HOME;
const tell = (told: Told) => writeFileSync(home + '/told-' + ('taskId' in told ? told.taskId : 'run'), JSON.stringify({ ...told, pid: process.pid }));
const never = () => new Promise<never>(() => undefined);
const rejects = async () => { throw new TypeError('no answer'); };

@dag({ dagId: 'calls', startDate: '2024-01-01', schedule: null, onFailure: tell })
export class Calls {
  @task({ onFailure: async (told) => { console.log('telling', told.taskId); tell(told); } }) told(): void {}
  @task({ onFailure: rejects }) rejected(): void {}
  @task({ onFailure: never }) hangs(): void {}
  @task({ onFailure: () => { for (;;); } }) blocks(): void {}
  @task({ onFailure: () => void execSync('sleep 60') }) waits(): void {}
  @task({ onFailure: async () => { setTimeout(() => { throw new Error('from a timer'); }, 5); await never(); } }) strays(): void {}
  @task({ onFailure: () => process.exit(0) }) exits(): void {}
  @task({ onFailure: async () => {
    while (!existsSync(home + '/innocent')) await new Promise((resolve) => setTimeout(resolve, 5));
    process.kill(process.pid, 'SIGKILL');
    await never();
  } }) kills(): void {}
  @task({ onFailure: async ({ callNumber }) => {
    writeFileSync(home + '/innocent', '');
    if (callNumber === 1) await never();
  } }) innocent(): void {}
  @task({ onFailure: () => { context(); } }) asks(): void {}
  @task() pid(): number { return process.pid; }
}
`;
/** Includes the start of a runner. */
const TIME_LIMIT_MS = 12_000;

let harness: WorkerHarness;
let runner: CallbackRunner;
let version: number;

beforeAll(async () => {
  harness = new WorkerHarness();
  runner = harness.callbackRunner(TIME_LIMIT_MS);
  version = await harness.addDag(SOURCE);
});
afterAll(async () => {
  runner.stop();
  await harness.close();
});

const call = (taskId: string | null, callNumber?: number) => runner.call(harness.callback(version, taskId, callNumber));
const toldOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(harness.home, `told-${name}`), 'utf8')) as Record<string, unknown>;

async function linesOf(assignment: CallbackAssignment): Promise<string[]> {
  const lines: string[] = [];
  const path = join(harness.home, 'logs', callbackLogPath(assignment));
  if (!existsSync(path)) return lines;
  for await (const { level, source, message } of readAttemptLog(path)) lines.push(`${level} ${source} ${message}`);
  return lines;
}

describe('a callback', () => {
  it('is called in a process of its own, with what it is to be told, and what it prints is kept', async () => {
    const assignment = harness.callback(version, 'told');
    await expect(runner.call(assignment)).resolves.toBeNull();
    await expect(call(null)).resolves.toBeNull();
    const told = toldOf('told');
    expect(told).toMatchObject({
      callbackId: 'k/told',
      callNumber: 1,
      event: 'failure',
      taskId: 'told',
      tryNumber: 1,
      state: 'failed',
      dagId: 'calls',
      logicalDate: '2024-01-01T00:00:00.000Z',
      dataInterval: { start: '2024-01-01T00:00:00.000Z', end: '2024-01-02T00:00:00.000Z' },
    });
    expect(toldOf('run')).toMatchObject({ event: 'failure', dagId: 'calls', pid: told['pid'] });
    const ofTask = await harness.runTask(version, 'pid');
    expect(ofTask.kind === 'success' && ofTask.output?.value).not.toBe(told['pid']);
    expect(told['pid']).not.toBe(process.pid);
    expect(await linesOf(assignment)).toEqual(['info system call 1 of the callback for failure', 'info console telling told']);
  });

  it('that throws, throws past its promise, exits or asks for a task fails with what it did', async () => {
    const assignment = harness.callback(version, 'rejected');
    await expect(runner.call(assignment)).resolves.toMatchObject({ code: 'TASK_ERROR', name: 'TypeError', message: 'no answer' });
    expect(await linesOf(assignment)).toContain('error system the callback for failure failed: no answer');
    await expect(call('strays')).resolves.toMatchObject({ message: expect.stringContaining('from a timer') });
    await expect(call('exits')).resolves.toMatchObject({ code: 'TASK_EXITED' });
    await expect(call('asks')).resolves.toMatchObject({ code: 'CONTEXT_MISSING' });
  });

  it('that does not end within its time is ended, while others go on', async () => {
    const [hangs, blocks, waits, told] = await Promise.all([call('hangs'), call('blocks'), call('waits'), call('told')]);
    for (const failure of [hangs, blocks, waits]) {
      expect(failure).toMatchObject({ code: 'CALLBACK_TIMEOUT', message: expect.stringContaining('it did not end within 12s') });
    }
    expect(told).toBeNull();
    expect(runner.freeSlots).toBe(4);
    await expect(call('told')).resolves.toBeNull();
  });

  it('pitfall 54: whose process is killed costs the others there one call, and is alone when it is called again', async () => {
    const first = await Promise.all([call('kills'), call('innocent')]);
    expect(first.map((failure) => failure?.code)).toEqual(['CALLBACK_LOST', 'CALLBACK_LOST']);
    expect(first[0]?.message).toContain('signal SIGKILL');
    const second = await Promise.all([call('kills', 2), call('innocent', 2)]);
    expect(second.map((failure) => failure?.code)).toEqual(['CALLBACK_LOST', undefined]);
  });

  it('of a version that is gone fails, and a stop ends all calls and leaves no process', async () => {
    const unknown = { ...harness.callback(version, 'told'), versionId: 99 };
    await expect(runner.call(unknown)).resolves.toMatchObject({ message: expect.stringContaining('not in the database') });
    const own = harness.callbackRunner(TIME_LIMIT_MS);
    const before = new Set(childrenOf(process.pid));
    const hangs = own.call(harness.callback(version, 'hangs'));
    const started = (): number[] => childrenOf(process.pid).filter((pid) => !before.has(pid));
    await until(() => started().length > 0, 'a runner');
    const [pid = 0] = started();
    own.stop();
    await expect(hangs).resolves.toMatchObject({ code: 'CALLBACK_LOST' });
    await until(() => !isAlive(pid), 'the end of the runner');
  });
});

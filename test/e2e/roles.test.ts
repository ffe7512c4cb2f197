import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { componentPids, runStates } from '../support/database-reads.js';
import { eventually, Installation, type RunningCommand } from '../support/installation.js';
import { LAB, LAB_TOOLS, openGate, readLedger, type LedgerLine } from '../support/lab-dags.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

/** The worker that a test kills or freezes loses its lease after this time; a machine that stands still for a few seconds must not take it away. */
const LEASE_MS = 15_000;
/** With these slots each, five tasks at once need both workers. */
const SLOTS = 4;

/** A package of the author's, a file beside the DAG, and forty copies of one task. In `fan-1` no copy ends before one worker alone has too many. */
const FAN = `${LAB_TOOLS}
import { greet } from 'greeting';
import { readFileSync } from 'node:fs';
import { COUNT } from './shared/count.js';
const begun = () => readFileSync(root + '/ledger.jsonl', 'utf8').split('"taskId":"each"').length - 1;
@dag({ schedule: null, maxActiveTasks: 40 })
export class Fan {
  @task() async list(): Promise<number[]> { note(); return Array.from({ length: COUNT }, (_, index) => index); }
  @task() async each(index: number): Promise<string> {
    note();
    while (context().runId === 'fan-1' && begun() <= ${SLOTS}) await new Promise((resolve) => setTimeout(resolve, 25));
    return greet(index);
  }
  @task() async join(greetings: string[]): Promise<void> {
    note();
    appendFileSync(root + '/joined', greetings.join(','));
  }
  wire(t: Wired<Fan>) { t.join(t.each.map(t.list())); }
}`;

/** `load` of a run waits for `load` and `report` of the run before. */
const CHAIN = `${LAB_TOOLS}
@dag({ schedule: '@daily', startDate: '2024-01-01', endDate: '2024-01-05', catchup: true, maxActiveRuns: 5 })
export class Chain {
  @task({ waitForDownstream: true }) async load(): Promise<number> { note(); return 1; }
  @task() async report(n: number): Promise<void> { note(); await new Promise((resolve) => setTimeout(resolve, 100 * n)); }
  wire(t: Wired<Chain>) { t.report(t.load()); }
}`;

let database: TestDatabase;
let installation: Installation;
let elsewhere: string;
let schedulers: RunningCommand[];
let workers: RunningCommand[];

beforeAll(async () => {
  database = await createTestDatabase();
  installation = new Installation({
    env: {
      AIRFLOW_LIKE__DATABASE__URL: database.url,
      AIRFLOW_LIKE__WORKER__HEARTBEAT_MS: '500',
      AIRFLOW_LIKE__WORKER__LEASE_MS: String(LEASE_MS),
      AIRFLOW_LIKE__SCHEDULER__PLAN_VISIBILITY_MS: '3000',
    },
  });
  // Workers live in a folder of their own, with packages and without DAGs.
  elsewhere = join(installation.root, 'elsewhere');
  for (const folder of [installation.root, elsewhere]) {
    mkdirSync(join(folder, 'node_modules', 'greeting'), { recursive: true });
    writeFileSync(join(folder, 'node_modules', 'greeting', 'package.json'), '{"type":"module","exports":"./index.js"}');
    writeFileSync(join(folder, 'node_modules', 'greeting', 'index.js'), `export const greet = (n) => 'hello ' + n;`);
  }
  symlinkSync(join(installation.root, 'node_modules', 'airflow-like'), join(elsewhere, 'node_modules', 'airflow-like'));
  mkdirSync(join(installation.root, 'dags', 'shared'));
  installation.writeDag('shared/count.ts', 'export const COUNT: number = 40;');
  installation.writeDag('lab.ts', LAB);
  installation.writeDag('fan.ts', FAN);

  schedulers = [installation.start(['scheduler']), installation.start(['scheduler'])];
  workers = [startWorker(), startWorker()];
  await Promise.all([...schedulers, ...workers].map((process) => process.printed(/(scheduler|worker) started/, 'stderr')));
});

afterAll(async () => {
  await installation.dispose();
  await database.drop();
});

const startWorker = () => installation.start(['worker', '-c', String(SLOTS)], { cwd: elsewhere });

async function trigger(dagId: string, runId: string): Promise<void> {
  expect(await installation.run('dags', 'trigger', dagId, '-r', runId)).toMatchObject({ code: 0 });
}

const begun = (runId: string, count: number): Promise<LedgerLine[]> =>
  eventually(() => {
    const lines = readLedger(installation.root, runId);
    return lines.length >= count ? lines : null;
  });

const ended = (dagId: string, runId: string): Promise<string> =>
  eventually(async () => {
    const state = (await runStates(database.url, dagId)).get(runId);
    return state === 'success' || state === 'failed' ? state : null;
  });

/** Two runs whose four tasks hold, and a worker that has some of them. All four fit into one worker. */
async function holdTasks(name: string): Promise<{ victim: RunningCommand; lost: LedgerLine[]; runs: string[] }> {
  const runs = [`${name}-1`, `${name}-2`];
  for (const runId of runs) await trigger('lab', runId);
  const lines = (await Promise.all(runs.map((runId) => begun(runId, 2)))).flat();
  const victim = workers.find((worker) => lines.some((line) => parentOf(line.pid) === worker.pid)) as RunningCommand;
  return { victim, lost: lines.filter((line) => parentOf(line.pid) === victim.pid), runs };
}

/** Resolves when each of these tasks has begun once more, under another token. */
const madeAgain = (lost: readonly LedgerLine[]): Promise<LedgerLine[]> =>
  eventually(() => {
    const found = readLedger(installation.root).filter((line) =>
      lost.some((one) => one.runId === line.runId && one.taskId === line.taskId && one.token !== line.token),
    );
    return found.length === lost.length ? found : null;
  });

/** Parent of a live process. */
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

describe('schedulers and workers as processes of their own', () => {
  it('delivers code through the database and makes each attempt once, in runners of the workers', async () => {
    await trigger('fan', 'fan-1');
    expect(await ended('fan', 'fan-1')).toBe('success');
    const lines = readLedger(installation.root, 'fan-1');
    expect(lines).toHaveLength(42);
    expect(new Set(lines.map((line) => line.token)).size).toBe(42);
    expect(readFileSync(join(installation.root, 'joined'), 'utf8').split(',')).toEqual(
      Array.from({ length: 40 }, (_, index) => `hello ${index}`),
    );
    const parents = new Set(lines.map((line) => parentOf(line.pid)));
    expect([...parents].sort()).toEqual(workers.map((worker) => worker.pid).sort());
    expect((await componentPids(database.url, 'worker')).sort()).toEqual(workers.map((worker) => worker.pid).sort());
    expect(await componentPids(database.url, 'scheduler')).toHaveLength(2);
  });

  it('lets runs follow each other that wait for the past and its downstream tasks, settled by workers', async () => {
    installation.writeDag('chain.ts', CHAIN);
    const states = await eventually(async () => {
      const found = [...(await runStates(database.url, 'chain')).values()];
      return found.length === 5 && found.every((state) => state === 'success') ? found : null;
    });
    expect(states).toHaveLength(5);
    const order = readLedger(installation.root).filter((line) => line.dagId === 'chain');
    expect(order.map((line) => line.taskId)).toEqual(Array.from({ length: 5 }, () => ['load', 'report']).flat());
    expect([...new Set(order.map((line) => line.runId))]).toHaveLength(5);
  });

  it('makes the attempts of a killed worker again elsewhere, after its lease and without using up a retry', async () => {
    const { victim, lost, runs } = await holdTasks('killed');
    const killedAt = performance.now();
    victim.kill('SIGKILL');
    await victim.ended();
    const again = await madeAgain(lost);
    // At least what was left of the lease: nobody started here since then who could have seen that the process is gone.
    expect(performance.now() - killedAt).toBeGreaterThan(LEASE_MS / 2);
    const [survivor] = workers.filter((worker) => worker !== victim);
    for (const line of again) expect(parentOf(line.pid)).toBe(survivor!.pid);
    for (const line of again) expect(line.tryNumber).toBe(1);
    for (const runId of runs) openGate(installation.root, runId);
    for (const runId of runs) expect(await ended('lab', runId)).toBe('success');
    expect(readLedger(installation.root).filter((line) => runs.includes(line.runId))).toHaveLength(6 + lost.length);
    workers = [survivor!, startWorker()];
    await workers[1]!.printed(/worker started/, 'stderr');
  });

  it('lets a worker that was frozen for longer than its lease drop what it had, and go on', async () => {
    const { victim, lost, runs } = await holdTasks('frozen');
    // As when the whole machine is frozen: a runner that went on would report what became of its tasks.
    for (const { pid } of lost) process.kill(pid, 'SIGSTOP');
    victim.kill('SIGSTOP');
    const again = await madeAgain(lost);
    for (const runId of runs) openGate(installation.root, runId);
    for (const runId of runs) expect(await ended('lab', runId)).toBe('success');
    victim.kill('SIGCONT');
    await victim.printed(/all attempts are killed/, 'stderr');
    expect(again.map((line) => line.tryNumber)).toEqual(lost.map(() => 1));
    expect(readLedger(installation.root).filter((line) => runs.includes(line.runId))).toHaveLength(6 + lost.length);

    // Only the thawed one is left to do it.
    const [other] = workers.filter((worker) => worker !== victim);
    other!.kill('SIGTERM');
    expect((await other!.ended()).code).toBe(0);
    await trigger('fan', 'thawed');
    expect(await ended('fan', 'thawed')).toBe('success');
    for (const line of readLedger(installation.root, 'thawed')) expect(parentOf(line.pid)).toBe(victim.pid);
    workers = [victim, startWorker()];
    await workers[1]!.printed(/worker started/, 'stderr');
  });

  it('goes on when one of two schedulers is killed', async () => {
    const runs = ['orphan-1', 'orphan-2', 'orphan-3'];
    for (const runId of runs) await trigger('lab', runId);
    await Promise.all(runs.map((runId) => begun(runId, 2)));
    schedulers[0]!.kill('SIGKILL');
    await schedulers[0]!.ended();
    for (const runId of runs) openGate(installation.root, runId);
    for (const runId of runs) expect(await ended('lab', runId)).toBe('success');
    expect(readLedger(installation.root).filter((line) => runs.includes(line.runId))).toHaveLength(9);
  });

  it('takes up edits with the scheduler that is left, and stops in order on SIGTERM', async () => {
    installation.writeDag('shared/count.ts', 'export const COUNT: number = 3;');
    for (let run = 1; readLedger(installation.root, `edited-${run - 1}`).length !== 5; run++) {
      await trigger('fan', `edited-${run}`);
      expect(await ended('fan', `edited-${run}`)).toBe('success');
    }
    const left = [schedulers[1]!, ...workers];
    for (const process of left) process.kill('SIGTERM');
    for (const process of left) expect((await process.ended()).code).toBe(0);
    await eventually(() => (installation.livePids().length === 0 ? true : null));
    expect(await componentPids(database.url, 'worker')).toEqual([]);
  });
});

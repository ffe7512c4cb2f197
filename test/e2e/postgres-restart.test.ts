import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/app/embedded-postgres.js';
import { brokenHistories, runStates, stepsTaken } from '../support/database-reads.js';
import { eventually, Installation, isAlive, type RunningCommand } from '../support/installation.js';
import { LAB_TOOLS, readLedger } from '../support/lab-dags.js';
import { silentLogger, withClient } from '../support/postgres.js';

const RUNS = 60;

const CROWD = `${LAB_TOOLS}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
@dag({ schedule: '@daily', startDate: '2024-01-01', endDate: '2024-02-29', catchup: true, maxActiveRuns: 32, maxActiveTasks: 64 })
export class Crowd {
  @task() async extract(): Promise<number> { note(); await pause(40); return context().logicalDate!.getTime(); }
  @task() async check(at: number): Promise<void> { note(); await pause(20); if (at !== context().logicalDate!.getTime()) throw new Error('not mine'); }
  @task() async load(at: number): Promise<number> { note(); await pause(60); return at; }
  @task() async report(at: number): Promise<number> { note(); return at; }
  wire(t: Wired<Crowd>) {
    const at = t.extract();
    t.check(at);
    t.report(t.load(at));
  }
}`;

/** Every step that may occur in this test. A success without a retry, seen from the history: nothing fails, much may be dispatched again. */
const LEGAL_STEPS = [
  'dag_run new -> queued by scheduler',
  'dag_run new -> running by scheduler',
  'dag_run queued -> running by scheduler',
  'dag_run running -> success by scheduler',
  'task_instance new -> none by scheduler',
  'task_instance new -> scheduled by scheduler',
  'task_instance none -> scheduled by scheduler',
  'task_instance scheduled -> queued by scheduler',
  'task_instance queued -> running by scheduler',
  'task_instance queued -> scheduled by scheduler',
  'task_instance running -> scheduled by scheduler',
  'task_instance running -> success by scheduler',
];

let installation: Installation;
let server: EmbeddedPostgres;
let standalone: RunningCommand;

const dataDir = () => join(installation.root, 'server');

beforeAll(async () => {
  installation = new Installation({ dags: { 'crowd.ts': CROWD } });
  server = await startEmbeddedPostgres({ dataDir: dataDir(), logger: silentLogger });
  standalone = installation.start(['standalone'], { env: { AIRFLOW_LIKE__DATABASE__URL: server.url } });
  await standalone.printed(/ready in/);
});

afterAll(async () => {
  standalone.kill('SIGTERM');
  await standalone.ended(6_000);
  await server.stop({ force: true });
  await installation.dispose();
});

/** The server ends its sessions at once, without a checkpoint, and recovers when it starts. */
async function restart(): Promise<void> {
  process.kill(server.pid, 'SIGQUIT');
  await eventually(() => (isAlive(server.pid) ? null : true));
  server = await startEmbeddedPostgres({ dataDir: dataDir(), logger: silentLogger });
}

const begun = (count: number) => eventually(() => (readLedger(installation.root).length >= count ? true : null));

const successes = async () => [...(await runStates(server.url, 'crowd')).values()].filter((state) => state === 'success').length;

describe('a Postgres that is restarted while runs are under way', () => {
  it('costs no run, no retry and no process', async () => {
    await begun(40);
    await restart();
    const afterFirst = readLedger(installation.root).length;
    await begun(afterFirst + 80);
    await restart();
    await eventually(async () => ((await successes()) === RUNS ? true : null));

    const states = await runStates(server.url, 'crowd');
    expect(states.size).toBe(RUNS);
    expect(standalone.process.exitCode).toBeNull();
    const rows = await withClient(server.url, async (client) => {
      const { rows: instances } = await client.query<{ state: string; tries: number; count: string }>(
        'select state, max(try_number) as tries, count(*) from airflow_like.task_instance group by state',
      );
      return instances;
    });
    expect(rows).toEqual([{ state: 'success', tries: 1, count: String(4 * RUNS) }]);
    const live = await withClient(server.url, async (client) => {
      const { rows: attempts } = await client.query(
        `select token from airflow_like.task_attempt where state in ('queued', 'running', 'deferred')`,
      );
      return attempts;
    });
    expect(live).toEqual([]);
  });

  it('leaves a history of legal steps without a gap', async () => {
    expect((await stepsTaken(server.url)).filter((step) => !LEGAL_STEPS.includes(step))).toEqual([]);
    expect(await brokenHistories(server.url)).toEqual([]);
  });

  it('leaves a system that still runs what comes, and stops in order', async () => {
    expect(
      await installation
        .start(['dags', 'trigger', 'crowd', '-l', '2025-01-01', '-r', 'late'], {
          env: { AIRFLOW_LIKE__DATABASE__URL: server.url },
        })
        .ended(),
    ).toMatchObject({ code: 0 });
    await standalone.printed(/success\s+crowd\s+late/);
    standalone.kill('SIGINT');
    expect((await standalone.ended()).code).toBe(0);
  });
});

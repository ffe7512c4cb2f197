import { afterEach, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, Installation } from '../support/installation.js';

const HELLO = `
import { dag, task, type Wired } from 'airflow-like';
@dag({ schedule: '@once', startDate: '2024-01-01' })
export class Hello {
  @task() async greet() { return 'hello'; }
  wire(t: Wired<Hello>) { t.greet(); }
}`;

/** Writes a line when its body starts and waits for a file, so that a test decides how long it runs. */
const WAITER = `
import { dag, task, context, type Wired } from 'airflow-like';
import { appendFileSync, existsSync } from 'node:fs';
const root = process.env['AIRFLOW_LIKE_VAR_ROOT'];
@dag({ schedule: '@once', startDate: '2024-01-01' })
export class Waiter {
  @task() async hold() {
    appendFileSync(root + '/ledger.txt', 'start ' + context().token + '\\n');
    while (!existsSync(root + '/go.txt')) {
      appendFileSync(root + '/ticks.txt', '.');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return context().tryNumber;
  }
  wire(t: Wired<Waiter>) { t.hold(); }
}`;

let installation: Installation;

afterEach(async () => {
  await installation.dispose();
}, 30_000);

async function runState(dagId: string): Promise<string | undefined> {
  const runs = await installation.json<{ state: string }>('dags', 'list-runs', dagId);
  return runs[0]?.state;
}

describe('standalone', () => {
  it('runs a DAG, refuses a second start in one line, and leaves nothing behind on SIGTERM', async () => {
    installation = new Installation({ dags: { 'hello.ts': HELLO } });
    const standalone = await installation.startStandalone();
    await standalone.printed(/success\s+hello/);

    const second = await installation.run('standalone');
    expect(second.code).toBe(1);
    expect(second.stderr.trim().split('\n')).toHaveLength(1);
    expect(second.stderr).toContain('ALREADY_RUNNING');

    const stoppedAt = performance.now();
    standalone.kill('SIGTERM');
    expect((await standalone.ended()).code).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(5_000);
    expect(await eventually(() => (installation.livePids().length === 0 ? true : null))).toBe(true);
  }, 60_000);

  it('goes on after kill -9 of the root process: no orphan writes, the attempt is made again without using up a retry', async () => {
    installation = new Installation({ dags: { 'waiter.ts': WAITER } });
    const ledger = join(installation.root, 'ledger.txt');
    const ticks = join(installation.root, 'ticks.txt');
    const first = await installation.startStandalone();
    await eventually(() => (existsSync(ledger) ? true : null));
    first.kill('SIGKILL');
    await first.ended();
    // The runner ends by itself: its ticks stop.
    await eventually(async () => {
      const before = readFileSync(ticks, 'utf8').length;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return readFileSync(ticks, 'utf8').length === before ? true : null;
    });

    await installation.startStandalone();
    await eventually(() => (readFileSync(ledger, 'utf8').trim().split('\n').length === 2 ? true : null));
    await (await import('node:fs/promises')).writeFile(join(installation.root, 'go.txt'), '');
    await eventually(async () => ((await runState('waiter')) === 'success' ? true : null));
    const tokens = readFileSync(ledger, 'utf8').trim().split('\n');
    expect(new Set(tokens).size).toBe(2);
  }, 90_000);
});

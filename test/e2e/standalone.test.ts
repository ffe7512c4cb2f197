import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { REPEAT_MS } from '../../src/app/shutdown.js';
import { eventually, Installation, isAlive, type RunningCommand } from '../support/installation.js';
import { LAB, LAB_TOOLS, openGate, readLedger, ticksOf, type LedgerLine } from '../support/lab-dags.js';

const HELLO = `${LAB_TOOLS}
@dag({ schedule: '@once', startDate: '2024-01-01' })
export class Hello {
  @task() async greet() { note(); return 'hello'; }
  wire(t: Wired<Hello>) { t.greet(); }
}`;

/** One home for the whole file: what a test leaves behind is what the next one starts from. */
let installation: Installation;
let standalone: RunningCommand;

beforeAll(() => {
  // However slow the machine is, a task whose gate is opened ends within the grace.
  const env = { AIRFLOW_LIKE__SHUTDOWN__GRACE_MS: '3600000' };
  installation = new Installation({ dags: { 'hello.ts': HELLO, 'lab.ts': LAB }, env });
});

afterAll(() => installation.dispose());

/** Creates a run and waits until `count` bodies of it have begun. */
async function trigger(dagId: string, runId: string, count: number): Promise<LedgerLine[]> {
  expect(await installation.run('dags', 'trigger', dagId, '-r', runId)).toMatchObject({ code: 0 });
  return begun(runId, count);
}

const begun = (runId: string, count: number): Promise<LedgerLine[]> =>
  eventually(() => {
    const lines = readLedger(installation.root, runId);
    return lines.length >= count ? lines : null;
  });

/** Resolves when the terminal shows that the run has succeeded. */
const succeeded = (runId: string) => standalone.printed(new RegExp(`success\\s+\\S+\\s+${runId}`));

const nothingLeft = () => eventually(() => (installation.livePids().length === 0 ? true : null));

const isLocked = () => existsSync(join(installation.home, 'standalone.lock'));

async function stop(signal: 'SIGINT' | 'SIGTERM' = 'SIGINT'): Promise<void> {
  standalone.kill(signal);
  expect((await standalone.ended()).code).toBe(0);
  await nothingLeft();
  expect(isLocked()).toBe(false);
}

/** Two tasks of one run, held in the runner that all share; `sum` runs after them. */
const attemptsOf = (lines: readonly LedgerLine[], taskId: string) => lines.filter((line) => line.taskId === taskId);

describe('standalone', () => {
  it('runs a DAG, refuses a second start in one line, and leaves nothing behind on SIGTERM', async () => {
    standalone = await installation.startStandalone();
    await standalone.printed(/success\s+hello/);

    const second = await installation.run('standalone');
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/^ALREADY_RUNNING: [^\n]+\n$/);

    await stop('SIGTERM');
    expect((await standalone.ended()).stderr).toBe('');
  });

  it('says in one line that the port is taken, and lets go of everything', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const refused = await installation.run('standalone', '--port', String(port));
    server.close();
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^PORT_IN_USE: [^\n]+\n$/);
    expect(refused.stderr).toContain(String(port));
    await nothingLeft();
    expect(isLocked()).toBe(false);
  });

  it('starts a second time, and makes no run twice', async () => {
    standalone = await installation.startStandalone();
    expect(await installation.json('dags', 'list-runs', 'hello')).toHaveLength(1);
    expect(readLedger(installation.root).filter((line) => line.dagId === 'hello')).toHaveLength(1);
  });

  it('makes all attempts of a killed runner again, without using up a retry and without an orphan', async () => {
    const [left, right] = await trigger('lab', 'killed-runner', 2);
    expect(left!.pid).toBe(right!.pid);
    process.kill(left!.pid, 'SIGKILL');
    const lines = await begun('killed-runner', 4);
    const ticks = ticksOf(installation.root, left!.pid);
    openGate(installation.root, 'killed-runner');
    await succeeded('killed-runner');
    expect(ticksOf(installation.root, left!.pid)).toBe(ticks);
    expect(new Set(lines.map((line) => line.token)).size).toBe(4);
    for (const line of lines.slice(2)) {
      expect(line.tryNumber).toBe(1);
      expect(line.pid).not.toBe(left!.pid);
    }
    expect(
      readLedger(installation.root, 'killed-runner')
        .map((line) => line.taskId)
        .sort(),
    ).toEqual(['left', 'left', 'right', 'right', 'sum'].sort());
  });

  it('lets running tasks end when it is asked to stop, also when the signal comes twice at once', async () => {
    await trigger('lab', 'drained', 2);
    standalone.kill('SIGINT');
    standalone.kill('SIGINT');
    await standalone.printed(/stopping \(SIGINT\)/);
    openGate(installation.root, 'drained');
    expect((await standalone.ended()).code).toBe(0);
    await nothingLeft();

    standalone = await installation.startStandalone();
    await succeeded('drained');
    // What ended during the shutdown was kept: only the task after it is left to do.
    expect(readLedger(installation.root, 'drained').map((line) => line.taskId)).toEqual(
      expect.arrayContaining(['left', 'right', 'sum']),
    );
    expect(readLedger(installation.root, 'drained')).toHaveLength(3);
  });

  it('ends although a task hears nothing, and makes that task again after the next start', async () => {
    await stop();
    standalone = await installation.startStandalone({ AIRFLOW_LIKE__SHUTDOWN__GRACE_MS: '2000' });
    const [first] = await trigger('stubborn', 'deaf', 1);
    await stop();
    standalone = await installation.startStandalone();
    const lines = await begun('deaf', 2);
    openGate(installation.root, 'deaf');
    await succeeded('deaf');
    expect(lines.map((line) => line.tryNumber)).toEqual([1, 1]);
    expect(lines[1]!.token).not.toBe(first!.token);
    expect(readLedger(installation.root, 'deaf')).toHaveLength(2);
  });

  it('cuts a long grace short at a second Ctrl-C', async () => {
    await trigger('stubborn', 'cut-short', 1);
    standalone.kill('SIGINT');
    await standalone.printed(/stopping \(SIGINT\)/);
    // What follows the first signal within a moment counts as its echo.
    await new Promise((resolve) => setTimeout(resolve, REPEAT_MS + 100));
    standalone.kill('SIGINT');
    expect((await standalone.ended()).code).toBe(0);
    await nothingLeft();
    openGate(installation.root, 'cut-short');

    standalone = await installation.startStandalone();
    await succeeded('cut-short');
    expect(readLedger(installation.root, 'cut-short').map((line) => line.tryNumber)).toEqual([1, 1]);
  });

  it('shows a run that ends while it stops', async () => {
    await trigger('stubborn', 'last-words', 1);
    standalone.kill('SIGINT');
    await standalone.printed(/stopping \(SIGINT\)/);
    openGate(installation.root, 'last-words');
    expect((await standalone.ended()).stdout).toMatch(/success\s+stubborn\s+last-words[^]*\nstopped\n$/);
    await nothingLeft();
    standalone = await installation.startStandalone();
  });

  it('goes on after kill -9 of the root process alone: its runner ends by itself, its Postgres is used again', async () => {
    const [left] = await trigger('lab', 'orphaned', 2);
    standalone.kill('SIGKILL');
    await standalone.ended();
    await eventually(() => (isAlive(left!.pid) ? null : true));
    const ticks = ticksOf(installation.root, left!.pid);
    expect(isLocked()).toBe(true);

    standalone = await installation.startStandalone();
    const lines = await begun('orphaned', 4);
    openGate(installation.root, 'orphaned');
    await succeeded('orphaned');
    expect(lines.every((line) => line.tryNumber === 1)).toBe(true);
    expect(ticksOf(installation.root, left!.pid)).toBe(ticks);
    expect(attemptsOf(readLedger(installation.root, 'orphaned'), 'sum')).toHaveLength(1);
  });

  it('starts after kill -9 of everything with Postgres, over a stale lock and a stale postmaster.pid', async () => {
    await trigger('lab', 'power-cut', 2);
    await installation.cutPower();
    expect(isLocked()).toBe(true);
    expect(existsSync(join(installation.home, 'postgres', 'data', 'postmaster.pid'))).toBe(true);
    // What a start leaves that was killed while it brought the server up.
    writeFileSync(join(installation.home, 'postgres', 'start.lock'), String(standalone.pid));

    standalone = await installation.startStandalone();
    const lines = await begun('power-cut', 4);
    openGate(installation.root, 'power-cut');
    await succeeded('power-cut');
    expect(lines.every((line) => line.tryNumber === 1)).toBe(true);
    expect(attemptsOf(readLedger(installation.root, 'power-cut'), 'sum')).toHaveLength(1);
    await stop();
  });

  it('stops when Ctrl-C reaches the whole process group of `npm start`', async () => {
    const start = 'node node_modules/airflow-like/dist/cli/main.js standalone';
    writeFileSync(join(installation.root, 'package.json'), JSON.stringify({ type: 'module', scripts: { start } }));
    standalone = installation.spawn(['npm', 'start'], { ownGroup: true });
    await standalone.printed(/ready in/);
    await trigger('lab', 'npm', 2);
    standalone.killGroup('SIGINT');
    await standalone.printed(/stopping \(SIGINT\)/);
    openGate(installation.root, 'npm');
    const { stdout } = await standalone.ended();
    expect(stdout).toContain('stopped');
    await nothingLeft();
    expect(isLocked()).toBe(false);

    standalone = await installation.startStandalone();
    await succeeded('npm');
    expect(readLedger(installation.root, 'npm')).toHaveLength(3);
    await stop();
  });
});

/** Tasks that misbehave, on real processes: each fails with the named reason, its neighbour ends well, and nothing is left behind. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Outcome } from '../../src/model/outcome.js';
import { childrenOf, isAlive, markedProcesses, until, WorkerHarness } from './worker/harness.js';

const SOURCE = `
import { context, dag, task, type Wired } from 'airflow-like';
import { execSync, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';

@dag({ dagId: 'hostile', startDate: '2024-01-01', schedule: null })
export class Hostile {
  @task({ executionTimeout: '1s' }) async loops(): Promise<void> { for (;;) await new Promise((resolve) => setTimeout(resolve, 5)); }
  @task({ executionTimeout: '1500ms' }) async blocks(): Promise<void> { parseCsv(); }
  @task({ executionTimeout: '1s' }) async neverSettles(): Promise<void> { await new Promise(() => {}); }
  @task({ executionTimeout: '1s' }) async waitsForChild(): Promise<void> { execSync('sleep 60'); }
  @task({ executionTimeout: '1s' }) async atomicsWait(): Promise<void> { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); }
  @task({ executionTimeout: '300ms' }) async listens(): Promise<void> {
    await new Promise<void>((resolve) => context().signal.addEventListener('abort', () => { console.log('cleaning up'); resolve(); }));
  }
  @task() async exitsZero(): Promise<void> { process.exit(0); }
  @task() async exitsSeven(): Promise<void> { console.log('last words'); process.exit(7); }
  @task() async leaksTimers(): Promise<string> { setInterval(() => console.log('still here'), 5); return 'done'; }
  @task() async throwsUndefined(): Promise<void> { throw undefined; }
  @task() async throwsCircular(): Promise<void> { const a: any = {}; a.a = a; throw a; }
  @task() async throwsNullPrototype(): Promise<void> { throw Object.create(null); }
  @task() async returnsFunction(): Promise<unknown> { return () => 1; }
  @task() async rejectsTwice(): Promise<void> {
    void Promise.reject(new Error('first'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw new Error('second');
  }
  @task() async throwsInTimer(): Promise<void> {
    setTimeout(() => { throw new Error('from a timer'); }, 5);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
  }
  @task() async rejectsLate(): Promise<string> { void Promise.reject(new Error('too late')); return 'fine'; }
  @task() async fillsHeap(): Promise<void> { const all: unknown[] = []; for (;;) all.push(new Array(10_000).fill({ a: 1 })); }
  @task() async fillsBuffers(): Promise<void> {
    const all: Buffer[] = [];
    for (;;) { all.push(Buffer.alloc(16_000_000, 1)); await new Promise((resolve) => setTimeout(resolve, 10)); }
  }
  @task() async fillsBuffersBlocking(): Promise<void> {
    const all: Buffer[] = [];
    for (;;) { if (all.length < 60) all.push(Buffer.alloc(16_000_000, 1)); }
  }
  @task() async leavesChild(): Promise<void> {
    spawn('sh', ['-c', "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & while :; do sleep 1; done"], { stdio: 'ignore', env: { PATH: process.env.PATH } });
    spawn('sh', ['-c', 'sleep 300 & sleep 300'], { detached: true, stdio: 'ignore' }).unref();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  @task({ executionTimeout: '1s' }) async hangsWithChild(): Promise<void> {
    spawn('sh', ['-c', "trap '' TERM; while :; do sleep 1; done"], { stdio: 'inherit' });
    await new Promise(() => {});
  }
  @task() async childPrints(): Promise<void> {
    await new Promise((resolve) => spawn('sh', ['-c', 'echo from the child; echo oops >&2'], { stdio: 'inherit' }).on('close', resolve));
  }
  @task() async printsMuch(): Promise<void> { const line = 'x'.repeat(1_000); for (let i = 0; i < 200_000; i++) console.log(line); }
  @task() async killsItself(): Promise<void> { process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}); }
  @task({ isolation: 'process' }) async killsItselfAlone(): Promise<void> { process.kill(process.pid, 'SIGSEGV'); await new Promise(() => {}); }
  @task({ isolation: 'process' }) async alone(): Promise<string> { writeFileSync(1, 'raw output\\n'); return 'ok'; }
  @task() async neighbour(): Promise<string> {
    console.log('nothing to do with them');
    const until = Date.now() + 150;
    while (Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    return 'fine';
  }
  @task() async patient(): Promise<string> {
    console.log('waiting');
    while (!existsSync(process.env.HOME + '/go')) await new Promise((resolve) => setTimeout(resolve, 10));
    return 'fine';
  }
  @task() async waitsWithChild(): Promise<void> {
    spawn('sh', ['-c', "trap '' TERM HUP; echo $$; while :; do sleep 1; done"], { detached: true, stdio: ['ignore', 'inherit', 'ignore'] });
    await new Promise(() => {});
  }
  @task() async grows(): Promise<number> { kept.push(Buffer.alloc(80_000_000, 1)); return process.pid; }
  @task() async waits(): Promise<void> { console.log('waiting'); await new Promise(() => {}); }

  wire(t: Wired<Hostile>) {
    t.loops(); t.blocks(); t.neverSettles(); t.waitsForChild(); t.atomicsWait(); t.listens(); t.exitsZero(); t.exitsSeven();
    t.leaksTimers(); t.throwsUndefined(); t.throwsCircular(); t.throwsNullPrototype(); t.returnsFunction(); t.rejectsTwice();
    t.throwsInTimer(); t.rejectsLate(); t.fillsHeap(); t.fillsBuffers(); t.fillsBuffersBlocking(); t.leavesChild(); t.hangsWithChild();
    t.childPrints(); t.printsMuch(); t.killsItself(); t.killsItselfAlone(); t.alone(); t.neighbour(); t.patient(); t.waits(); t.waitsWithChild(); t.grows();
  }
}

const kept: Buffer[] = [];
function parseCsv(): void { let x = 0; for (;;) x += JSON.stringify({ x }).length; }
`;

let worker: WorkerHarness;
let dag: number;

beforeAll(async () => {
  worker = new WorkerHarness({
    maxRssMb: 400,
    maxHeapMb: 96,
    blockedLoopWarnMs: 700,
    maxLogBytes: 1_000_000,
    executionGraceMs: 800,
  });
  dag = await worker.addDag(SOURCE);
});
afterAll(() => worker.close());

const failed = (code: string, message: RegExp | string = /./) => ({
  kind: 'failed',
  error: { code, message: expect.stringMatching(message) },
});
const FINE = { kind: 'success', output: { value: 'fine', length: -1 } };

describe('a hostile task', () => {
  it.each<[string, object]>([
    ['loops', failed('TASK_TIMEOUT', /^ran longer than its executionTimeout of 1s$/)],
    ['blocks', failed('TASK_BLOCKED', /executionTimeout of 1.5s; its event loop was blocked for the last \d+(ms|s) in parseCsv$/)],
    ['neverSettles', failed('TASK_TIMEOUT')],
    ['waitsForChild', failed('TASK_BLOCKED')],
    ['atomicsWait', failed('TASK_BLOCKED')],
    ['listens', failed('TASK_TIMEOUT')],
    ['exitsZero', failed('TASK_EXITED', /code 0/)],
    ['exitsSeven', failed('TASK_EXITED', /code 7/)],
    ['leaksTimers', { kind: 'success' }],
    ['throwsUndefined', failed('TASK_ERROR', /^threw undefined$/)],
    ['throwsCircular', failed('TASK_ERROR', /Circular/)],
    ['throwsNullPrototype', failed('TASK_ERROR', /null prototype/)],
    ['returnsFunction', failed('XCOM_NOT_SERIALIZABLE', /return_value: is a function/)],
    ['rejectsTwice', failed('TASK_ERROR', /^first \(was rejected and nobody handled it\)$/)],
    ['throwsInTimer', failed('TASK_ERROR', /^from a timer/)],
    ['rejectsLate', FINE],
    ['fillsHeap', failed('TASK_MEMORY')],
    ['fillsBuffers', failed('TASK_MEMORY', /more than its limit of 400 MB/)],
    ['fillsBuffersBlocking', failed('TASK_MEMORY')],
    ['leavesChild', { kind: 'success' }],
    ['hangsWithChild', failed('TASK_TIMEOUT')],
    ['printsMuch', { kind: 'success' }],
    ['killsItselfAlone', failed('TASK_CRASHED', /signal SIGSEGV/)],
  ])('%s: fails with its own reason beside a neighbour that ends well', async (taskId, expected) => {
    const guilty = worker.assignment(dag, taskId);
    const neighbour = worker.assignment(dag, 'neighbour');
    const [first, second] = await worker.run(guilty, neighbour);
    expect(first?.outcome).toMatchObject(expected);
    expect(isFineOrLost(second?.outcome)).toBe(true);
    expect(markedProcesses(guilty.token)).toEqual([]);
    expect(worker.supervisor.running()).toEqual([]);
    expect(await worker.runTask(dag, 'neighbour')).toEqual(FINE);
  });

  it('that listens to its signal may clean up', async () => {
    const attempt = worker.assignment(dag, 'listens');
    await worker.run(attempt);
    const messages = (await worker.log(attempt)).map(({ message }) => message);
    expect(messages).toContain('cleaning up');
    expect(messages.at(-1)).toMatch(/^failed: TASK_TIMEOUT/);
  });

  it('that blocks its event loop is named while it does', async () => {
    const attempt = worker.assignment(dag, 'blocks');
    const [, line] = await Promise.all([worker.run(attempt), worker.logged(attempt, /event loop blocked/)]);
    expect(line).toMatchObject({
      source: 'system',
      level: 'warn',
      message: expect.stringMatching(/^event loop blocked 1 s in parseCsv$/),
    });
  });

  it('that exits keeps what it printed', async () => {
    const attempt = worker.assignment(dag, 'exitsSeven');
    await worker.run(attempt);
    const messages = (await worker.log(attempt)).map(({ message }) => message);
    expect(messages).toContain('last words');
    expect(messages.at(-1)).toMatch(/^failed: TASK_EXITED/);
  });

  it('that leaves timers cannot print into the log of the next attempt', async () => {
    const attempt = worker.assignment(dag, 'leaksTimers');
    await worker.run(attempt);
    const next = worker.assignment(dag, 'neighbour');
    await worker.run(next);
    expect((await worker.log(next)).map(({ message }) => message)).not.toContain('still here');
    expect((await worker.log(attempt)).map(({ message }) => message)).toContain(
      'the thread is replaced: the task left 1 timer running',
    );
  });

  it('that rejects after its end is warned about', async () => {
    const attempt = worker.assignment(dag, 'rejectsLate');
    await worker.run(attempt);
    const line = await worker.logged(attempt, /too late/);
    expect(line).toMatchObject({ level: 'warn', source: 'system' });
  });

  it('that leaves processes has them killed and named', async () => {
    const attempt = worker.assignment(dag, 'leavesChild');
    await worker.run(attempt);
    expect(markedProcesses(attempt.token)).toEqual([]);
    await worker.logged(attempt, /^killed \d+ processes that the task left running: .*\(sh\)/);
  });

  it('has what its children print in its log', async () => {
    const attempt = worker.assignment(dag, 'childPrints');
    expect((await worker.run(attempt))[0]?.outcome.kind).toBe('success');
    const lines = (await worker.log(attempt)).map(({ source, message }) => `${source}: ${message}`);
    expect(lines).toContain('stdout: from the child');
    expect(lines).toContain('stderr: oops');
  });

  it('that prints without end fills its log up to the limit', async () => {
    const attempt = worker.assignment(dag, 'printsMuch');
    await worker.run(attempt);
    const lines = await worker.log(attempt);
    expect(lines.length).toBeLessThan(1_000);
    expect(lines.map(({ message }) => message).join('\n')).toMatch(
      /reached its limit of 1000000 bytes[^]*\d+ messages were dropped/,
    );
  });

  it('that kills its process is found by running the suspects alone', async () => {
    const guilty = worker.assignment(dag, 'killsItself');
    const innocent = worker.assignment(dag, 'patient');
    const innocentRun = worker.run(innocent);
    await worker.logged(innocent, /^waiting$/);
    const first = [...(await worker.run(guilty)), ...(await innocentRun)];
    expect(first.map(({ outcome }) => outcome.kind)).toEqual(['lost', 'lost']);
    writeFileSync(join(worker.home, 'go'), '');
    const again = [innocent, guilty].map((assignment) => ({ ...assignment, token: assignment.token.replace('4000', '4001') }));
    const second = await worker.run(...again);
    expect(second.map(({ outcome }) => outcome)).toMatchObject([FINE, failed('TASK_CRASHED', /signal SIGKILL/)]);
  });

  it('in a process of its own has its raw output in its log', async () => {
    const attempt = worker.assignment(dag, 'alone');
    expect((await worker.run(attempt))[0]?.outcome).toMatchObject({ kind: 'success', output: { value: 'ok' } });
    await worker.logged(attempt, /^raw output$/);
  });
});

describe('a supervisor', () => {
  it('ends cancelled attempts and reports nothing', async () => {
    const attempt = worker.assignment(dag, 'waits');
    void worker.run(attempt);
    await worker.logged(attempt, /^waiting$/);
    worker.supervisor.cancel(attempt.token, 'cleared');
    expect(worker.supervisor.running()).toEqual([]);
    await until(() => worker.supervisor.freeSlots() === 8, 'free slots');
    expect(worker.reported.map(({ token }) => token)).not.toContain(attempt.token);
    await worker.logged(attempt, /^TASK_CANCELLED: cleared$/);
  });

  it('that lost its lease kills everything at once and reports nothing', async () => {
    const attempt = worker.assignment(dag, 'waits');
    void worker.run(attempt);
    await worker.logged(attempt, /^waiting$/);
    worker.supervisor.abandon('the lease is lost');
    expect(worker.supervisor.freeSlots()).toBe(8);
    expect(await worker.runTask(dag, 'neighbour')).toEqual(FINE);
    expect(worker.reported.map(({ token }) => token)).not.toContain(attempt.token);
  });

  it('that stops reports what is still running as lost and leaves no process', async () => {
    const other = new WorkerHarness();
    const version = await other.addDag(SOURCE);
    const attempt = other.assignment(version, 'waits');
    const done = other.run(attempt);
    await other.logged(attempt, /^waiting$/);
    await other.close();
    expect((await done)[0]?.outcome).toEqual({ kind: 'lost', reason: 'the worker is stopping' });
    expect(markedProcesses(attempt.token)).toEqual([]);
  });

  it('replaces an idle runner that has grown', async () => {
    const other = new WorkerHarness({ wornAfterMs: 100 });
    const version = await other.addDag(SOURCE);
    const pidOf = async () => {
      const outcome = await other.runTask(version, 'grows');
      return outcome.kind === 'success' ? Number(outcome.output?.value) : 0;
    };
    const pid = await pidOf();
    expect(isAlive(pid)).toBe(true);
    await until(() => !isAlive(pid), 'the end of the runner');
    expect(isAlive(await pidOf())).toBe(true);
    expect(other.warnings).toEqual([]);
    await other.close();
  });

  it('that is killed takes its runner and the children of its tasks with it', async () => {
    const attempt = worker.assignment(dag, 'waitsWithChild');
    worker.writeForLoneSupervisor(attempt);
    const lone = fork(resolve('test/integration/worker/lone-supervisor.mjs'), [resolve('dist'), worker.home], { execArgv: [] });
    try {
      await once(lone, 'message');
      await worker.logged(attempt, /^\d+$/);
      expect(markedProcesses(attempt.token)).not.toEqual([]);
      const runners = childrenOf(lone.pid as number);
      expect(runners).toHaveLength(1);
      lone.kill('SIGKILL');
      await once(lone, 'exit');
      await until(() => !runners.some(isAlive) && markedProcesses(attempt.token).length === 0, 'the end of runner and child');
    } finally {
      lone.kill('SIGKILL');
    }
  });
});

/** When the whole runner had to be given up the neighbour is lost, which costs it no retry. */
function isFineOrLost(outcome: Outcome | undefined): boolean {
  return outcome?.kind === 'lost' || (outcome?.kind === 'success' && outcome.output?.value === 'fine');
}

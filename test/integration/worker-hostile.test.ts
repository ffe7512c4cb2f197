/** Tasks that misbehave, on real processes: each fails with the named reason, its neighbour ends well, and nothing is left behind. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Outcome } from '../../src/model/outcome.js';
import { childrenOf, commandLines, isAlive, markedProcesses, until, WorkerHarness } from './worker/harness.js';

const SOURCE = `
import { context, dag, task, type Wired } from 'airflow-like';
import { execSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { parentPort } from 'node:worker_threads';

@dag({ dagId: 'hostile', startDate: '2024-01-01', schedule: null })
export class Hostile {
  @task({ executionTimeout: '1s' }) async loops(): Promise<void> { for (;;) await new Promise((resolve) => setTimeout(resolve, 5)); }
  @task({ executionTimeout: '7s' }) async blocks(): Promise<void> { parseCsv(); }
  @task({ executionTimeout: '1s' }) async neverSettles(): Promise<void> { await new Promise(() => {}); }
  @task({ executionTimeout: '3s' }) async waitsForChild(): Promise<void> { execSync('sleep 60'); }
  @task({ executionTimeout: '3s' }) async atomicsWait(): Promise<void> { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); }
  @task({ executionTimeout: '3s' }) async listens(): Promise<void> {
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
  @task() async throwsProxy(): Promise<void> {
    const trap = () => { throw 1; };
    throw new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap });
  }
  @task() async returnsThrower(): Promise<object> { return { get a() { throw Object.create(null); } }; }
  @task() async logsAnything(): Promise<string> {
    const log = context().log as any;
    log.info(Object.create(null)); log.info(Symbol('s')); log.info('fields', new Proxy({}, { ownKeys() { throw 1; } }));
    return 'fine';
  }
  @task() async opensFiles(): Promise<void> { for (;;) openSync('/dev/null', 'r'); }
  @task() async hoardsFiles(): Promise<string> {
    console.log('hoarding');
    const taken = [openSync(process.env.HOME + '/hoarded', 'w')];
    try { for (;;) taken.push(openSync('/dev/null', 'r')); } catch { writeSync(taken[0], 'all'); }
    const told = async (name: string) => {
      while (!existsSync(process.env.HOME + '/' + name)) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await told('release');
    taken.forEach(closeSync);
    await told('end');
    return 'fine';
  }
  @task() async speaksToPiscina(): Promise<string> { parentPort?.postMessage(null); parentPort?.postMessage({ ready: 1 }); return 'fine'; }
  @task() async changesBuiltIns(): Promise<string> {
    JSON.stringify = () => '{}'; console.log = () => {}; console.group('group'); return 'fine';
  }
  @task() async changesEnvironment(): Promise<unknown> {
    const before = [process.env.LEAK, process.env.PATH, process.env.HOME];
    process.env.LEAK = 'x'; process.env.PATH = '/nowhere'; delete process.env.HOME;
    return before.map((value) => value ?? null);
  }
  @task() async lies(): Promise<unknown> {
    // What encodes the return value stands on this; the runner's own words do not.
    Object.fromEntries = () => ({ $type: 'nonsense', value: '\\u0000' });
    return { a: 1 };
  }
  @task() async leavesServer(): Promise<number> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, resolve));
    return (server.address() as { port: number }).port;
  }
  @task() async orphansChild(): Promise<void> { execSync('env -i sh -c "sleep 3217 >/dev/null 2>&1 </dev/null &"'); }
  @task() async childPrintsWhileWaiting(): Promise<void> {
    spawnSync('sh', ['-c', 'echo from the child; echo oops >&2; head -c 200000 /dev/zero | tr "\\\\0" z'], { stdio: 'inherit' });
  }
  @task() async writesPast(): Promise<void> {
    for (let i = 0; i < 2_000; i++) { try { writeSync(1, 'past ' + 'x'.repeat(1_000) + '\\n'); } catch { /* the pipe is full */ } }
  }
  @task({ isolation: 'process' }) async writesPastAlone(): Promise<void> {
    for (let i = 0; i < 5_000; i++) {
      try { writeSync(1, i + ' ' + 'x'.repeat(1_000) + '\\n'); } catch { await new Promise((resolve) => setTimeout(resolve, 2)); }
    }
  }
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
    t.throwsProxy(); t.returnsThrower(); t.logsAnything(); t.opensFiles(); t.hoardsFiles(); t.speaksToPiscina(); t.changesBuiltIns(); t.changesEnvironment();
    t.lies(); t.leavesServer(); t.orphansChild(); t.childPrintsWhileWaiting(); t.writesPast(); t.writesPastAlone();
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
    ['blocks', failed('TASK_BLOCKED', /executionTimeout of 7s; its event loop was blocked for the last \d+(ms|s) in parseCsv$/)],
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
    ['throwsProxy', failed('TASK_ERROR', /^threw \{\}$/)],
    ['returnsThrower', failed('XCOM_NOT_SERIALIZABLE', /return_value: could not be read/)],
    ['logsAnything', FINE],
    ['opensFiles', failed('TASK_ERROR', /EMFILE/)],
    ['speaksToPiscina', FINE],
    ['changesBuiltIns', FINE],
    ['lies', failed('TASK_ERROR', /reported something that is no result/)],
    ['leavesServer', { kind: 'success' }],
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
    await untilGone(guilty.token);
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
    const [, line] = await Promise.all([worker.run(attempt), worker.logged(attempt, /^event loop blocked [1-6] s in parseCsv$/)]);
    expect(line).toMatchObject({ source: 'system', level: 'warn' });
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
    await untilGone(attempt.token);
    await worker.logged(attempt, /^killed \d+ processes that the task left running: .*\(sh\)/);
  });

  it('has what its children print in its log', async () => {
    const attempt = worker.assignment(dag, 'childPrints');
    expect((await worker.run(attempt))[0]?.outcome.kind).toBe('success');
    const lines = (await worker.log(attempt)).map(({ source, message }) => `${source}: ${message}`);
    expect(lines).toContain('stdout: from the child');
    expect(lines).toContain('stderr: oops');
  });

  it.each([
    ['changesBuiltIns', /^the thread is replaced: the task changed (JSON\.stringify|console\.log)$/],
    ['leavesServer', /^the thread is replaced: the task left a server running$/],
    ['opensFiles', /^the thread is replaced: no more files can be opened$/],
  ])('%s: its thread is not used again', async (taskId, reason) => {
    const attempt = worker.assignment(dag, taskId);
    await worker.run(attempt);
    await worker.logged(attempt, reason);
    const next = worker.assignment(dag, 'neighbour');
    await worker.run(next);
    expect((await worker.log(next)).map(({ message }) => message)).toContain('nothing to do with them');
  });

  it('that holds every file keeps others from starting only while it does', async () => {
    const other = new WorkerHarness({}, { slots: 2 });
    const version = await other.addDag(SOURCE);
    const hoarding = other.runTask(version, 'hoardsFiles');
    const hoarded = join(other.home, 'hoarded');
    await until(() => existsSync(hoarded) && readFileSync(hoarded, 'utf8') === 'all', 'the last file');
    const waiting = other.runTask(version, 'neighbour');
    // Its thread fails to start meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    writeFileSync(join(other.home, 'release'), '');
    expect(await waiting).toEqual(FINE);
    writeFileSync(join(other.home, 'end'), '');
    expect(await hoarding).toEqual(FINE);
    await other.close();
  });

  it('that changes its environment does so for itself only', async () => {
    const alone = new WorkerHarness({}, { slots: 1 });
    const version = await alone.addDag(SOURCE);
    const first = await alone.runTask(version, 'changesEnvironment');
    expect(first).toMatchObject({ output: { value: [null, process.env['PATH'], alone.home] } });
    expect(await alone.runTask(version, 'changesEnvironment')).toEqual(first);
    await alone.close();
  });

  it('that gives a child to init with an empty environment has it killed when the runner is idle', async () => {
    await worker.run(worker.assignment(dag, 'orphansChild'));
    await until(() => !commandLines().includes('sleep\u00003217\u0000'), 'the end of the orphan');
  });

  it('has what a child prints while it waits for it in its log', async () => {
    const attempt = worker.assignment(dag, 'childPrintsWhileWaiting');
    const before = worker.warnings.length;
    await worker.run(attempt);
    const lines = await worker.log(attempt);
    expect(lines.map(({ source, message }) => `${source}: ${message}`)).toEqual(
      expect.arrayContaining(['stdout: from the child', 'stderr: oops']),
    );
    expect(lines.map(({ message }) => message.replace(/[^z]/g, '')).join('')).toHaveLength(200_000);
    expect(worker.warnings.slice(before).filter((warning) => /from the child|oops|zzz/.test(warning))).toEqual([]);
  });

  it('that prints past its thread among others is reported a little at a time', async () => {
    const before = worker.warnings.length;
    const neighbour = worker.assignment(dag, 'neighbour');
    const startedAt = performance.now();
    await worker.run(worker.assignment(dag, 'writesPast'), neighbour);
    const said = worker.warnings.slice(before).filter((warning) => warning.includes('no single attempt'));
    const spans = Math.ceil((performance.now() - startedAt) / 10_000);
    expect(said.length).toBeLessThanOrEqual(spans);
    expect(said.join('').length).toBeLessThan(1_000 * spans);
  });

  it('that prints past its thread alone fills its log in whole lines up to the limit', async () => {
    const attempt = worker.assignment(dag, 'writesPastAlone');
    await worker.run(attempt);
    const lines = await worker.log(attempt);
    expect(lines.filter(({ source }) => source === 'stdout').every(({ message }) => /^\d+ x{1000}$/.test(message))).toBe(true);
    expect(lines.map(({ message }) => message).join('\n')).toMatch(
      /reached its limit of 1000000 bytes[^]*\d+ messages were dropped/,
    );
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
    await untilGone(attempt.token);
  });

  it('replaces an idle runner that has grown', async () => {
    const other = new WorkerHarness({ wornAfterMs: 100 });
    const version = await other.addDag(SOURCE);
    const pidOf = async () => {
      const outcome = await other.runTask(version, 'grows');
      return outcome.kind === 'success' ? Number(outcome.output?.value) : 0;
    };
    const pid = await pidOf();
    await until(() => !isAlive(pid), 'the end of the runner');
    expect(await pidOf()).not.toBe(pid);
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

/** A process that was killed is gone when the machine finds the time for it. */
const untilGone = (token: string) => until(() => markedProcesses(token).length === 0, 'the end of what the task had started');

/** When the whole runner had to be given up the neighbour is lost, which costs it no retry. */
function isFineOrLost(outcome: Outcome | undefined): boolean {
  return outcome?.kind === 'lost' || (outcome?.kind === 'success' && outcome.output?.value === 'fine');
}

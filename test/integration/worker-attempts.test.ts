import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentSettings } from '../../src/config/environment-settings.js';
import { until, WorkerHarness } from './worker/harness.js';

const SOURCE = `
import { bash, context, dag, type Lazy, PokeResult, SkipTask, FailTask, task, type Wired } from 'airflow-like';

@dag({ dagId: 'everyday', startDate: '2024-01-01', schedule: null })
export class Everyday {
  @task() async numbers(): Promise<number[]> { return [1, 2, 3]; }
  @task() async nothing(): Promise<void> {}
  @task() async double(n: number, m: { seen: Date }): Promise<number> { return n * 2 + (m.seen instanceof Date ? 0 : 100); }
  @task() async when(): Promise<{ seen: Date }> { return { seen: context().dataInterval!.start }; }
  @task() async sum(input: { all: number[]; none?: unknown }): Promise<string> {
    return input.all.join('+') + ('none' in input ? ' with none' : '');
  }
  @task() async lazily(all: Lazy<number>): Promise<unknown[]> {
    const seen: unknown[] = [all.length];
    for await (const n of all) seen.push(n);
    return seen;
  }
  @task() async show(): Promise<object> {
    const { dagId, runId, taskId, mapIndex, tryNumber, maxTries, logicalDate, dataInterval, runType, pokeNumber } = context();
    return { dagId, runId, taskId, mapIndex, tryNumber, maxTries, logicalDate, dataInterval, runType, pokeNumber };
  }
  @task() async talk(): Promise<void> {
    console.log('one %d', 1);
    process.stdout.write('two\\nthr');
    context().log.warn('with fields', { rows: 5 });
    process.stdout.write('ee\\n');
    console.error('four');
    process.stderr.write('five');
    await new Promise((resolve) => setTimeout(resolve, 5));
    console.debug({ six: 6 });
  }
  @task() async environment(): Promise<string[]> { return Object.keys(process.env).sort(); }
  @task() async skip(): Promise<void> { throw new SkipTask('no data'); }
  @task() async fail(): Promise<void> { throw new FailTask('bad input'); }
  @task() async tooLarge(): Promise<string> { return 'x'.repeat(3_250_000); }
  @task() async fn(): Promise<unknown> { return { a: [() => 1] }; }
  @task() async push(): Promise<unknown> {
    await context().xcom.push('rows', 42n);
    return [await context().xcom.pull('push', { key: 'rows' }), await context().xcom.pull('numbers'), await context().xcom.pull('nobody')];
  }
  @task() async badKey(): Promise<void> { await context().xcom.push('return_value', 1); }
  @task.sensor({ pokeInterval: '20ms', timeout: '10s' }) async poking(): Promise<boolean> { return context().pokeNumber === 3; }
  @task.sensor({ pokeInterval: '20ms', timeout: '10s' }) async finding() { return new PokeResult(true, { path: '/x' }); }
  @task.sensor({ pokeInterval: '7s', timeout: '1h', mode: 'reschedule' }) async rescheduling(): Promise<boolean> { return false; }
  @task.sensor({ pokeInterval: '20ms', timeout: '50ms' }) async late(): Promise<boolean> { return false; }
  @task.sensor({ pokeInterval: '20ms', timeout: '50ms', softFail: true }) async lateSoft(): Promise<boolean> { return false; }
  @task.sensor({ pokeInterval: '20ms', timeout: '50ms' }) async vague(): Promise<boolean> { return 1 as never; }

  templated = bash({
    command: "echo $DAY {{ var.value.get('none', ti.xcom_pull(task_ids='numbers') | join('-')) }} {{ prev_start_date_success }}",
    env: { DAY: '{{ ds }}', SECRET: '{{ conn.db.password }}' },
  });
  broken = bash({ command: 'echo {{ params.nope }}' });

  wire(t: Wired<Everyday>) {
    t.templated(); t.broken();
    const numbers = t.numbers();
    const doubled = t.double.map(numbers, t.when());
    t.sum({ all: doubled, none: t.nothing() } as never);
    t.lazily(doubled.lazy());
    t.show(); t.talk(); t.environment(); t.skip(); t.fail(); t.tooLarge(); t.fn(); t.push(); t.badKey();
    t.poking(); t.finding(); t.rescheduling(); t.late(); t.lateSoft(); t.vague();
  }
}
`;

let worker: WorkerHarness;
let dag: number;

beforeAll(async () => {
  worker = new WorkerHarness();
  dag = await worker.addDag(SOURCE);
});
afterAll(() => worker.close());

const output = (value: unknown, length: number) => ({ kind: 'success', output: { value, length } });

describe('an attempt', () => {
  it('hands typed values from task to task, through memory and through the store', async () => {
    expect(await worker.runTask(dag, 'numbers')).toEqual(output([1, 2, 3], 3));
    expect(await worker.runTask(dag, 'nothing')).toEqual({ kind: 'success', output: null });
    expect(await worker.runTask(dag, 'when')).toEqual(output({ seen: { $type: 'Date', value: '2024-01-01T00:00:00.000Z' } }, 1));
    const queriesBefore = worker.xcomQueries;
    const copies = await worker.run(...[0, 1, 2].map((mapIndex) => worker.assignment(dag, 'double', { mapIndex })));
    expect(copies.map(({ outcome }) => outcome)).toEqual([2, 4, 6].map((value) => output(value, -1)));
    expect(worker.xcomQueries).toBe(queriesBefore);
    expect(await worker.runTask(dag, 'sum')).toEqual(output('2+4+6', -1));
    expect(worker.xcomQueries).toBe(queriesBefore + 1);
    // One query says how much there is, one reads a page of it.
    expect(await worker.runTask(dag, 'lazily')).toEqual(output([3, 2, 4, 6], 4));
    expect(worker.xcomQueries).toBe(queriesBefore + 3);
  });

  it('asks the store once for a batch when another worker made the inputs', async () => {
    const other = new WorkerHarness();
    try {
      const version = await other.addDag(SOURCE);
      other.xcoms.push(
        { dagRunId: 1, taskId: 'numbers', mapIndex: -1, key: 'return_value', value: [5, 6] },
        {
          dagRunId: 1,
          taskId: 'when',
          mapIndex: -1,
          key: 'return_value',
          value: { seen: { $type: 'Date', value: '2024-01-01T00:00:00.000Z' } },
        },
      );
      const copies = await other.run(...[0, 1].map((mapIndex) => other.assignment(version, 'double', { mapIndex })));
      expect(copies.map(({ outcome }) => outcome)).toEqual([10, 12].map((value) => output(value, -1)));
      expect(other.xcomQueries).toBe(1);
    } finally {
      await other.close();
    }
  });

  it('renders the fields of its operator, asking its supervisor, which keeps them without secrets', async () => {
    const settings = environmentSettings({ AIRFLOW_LIKE_CONN_DB: 'postgres://me:hunter22@h' });
    const other = new WorkerHarness({}, { settings, maxRenderedLength: 60 });
    try {
      const version = await other.addDag(SOURCE);
      other.xcoms.push({ dagRunId: 1, taskId: 'numbers', mapIndex: -1, key: 'return_value', value: [5, 6] });
      const assignment = other.assignment(version, 'templated');
      const [ended] = await other.run(assignment);
      expect(ended?.outcome).toEqual(output('2024-01-01 5-6 null', -1));
      expect(other.rendered.get(assignment.token)).toEqual({
        command: 'echo $DAY 5-6 null',
        env: { DAY: '2024-01-01', SECRET: '***' },
      });
      expect(await other.runTask(version, 'broken')).toMatchObject({
        kind: 'failed',
        retryable: true,
        error: { code: 'TEMPLATE_ERROR', message: 'TEMPLATE_ERROR: field command 1:16: "params" has no "nope"' },
      });
    } finally {
      await other.close();
    }
  });

  it('knows its run from context()', async () => {
    const outcome = await worker.runTask(dag, 'show', { tryNumber: 2, maxTries: 3 });
    expect(outcome).toMatchObject({
      output: {
        value: {
          dagId: 'everyday',
          runId: 'manual__1',
          taskId: 'show',
          mapIndex: -1,
          tryNumber: 2,
          maxTries: 3,
          runType: 'manual',
          pokeNumber: 1,
          logicalDate: { value: '2024-01-01T00:00:00.000Z' },
          dataInterval: { end: { value: '2024-01-02T00:00:00.000Z' } },
        },
      },
    });
  });

  it('logs everything it prints, in order', async () => {
    const attempt = worker.assignment(dag, 'talk', { tryNumber: 2, maxTries: 2 });
    await worker.run(attempt);
    const lines = await worker.log(attempt);
    expect(lines.map(({ level, source, message }) => [level, source, message])).toEqual([
      ['info', 'system', 'try 2 of 2 started'],
      ['info', 'console', 'one 1'],
      ['info', 'stdout', 'two'],
      // An open line ends where something else is written: nothing is shown later than it was printed.
      ['info', 'stdout', 'thr'],
      ['warn', 'task', 'with fields'],
      ['info', 'stdout', 'ee'],
      ['error', 'console', 'four'],
      ['error', 'stderr', 'five'],
      ['debug', 'console', '{ six: 6 }'],
      ['info', 'system', 'success'],
    ]);
    expect(lines[4]).toMatchObject({ try: 2, rows: 5 });
  });

  it('records where its log is, if it has one', async () => {
    const silent = worker.assignment(dag, 'nothing');
    const attempt = worker.assignment(dag, 'talk');
    await worker.run(silent, attempt);
    await until(() => worker.logPaths.has(attempt.token), 'the path of the log');
    expect(worker.logPaths.get(attempt.token)).toBe(
      `dag_id=everyday/run_id=manual__1/task_id=talk/attempt=1-${attempt.token.slice(-8)}.jsonl`,
    );
    expect(worker.logPaths.has(silent.token)).toBe(false);
    await expect(worker.log(silent)).rejects.toThrow('ENOENT');
  });

  it('sees no environment but the allowed one', async () => {
    const outcome = await worker.runTask(dag, 'environment');
    expect(outcome).toMatchObject({ output: { value: ['AIRFLOW_LIKE_ATTEMPT', 'HOME', 'PATH'] } });
  });

  it('reads and writes XComs of its run', async () => {
    expect(await worker.runTask(dag, 'numbers')).toMatchObject({ kind: 'success' });
    // The last pull finds nothing, which an output cannot hold.
    expect(await worker.runTask(dag, 'push')).toMatchObject({
      kind: 'failed',
      error: { code: 'XCOM_NOT_SERIALIZABLE', message: expect.stringContaining('return_value[2]') },
    });
    expect(worker.xcoms).toContainEqual({
      dagRunId: 1,
      taskId: 'push',
      mapIndex: -1,
      key: 'rows',
      value: { $type: 'bigint', value: '42' },
    });
  });

  it.each<[string, unknown]>([
    ['skip', { kind: 'skipped', message: 'no data' }],
    ['fail', { kind: 'failed', retryable: false, error: { name: 'FailTask', message: 'bad input' } }],
    [
      'tooLarge',
      { kind: 'failed', error: { code: 'XCOM_TOO_LARGE', message: expect.stringContaining('return_value: 3.1 MB > 256 KB') } },
    ],
    [
      'fn',
      {
        kind: 'failed',
        error: { code: 'XCOM_NOT_SERIALIZABLE', message: expect.stringContaining('return_value.a[0]: is a function') },
      },
    ],
    ['badKey', { kind: 'failed', error: { code: 'XCOM_KEY_INVALID' } }],
    ['poking', { kind: 'success', output: null }],
    ['finding', { kind: 'success', output: { value: { path: '/x' }, length: 1 } }],
    ['late', { kind: 'failed', retryable: false, error: { code: 'SENSOR_TIMEOUT' } }],
    ['lateSoft', { kind: 'skipped', message: expect.stringContaining('SENSOR_TIMEOUT') }],
    ['vague', { kind: 'failed', error: { code: 'VALUE_TYPE' } }],
  ])('%s ends as it should', async (taskId, expected) => {
    expect(await worker.runTask(dag, taskId)).toMatchObject(expected as object);
  });

  it('gives its slot back between pokes in reschedule mode, until its timeout counted from the first attempt', async () => {
    const before = Date.now();
    const outcome = await worker.runTask(dag, 'rescheduling');
    expect(outcome).toEqual({ kind: 'reschedule', at: expect.any(Number) });
    expect((outcome as { at: number }).at - before).toBeGreaterThanOrEqual(7_000);
    const late = await worker.runTask(dag, 'rescheduling', { pokeNumber: 500, waitingSince: Date.now() - 3_700_000 });
    expect(late).toMatchObject({ kind: 'failed', retryable: false, error: { code: 'SENSOR_TIMEOUT' } });
  });

  it('fails for good when the graph wired here is not the registered one, and names the difference', async () => {
    const drifted = await worker.addDag(SOURCE, { maxActiveRuns: 99 });
    expect(await worker.runTask(drifted, 'numbers')).toMatchObject({
      kind: 'failed',
      retryable: false,
      error: { code: 'D105', message: expect.stringContaining('maxActiveRuns was 99 when it was registered and is 16 here') },
    });
  });

  it('runs a version whose plain schedule was read without data intervals', async () => {
    const source = (options: string) => `import { defineDag } from 'airflow-like';
      export const plain = defineDag('plain', { ${options} }, (d) => { d.task('one', async () => 1)(); });`;
    const version = await worker.addDag(source(`schedule: '@daily', startDate: '2026-01-01'`), {
      schedule: { kind: 'cronTrigger', expressions: ['0 0 * * *'], intervalMs: 0, runImmediately: false, text: '@daily' },
    });
    expect(await worker.runTask(version, 'one')).toMatchObject({ kind: 'success', output: { value: 1 } });
  });

  it('points into the author’s file', async () => {
    const outcome = await worker.runTask(dag, 'fail');
    const line = SOURCE.split('\n').findIndex((text) => text.includes('bad input')) + 1;
    expect(outcome).toMatchObject({ error: { stack: expect.stringContaining(`dag_1.ts:${line}:`) } });
  });

  it('is lost, before its body runs, when its log cannot be written', async () => {
    const attempt = worker.assignment(dag, 'numbers');
    const blocked = { ...attempt, key: { ...attempt.key, dagId: 'blocked' } };
    const logs = join(worker.home, 'logs');
    renameSync(logs, `${logs}.away`);
    writeFileSync(logs, '');
    const [outcome] = await worker.run(blocked);
    rmSync(logs);
    renameSync(`${logs}.away`, logs);
    expect(outcome?.outcome).toMatchObject({ kind: 'lost', reason: expect.stringContaining('the log cannot be written: ENOTDIR') });
  });

  it('is lost when the store does not have its version', async () => {
    expect(await worker.runTask(dag, 'numbers', { versionId: 99 })).toEqual({
      kind: 'lost',
      reason: 'DAG version 99 is not in the database',
    });
  });
});

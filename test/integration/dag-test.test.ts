/** `dags test` and `tasks test` on every kind of task, from a file of a DAGs folder. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runDagTest, runTaskTest, type TestEvent } from '../../src/app/dag-test.js';
import { loadConfig, type LoadedConfig } from '../../src/config/load-config.js';

const SOURCE = `
import { dag, empty, task, type Lazy, type Wired } from 'airflow-like';

@dag({ dagId: 'kinds', startDate: '2024-01-01', schedule: '@daily', catchup: false })
export class Kinds {
  @task.setup() open() { return 'opened'; }
  @task.teardown() close() { return 'closed'; }
  @task() rows(): number[] { return [1, 2, 3]; }
  @task.branch() choose(rows?: number[]) { return rows?.length === 3 ? 'left' : rows === undefined ? 'lef' : null; }
  @task() left() { return 'l'; }
  @task() right() { return 'r'; }
  @task.shortCircuit() goOn(isWanted = false) { return isWanted; }
  @task({ endDate: '2024-02-01' }) after() { return 'a'; }
  nothing = empty({});
  @task({ mapIndexTemplate: (n: number) => 'n' + n }) square(n: number): number { return n * n; }
  @task() async total(squares: Lazy<number>): Promise<number> {
    let sum = 0;
    for await (const n of squares) sum += n;
    return sum;
  }
  @task() member(n: number): number { return n + 1; }

  wire(t: Wired<Kinds>) {
    const rows = t.rows().after(t.open());
    const choose = t.choose(rows);
    t.left().after(choose);
    t.right().after(choose);
    const total = t.total(t.square.map(rows, { chunk: 2 }).lazy());
    const after = t.after().after(t.goOn(true).after(total));
    t.nothing().after(after);
    t.close().after(t.group.map('each', rows, (g, n) => g.member(n)));
  }
}
`;

let folder: string;
let config: LoadedConfig;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dag-test-'));
  mkdirSync(join(folder, 'dags'));
  writeFileSync(join(folder, 'dags', 'kinds.ts'), SOURCE);
  config = await loadConfig({ cwd: folder, env: {} });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options = (events: TestEvent[] = []) => ({
  config,
  verbose: false,
  dagId: 'kinds',
  logicalDate: null,
  file: null,
  conf: {},
  onEvent: (event: TestEvent) => void events.push(event),
});
const testTask = (taskId: string, inputs: readonly unknown[] | null = null) => runTaskTest({ ...options(), taskId, inputs });

describe('dags test', () => {
  it('runs a DAG of every kind of task', async () => {
    const events: TestEvent[] = [];
    const { run, taskInstances } = await runDagTest(options(events));
    const states = Object.fromEntries(taskInstances.map(({ taskId, mapIndex, state }) => [`${taskId}[${mapIndex}]`, state]));
    expect(run.state).toBe('success');
    expect(states).toMatchObject({
      'open[-1]': 'success',
      'choose[-1]': 'success',
      'left[-1]': 'success',
      'right[-1]': 'skipped',
      'square[1]': 'success',
      'total[-1]': 'success',
      'after[-1]': 'success',
      'nothing[-1]': 'success',
      'each.member[2]': 'success',
      'close[-1]': 'success',
    });
    expect(taskInstances.find(({ taskId, mapIndex }) => taskId === 'square' && mapIndex === 0)?.mapLabel).toBe('n1 … n2');
  });
});

describe('tasks test', () => {
  it('shows what a task decides, and a choice that is none', async () => {
    expect(await testTask('choose', [[1, 2, 3]])).toMatchObject({ state: 'success', message: 'goes on with left' });
    expect(await testTask('choose', [[]])).toMatchObject({ state: 'success', message: 'goes on with nothing' });
    expect(await testTask('choose')).toEqual({
      state: 'failed',
      value: undefined,
      message: 'BRANCH_INVALID: "lef" is not downstream of "choose"; valid: left, right; did you mean left?',
      missingInputs: ['rows'],
    });
    expect(await testTask('goOn', [false])).toMatchObject({ state: 'success', message: 'skips after, nothing' });
    expect(await testTask('goOn')).toMatchObject({ state: 'success', message: 'skips nothing', value: true });
  });

  it('gives a copy one element, and a list that is read piece by piece as one', async () => {
    expect(await testTask('square', [7])).toMatchObject({ state: 'success', value: 49 });
    expect(await testTask('total', [[1, 2, 3]])).toMatchObject({ state: 'success', value: 6, missingInputs: [] });
    expect(await testTask('each.member', [4])).toMatchObject({ state: 'success', value: 5 });
    expect((await testTask('each.member')).missingInputs).toEqual(['rows']);
  });

  it('runs setups, teardowns, empty tasks, and tasks outside of their dates', async () => {
    expect(await testTask('open')).toMatchObject({ state: 'success', value: 'opened' });
    expect(await testTask('close')).toMatchObject({ state: 'success', value: 'closed' });
    expect(await testTask('nothing')).toMatchObject({ state: 'success' });
    expect(await runTaskTest({ ...options(), taskId: 'after', inputs: null, logicalDate: Date.UTC(2025, 0, 1) })).toMatchObject({
      state: 'success',
      value: 'a',
    });
  });
});

/** The vocabulary of wiring in one DAG, run by the built `standalone` on its embedded Postgres, seen through the command line. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ProjectFolder, RunningSystem } from './running-system.js';

const SLOW_MS = 120_000;

const DAG = `import { bash, context, dag, empty, latestOnly, task, type Skipped, type Wired } from 'airflow-like';

class Throttled extends Error {}

@dag()
export class Vocabulary {
  newest = latestOnly();
  join = empty({ triggerRule: 'none_failed_min_one_success' });
  shout = bash({ command: 'echo "$1 $2"' });
  @task.setup() async make(): Promise<string> { return 'cluster'; }
  @task.teardown() async drop(name: string): Promise<string> { return \`dropped \${name}\`; }
  @task() async size(): Promise<'big' | 'small'> { return 'small'; }
  @task() async rows(): Promise<number[]> { return [1, 2, 3]; }
  @task() async sum(rows: number[]): Promise<number> { return rows.length; }
  @task() async skim(rows: number[]): Promise<number> { return rows[0] ?? 0; }
  @task({ triggerRule: 'none_failed_min_one_success' })
  async report(big: number | Skipped, small: number | Skipped): Promise<string> { return \`\${big} \${small}\`; }
  @task() async found(): Promise<{ path: string } | null> { return null; }
  @task() async read(file: { path: string }): Promise<string> { return file.path; }
  @task({ critical: false, retries: 3, retryPolicy: [{ on: Throttled, do: 'fail' }] })
  async extra(): Promise<number> { throw new Throttled('too many calls'); }
  @task() async use(n: number): Promise<number> { return n + 1; }
  @task({ retries: 1, retryDelay: '1h', retryPolicy: () => ({ retryIn: '100ms' }) })
  async again(): Promise<number> {
    if (context().tryNumber < 2) throw new Error('not yet');
    return 1;
  }
  @task() async step(n: number, unit: string): Promise<string> { return n + unit; }
  @task() async all(steps: string[]): Promise<string> { return steps.join(); }
  @task.branch() async pick(): Promise<'left' | 'right'> { return 'right'; }
  @task() async left(): Promise<void> {}
  @task() async right(): Promise<void> {}
  @task.shortCircuit() async go(): Promise<boolean> { return false; }
  @task({ triggerRule: 'all_done' }) async never(): Promise<void> {}

  wire(t: Wired<Vocabulary>) {
    const rows = t.rows().after(t.newest());
    const made = t.make();
    t.scope(made, t.drop(made), () => {
      const { big, small } = t.choose(t.size(), { big: () => t.sum(rows), small: () => t.skim(rows) });
      t.report(big, small);
    });
    t.when(t.found(), (file) => t.read(file));
    t.use(t.extra().orElse(41));
    t.again();
    const group = t.group.map('g', rows, (g, n) => g.step(n, 'x'));
    t.all(group.result);
    t.step.as('product').mapProduct(rows, ['a', 'b'], { name: (n) => \`row \${n}\` });
    t.shout.map(['a', 'b'], 'c', { concurrency: 1 });
    const pick = t.pick();
    t.join().after(t.left().after(pick), t.right().after(pick));
    t.never().after(t.go());
  }
}
`;

let project: ProjectFolder;
let system: RunningSystem;

beforeAll(async () => {
  project = new ProjectFolder({ 'vocabulary.ts': DAG });
  system = await RunningSystem.start(project);
}, SLOW_MS);
afterAll(async () => {
  await system?.stop();
  project.remove();
}, SLOW_MS);

it(
  'of a run by hand every task ends as its author meant it',
  async () => {
    expect(await project.list('dags', 'list-import-errors')).toEqual([]);
    expect((await project.run('dags', 'trigger', 'vocabulary', '--run-id', 'one')).code).toBe(0);
    const isOver = (rows: readonly Record<string, unknown>[]) =>
      rows.length === 1 && !['queued', 'running'].includes(String(rows[0]!['state']));
    const [run] = await project.listUntil(isOver, 'dags', 'list-runs', 'vocabulary');
    const rows = await project.list('tasks', 'states-for-dag-run', 'vocabulary', 'one');
    const states: Record<string, unknown[]> = {};
    for (const row of rows) (states[String(row['task_id'])] ??= []).push(row['state']);
    const [yes, no] = [['success'], ['skipped']];
    expect(states).toEqual({
      newest: yes,
      rows: yes,
      make: yes,
      drop: yes,
      size: yes,
      choose_size: yes,
      sum: no,
      skim: yes,
      report: yes,
      found: yes,
      when_found: yes,
      read: no,
      extra: ['failed'],
      use: yes,
      again: yes,
      'g.step': [...yes, ...yes, ...yes],
      all: yes,
      product: Array.from({ length: 6 }, () => 'success'),
      shout: [...yes, ...yes],
      pick: yes,
      left: no,
      right: yes,
      join: yes,
      go: yes,
      never: no,
    });
    expect(run!['state']).toBe('partial');
    const tries = (taskId: string) => rows.filter((row) => row['task_id'] === taskId).map((row) => row['try_number']);
    expect([tries('extra'), tries('again')]).toEqual([[1], [2]]);
    expect(rows.filter((row) => row['task_id'] === 'product').map((row) => row['rendered_map_index'])).toEqual([
      'row 1',
      'row 1',
      'row 2',
      'row 2',
      'row 3',
      'row 3',
    ]);
  },
  SLOW_MS,
);

/** Tasks that decide, are mapped in every way, and say how often they are tried: by the built `standalone` on Postgres, seen from the command line. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ProjectFolder, RunningSystem } from './running-system.js';

const SLOW_MS = 120_000;
const SOURCE = `
import { context, dag, SkipTask, task, type Lazy, type Wired } from 'airflow-like';

@dag({ dagId: 'kinds', startDate: '2026-01-01', schedule: null })
export class Kinds {
  @task() rows(): number[] { return [1, 2, 3, 4, 5]; }
  @task.branch() choose(rows: number[]) { return rows.length > 3 ? ['many'] : ['few']; }
  @task() many() { return 'many'; }
  @task() few() { return 'few'; }
  @task({ triggerRule: 'none_failed_min_one_success' }) join(many?: string, few?: string) { return [many ?? 'no', few ?? 'no'].join(); }
  @task() square(n: number): number { if (n === 4) throw new SkipTask('four'); return n * n; }
  @task() async total(squares: Lazy<number>): Promise<string> {
    let sum = 0;
    for await (const n of squares) sum += n;
    return squares.length + ':' + sum;
  }
  @task({ retries: 5, retryDelay: '1h', retryPolicy: [{ on: 'FINAL', do: 'fail' }, { on: RangeError, do: { retryIn: '0s' } }] })
  picky(): number {
    if (context().tryNumber === 1) throw new RangeError('try again at once');
    throw Object.assign(new Error('never again'), { code: 'FINAL' });
  }
  @task({ multipleOutputs: true }) parts() { return { left: 1, right: [2] }; }
  @task() async pulls() { return [await context().xcom.pull('parts', { key: 'left' }), await context().xcom.pull('parts', { key: 'right' })]; }
  @task() fetch(region: string) { if (region === 'us') throw new SkipTask('closed'); return region + '!'; }
  @task() load(fetched: string, region: string) { return fetched + region; }
  @task({ triggerRule: 'none_failed' }) all(loaded: string[]) { return loaded.join(' '); }

  wire(t: Wired<Kinds>) {
    const rows = t.rows();
    const choose = t.choose(rows);
    t.join(t.many().after(choose), t.few().after(choose));
    t.total(t.square.map(rows, { chunk: 2, name: (n: number) => 'n' + n }).lazy());
    t.picky();
    t.pulls().after(t.parts());
    t.all(t.group.map('region', ['eu', 'us', 'jp'], (g, region) => g.load(g.fetch(region), region)).result);
  }
}
`;

let project: ProjectFolder;
let system: RunningSystem;

beforeAll(async () => {
  project = new ProjectFolder({ 'kinds.ts': SOURCE });
  system = await RunningSystem.start(project);
}, SLOW_MS);
afterAll(async () => {
  await system?.stop();
  project.remove();
}, SLOW_MS);

it(
  'runs them all as their authors say',
  async () => {
    expect(await project.list('dags', 'list-import-errors')).toEqual([]);
    await project.listUntil((rows) => rows.length === 1, 'dags', 'list');
    await project.run('dags', 'unpause', 'kinds');
    const triggered = await project.run('dags', 'trigger', 'kinds', '-r', 'once');
    expect(triggered.code).toBe(0);
    const [run] = await project.listUntil(
      (rows) => rows.length === 1 && ['success', 'failed'].includes(String(rows[0]!['state'])),
      'dags',
      'list-runs',
      'kinds',
    );
    expect(run!['state']).toBe('failed');
    const rows = await project.list('tasks', 'states-for-dag-run', 'kinds', 'once');
    const states = Object.fromEntries(rows.map((row) => [`${String(row['task_id'])}[${String(row['map_index'])}]`, row['state']]));
    expect(states).toEqual({
      'rows[-1]': 'success',
      'choose[-1]': 'success',
      'many[-1]': 'success',
      'few[-1]': 'skipped',
      'join[-1]': 'success',
      'square[0]': 'success',
      'square[1]': 'success',
      'square[2]': 'success',
      'total[-1]': 'success',
      'picky[-1]': 'failed',
      'parts[-1]': 'success',
      'pulls[-1]': 'success',
      'region.fetch[0]': 'success',
      'region.fetch[1]': 'skipped',
      'region.fetch[2]': 'success',
      'region.load[0]': 'success',
      'region.load[1]': 'skipped',
      'region.load[2]': 'success',
      'all[-1]': 'success',
    });
    expect(rows.find((row) => row['task_id'] === 'square' && row['map_index'] === 1)!['rendered_map_index']).toBe('n3 … n4');
    expect(rows.find((row) => row['task_id'] === 'picky')!['try_number']).toBe(2);
    const said = async (taskId: string) => (await project.run('tasks', 'logs', 'kinds', taskId, 'once')).stdout;
    expect(await said('picky')).toContain('the retry policy allows no further try');
  },
  SLOW_MS,
);

/** A DAG that waits for another: by the built `standalone`, with its scheduler, its workers and Postgres, seen from the command line. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ProjectFolder, RunningSystem } from './running-system.js';

const SLOW_MS = 120_000;
const SOURCE = `
import { context, dag, externalTaskSensor, task, type Wired } from 'airflow-like';

@dag({ schedule: null })
export class Orders {
  @task() load(region: string): string {
    if (context().conf['broken'] === region) throw new Error('no ' + region);
    return region;
  }
  wire(t: Wired<Orders>) {
    t.group('stage', (g) => g.load.map(['eu', 'us']));
  }
}

@dag({ schedule: null })
export class Report {
  loaded = externalTaskSensor({
    externalDagId: '{{ "orders" }}',
    externalTaskId: 'stage.load',
    executionDelta: '1h',
    failedStates: ['failed', 'upstream_failed'],
    checkExistence: true,
    mode: 'reschedule',
    pokeInterval: '1s',
  });
  staged = externalTaskSensor({ externalDagId: 'orders', externalTaskGroupId: 'stage', executionDelta: '1h', pokeInterval: '200ms' });
  ended = externalTaskSensor({
    externalDagId: 'orders',
    executionDateFn: ({ logicalDate }) => new Date(logicalDate!.getTime() - 3_600_000),
    pokeInterval: '200ms',
  });
  @task() build() { return 'built'; }
  wire(t: Wired<Report>) {
    t.build().after(t.loaded());
    t.staged();
    t.ended();
  }
}

@dag({ schedule: null })
export class Lost {
  loaded = externalTaskSensor({ externalDagId: 'orders', externalTaskId: 'laod', checkExistence: true });
  wire(t: Wired<Lost>) {
    t.loaded();
  }
}
`;

let project: ProjectFolder;
let system: RunningSystem;

beforeAll(async () => {
  project = new ProjectFolder({ 'waiting.ts': SOURCE });
  system = await RunningSystem.start(project);
  await project.listUntil((rows) => rows.length === 3, 'dags', 'list');
  await project.run('dags', 'unpause', 'orders');
  await project.run('dags', 'unpause', 'report');
  await project.run('dags', 'unpause', 'lost');
}, SLOW_MS);
afterAll(async () => {
  await system?.stop();
  project.remove();
}, SLOW_MS);

const trigger = (dagId: string, runId: string, ...more: readonly string[]) =>
  project.run('dags', 'trigger', dagId, '-r', runId, ...more);
const log = async (taskId: string, runId: string, dagId = 'report') =>
  (await project.run('tasks', 'logs', dagId, taskId, runId, '--try', '1')).stdout;

async function statesOf(dagId: string, runId: string, isWanted: (states: Readonly<Record<string, unknown>>) => boolean) {
  let states: Record<string, unknown> = {};
  await project.listUntil(
    (rows) => {
      states = Object.fromEntries(rows.map((row) => [String(row['task_id']), row['state']]));
      return isWanted(states);
    },
    'tasks',
    'states-for-dag-run',
    dagId,
    runId,
  );
  return states;
}

it(
  'pitfall 65: waits for the run of the very date, says which are near it, and goes on when it has ended',
  async () => {
    expect(await project.list('dags', 'list-import-errors')).toEqual([]);
    const other = await trigger('orders', 'same-date', '-l', '2026-01-02T01:00:00Z', '-w');
    expect(other).toMatchObject({ code: 0 });
    await trigger('report', 'waiting', '-l', '2026-01-02T01:00:00Z');
    const nearest = 'DAG "orders" has no run at 2026-01-02T00:00:00.000Z; the nearest run is at 2026-01-02T01:00:00.000Z';
    const areWaiting = ({ loaded, staged, ended }: Readonly<Record<string, unknown>>) =>
      loaded === 'up_for_reschedule' && staged === 'running' && ended === 'running';
    expect(await statesOf('report', 'waiting', areWaiting)).toMatchObject({ build: null });
    expect(await log('loaded', 'waiting')).toContain('looks for task "stage.load" of DAG "orders" at 2026-01-02T00:00:00.000Z');
    expect(await log('loaded', 'waiting')).toContain(nearest);
    expect((await trigger('orders', 'meant', '-l', '2026-01-02T00:00:00Z', '-w')).code).toBe(0);
    const after = await statesOf('report', 'waiting', (states) => Object.values(states).every((state) => state === 'success'));
    expect(after).toEqual({ loaded: 'success', staged: 'success', ended: 'success', build: 'success' });
  },
  SLOW_MS,
);

it(
  'pitfall 65: fails by a failed copy when failedStates names it, and waits otherwise',
  async () => {
    expect((await trigger('orders', 'broken', '-l', '2026-01-03T00:00:00Z', '-c', '{"broken":"us"}', '-w')).code).toBe(3);
    await trigger('report', 'failing', '-l', '2026-01-03T01:00:00Z');
    const isOver = ({ loaded, build, staged }: Readonly<Record<string, unknown>>) =>
      loaded === 'failed' && build === 'upstream_failed' && staged === 'running';
    const states = await statesOf('report', 'failing', isOver);
    expect(states).toMatchObject({ loaded: 'failed', build: 'upstream_failed', staged: 'running' });
    expect(await log('loaded', 'failing')).toContain(
      'EXTERNAL_FAILED: tasks.loaded: "stage.load" in run broken is failed (failedStates)',
    );
  },
  SLOW_MS,
);

it(
  'pitfall 65: fails at once in a run without a logical date, and for a task that does not exist',
  async () => {
    expect((await trigger('lost', 'undated', '-w')).code).toBe(3);
    expect(await log('loaded', 'undated', 'lost')).toContain('LOGICAL_DATE_MISSING: tasks.loaded: this run has no logical date');
    expect((await trigger('lost', 'dated', '-l', '2026-01-04T00:00:00Z', '-w')).code).toBe(3);
    expect(await log('loaded', 'dated', 'lost')).toContain('NOT_FOUND: tasks.loaded: DAG "orders" has no task "laod"');
  },
  SLOW_MS,
);

/** The examples in `dags/`, run by the built `standalone` on its embedded Postgres, seen from outside: command line and files. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PROJECT_ROOT } from '../tidy/project-root.js';
import { ProjectFolder, RunningSystem } from './running-system.js';

const SLOW_MS = 120_000;

let project: ProjectFolder;
let system: RunningSystem;
let firstDay: number;

beforeAll(async () => {
  project = new ProjectFolder();
  firstDay = dayOf(Date.now());
  system = await RunningSystem.start(project);
}, SLOW_MS);
afterAll(async () => {
  await system?.stop();
  project.remove();
}, SLOW_MS);

const allSucceeded = (count: number) => (rows: readonly Record<string, unknown>[]) => {
  const failed = rows.filter(({ state }) => state === 'failed');
  if (failed.length > 0) throw new Error(`failed: ${JSON.stringify(failed)}\n${system.lines.join('\n')}`);
  return rows.length === count && rows.every(({ state }) => state === 'success');
};

const dayOf = (at: number) => Math.floor(at / 86_400_000);
/** One run since the start, and one more after a midnight. */
const helloHasRun = (rows: readonly Record<string, unknown>[]) => allSucceeded(1 + dayOf(Date.now()) - firstDay)(rows);

it(
  'finds the five DAGs without a mistake',
  async () => {
    const dags = await project.list('dags', 'list');
    expect(dags.map((dag) => dag['dag_id']).sort()).toEqual([
      'airports_fan_out',
      'hello',
      'seattle_weather',
      'wait_for_file',
      'weather_digest',
    ]);
    expect(await project.list('dags', 'list-import-errors')).toEqual([]);
  },
  SLOW_MS,
);

it(
  'hello runs once at first start, for the newest interval',
  async () => {
    const [run] = await project.listUntil(helloHasRun, 'dags', 'list-runs', 'hello');
    const logs = await project.run('tasks', 'logs', 'hello', 'print', String(run!['run_id']));
    expect(logs.stdout).toContain('Hello, world');
  },
  SLOW_MS,
);

describe('seattle_weather', () => {
  const partition = (year: string, month: string, day: string) =>
    project.path('data', 'weather', `year=${year}`, `month=${month}`, `day=${day}`);

  it(
    'makes 31 runs, and each writes exactly its own day',
    async () => {
      const runs = await project.listUntil(allSucceeded(31), 'dags', 'list-runs', 'seattle_weather');
      expect(new Set(runs.map((run) => String(run['logical_date']).slice(0, 10))).size).toBe(31);
      const days = readdirSync(project.path('data', 'weather', 'year=2015', 'month=12')).sort();
      expect(days).toEqual(Array.from({ length: 31 }, (_, index) => `day=${String(index + 1).padStart(2, '0')}`));
      for (const day of days) {
        const [, row] = readFileSync(project.path('data', 'weather', 'year=2015', 'month=12', day, 'part.csv'), 'utf8').split('\n');
        expect(row).toMatch(new RegExp(`^2015-12-${day.slice(4)},`));
      }
      expect(readFileSync(join(partition('2015', '12', '07'), 'part.csv'), 'utf8')).toBe(
        'date,precipitation,temp_max,temp_min,wind,weather\n2015-12-07,27.4,11.1,8.3,3.4,rain\n',
      );
      expect(existsSync(project.path('data', 'weather', 'reports', '2015-12-31.md'))).toBe(true);
    },
    SLOW_MS,
  );

  it(
    'brings each day to weather_digest, whose runs consume every event once and show all days in the end',
    async () => {
      const events = await project.listUntil(
        (rows) => rows.length === 31 && rows.every((row) => (row['created_dagruns'] as unknown[]).length > 0),
        'assets',
        'events',
        '--name',
        'seattle_days',
      );
      const runsOf = events.map((row) => row['created_dagruns'] as { run_id: string }[]);
      expect(runsOf.map((runs) => runs.length)).toEqual(Array(31).fill(1));
      const count = new Set(runsOf.flat().map((run) => run.run_id)).size;
      const digests = await project.listUntil(allSucceeded(count), 'dags', 'list-runs', 'weather_digest');
      expect(new Set(digests.map((run) => run['run_type']))).toEqual(new Set(['asset_triggered']));
      expect(readFileSync(project.path('data', 'weather', 'digest.md'), 'utf8')).toContain('# Seattle, 31 days');
    },
    SLOW_MS,
  );

  it('waits for the day before: each week has the days that there are', () => {
    for (let day = 1; day <= 31; day++) {
      const week = JSON.parse(readFileSync(join(partition('2015', '12', String(day).padStart(2, '0')), 'week.json'), 'utf8')) as {
        days: number;
      };
      expect(week.days).toBe(Math.min(day, 7));
    }
  });

  it(
    'is backfilled from the first day of the data on, in order',
    async () => {
      const range = ['--dag-id', 'seattle_weather', '--from-date', '2012-01-01', '--to-date', '2012-01-10'];
      const plan = await project.run('backfill', 'create', ...range, '--dry-run');
      expect(plan).toMatchObject({ code: 0 });
      expect(await project.list('dags', 'list-runs', 'seattle_weather')).toHaveLength(31);

      expect(await project.run('backfill', 'create', ...range)).toMatchObject({ code: 0 });
      const runs = await project.list('dags', 'list-runs', 'seattle_weather', '--end-date', '2012-12-31');
      expect(allSucceeded(10)(runs)).toBe(true);
      for (let day = 1; day <= 10; day++) {
        const week = JSON.parse(readFileSync(join(partition('2012', '01', String(day).padStart(2, '0')), 'week.json'), 'utf8')) as {
          days: number;
        };
        expect(week.days).toBe(Math.min(day, 7));
      }
    },
    SLOW_MS,
  );

  it(
    'runs one interval in one process without the system (dags test)',
    async () => {
      const alone = new ProjectFolder();
      try {
        expect(await alone.run('dags', 'test', 'seattle_weather', '2012-03-04')).toMatchObject({ code: 0 });
        const text = readFileSync(alone.path('data', 'weather', 'year=2012', 'month=03', 'day=04', 'part.csv'), 'utf8');
        expect(text).toContain('2012-03-04,0,10.6,6.7,5.6,rain');
        expect(existsSync(alone.path('.airflow-like', 'postgres'))).toBe(false);
      } finally {
        alone.remove();
      }
    },
    SLOW_MS,
  );
});

it(
  'airports_fan_out maps one copy per state and joins them',
  async () => {
    const [run] = await project.listUntil(allSucceeded(1), 'dags', 'list-runs', 'airports_fan_out');
    const summary = JSON.parse(readFileSync(project.path('data', 'airports', 'summary.json'), 'utf8')) as {
      airports: number;
      states: { airports: number }[];
    };
    expect(summary.airports).toBe(3_376);
    const instances = await project.list('tasks', 'states-for-dag-run', 'airports_fan_out', String(run!['run_id']));
    expect(instances.filter((instance) => instance['task_id'] === 'summarise')).toHaveLength(summary.states.length);
  },
  SLOW_MS,
);

it(
  'wait_for_file waits without a slot, fails once on purpose, and goes through',
  async () => {
    const isRunning = ([run, ...more]: readonly Record<string, unknown>[]) => more.length === 0 && run?.['state'] === 'running';
    const [run] = await project.listUntil(isRunning, 'dags', 'list-runs', 'wait_for_file');
    const runId = String(run!['run_id']);
    const isWaiting = (rows: readonly Record<string, unknown>[]) =>
      rows.some((row) => row['task_id'] === 'landed' && row['state'] === 'up_for_reschedule');
    await project.listUntil(isWaiting, 'tasks', 'states-for-dag-run', 'wait_for_file', runId);

    mkdirSync(project.path('inbox'));
    writeFileSync(project.path('inbox', 'go.txt'), 'go\n');
    await project.listUntil(allSucceeded(1), 'dags', 'list-runs', 'wait_for_file');
    const first = await project.run('tasks', 'logs', 'wait_for_file', 'load', runId, '--try', '1');
    expect(first.stdout).toContain('failing on purpose');
    const last = await project.run('tasks', 'logs', 'wait_for_file', 'load', runId);
    expect(last.stdout).toContain('try 2 read "go"');
  },
  SLOW_MS,
);

it(
  "takes up the README's my_first.ts while it runs, and runs it",
  async () => {
    const readme = readFileSync(join(PROJECT_ROOT, 'README.md'), 'utf8');
    const [, text] = /save this as `dags\/my_first\.ts`:\n\n```ts\n(.*?)```/s.exec(readme) as unknown as [string, string];
    writeFileSync(project.path('dags', 'my_first.ts'), text);
    await project.listUntil((dags) => dags.some((dag) => dag['dag_id'] === 'my_first'), 'dags', 'list');
    expect(await project.run('dags', 'trigger', 'my_first', '--wait')).toMatchObject({ code: 0 });
  },
  SLOW_MS,
);

it(
  'stops on Ctrl-C with exit code 0 and goes on at the next start without new runs',
  async () => {
    expect(await system.stop()).toBe(0);
    system = await RunningSystem.start(project);
    await project.listUntil(helloHasRun, 'dags', 'list-runs', 'hello');
    expect(await project.list('dags', 'list-runs', 'wait_for_file')).toHaveLength(1);
    expect(await system.stop()).toBe(0);
  },
  SLOW_MS,
);

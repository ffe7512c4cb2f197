/** W7 at 10,000 intervals: an hourly DAG in New York with catchup and one task that does nothing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flatDag } from '../dag-files.js';
import { printFigures } from '../figures.js';
import { withHome, withStandalone } from '../standalone.js';

const INTERVALS = 10_000;
const HOUR_MS = 3_600_000;

export async function catchup10000(): Promise<void> {
  await withHome(async (home) => {
    await withStandalone(home, async (system) => {
      const startDate = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - INTERVALS * HOUR_MS).toISOString();
      const options =
        `{ schedule: '0 * * * *', timezone: 'America/New_York', startDate: '${startDate}', catchup: true,` +
        ' maxActiveRuns: 1000, maxActiveTasks: 1000 }';
      const before = system.pssMib();
      let peak = before;
      const sampler = setInterval(() => (peak = Math.max(peak, system.pssMib())), 500);
      const savedAt = performance.now();
      writeFileSync(join(home.dags, 'hourly.ts'), flatDag({ className: 'Hourly', tasks: 1, options }));
      await system.until('select count(*) from dag_run', [], INTERVALS, 20);
      const createdAt = performance.now();
      await system.until(`select count(*) from dag_run where state = 'success'`, [], INTERVALS, 50);
      clearInterval(sampler);
      const finishedAt = performance.now();
      const seen = await system.number(`select extract(epoch from min(created_at))::float8 * 1000 from dag_version`);
      const firstStarted = await system.number(`select extract(epoch from min(started_at))::float8 * 1000 from task_instance`);
      printFigures('W7 catchup of 10,000 hourly intervals', [
        {
          name: 'created (from saving the file)',
          value: (createdAt - savedAt) / 1_000,
          unit: 's',
          target: '<= 2 s',
          goal: '<= 0.3 s',
          floor: '0.14 s',
        },
        {
          name: 'finished (from saving the file)',
          value: (finishedAt - savedAt) / 1_000,
          unit: 's',
          target: '<= 15 s',
          goal: '<= 3 s',
          floor: '0.4 s',
        },
        { name: 'first task started after the version', value: firstStarted - seen, unit: 'ms' },
        { name: 'PSS of the tree before', value: before, unit: 'MiB' },
        { name: 'PSS of the tree at its peak', value: peak, unit: 'MiB', goal: 'flat' },
      ]);
    });
  });
}

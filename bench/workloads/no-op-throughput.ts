/** Tasks that do nothing, through real runners, as many as there can be, for 30 seconds. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { flatDag } from '../dag-files.js';
import { printFigures } from '../figures.js';
import { withHome, withStandalone } from '../standalone.js';

const SECONDS = 30;
const TASKS_PER_RUN = 50;
/** Hours of catchup: more runs than 30 seconds can finish. */
const HOURS = 6_000;
const ENDED = `select count(*) from task_instance where state = 'success'`;

export async function noOpThroughput(): Promise<void> {
  await withHome(async (home) => {
    await withStandalone(home, async (system) => {
      const startDate = new Date(Date.now() - HOURS * 3_600_000).toISOString();
      const options = `{ schedule: '@hourly', startDate: '${startDate}', catchup: true, maxActiveRuns: 64, maxActiveTasks: 1000 }`;
      writeFileSync(join(home.dags, 'flat.ts'), flatDag({ className: 'Flat', tasks: TASKS_PER_RUN, options }));
      await system.until(ENDED, [], 1_000, 20);
      const [before, startedAt] = [await system.number(ENDED), performance.now()];
      let peak = 0;
      while (performance.now() - startedAt < SECONDS * 1_000) {
        await sleep(1_000);
        peak = Math.max(peak, system.pssMib());
      }
      const done = (await system.number(ENDED)) - before;
      const failed = await system.number(
        `select count(*) from task_instance where state not in ('none', 'scheduled', 'queued', 'running', 'success')`,
      );
      const seconds = (performance.now() - startedAt) / 1_000;
      printFigures(`No-op tasks through real runners, ${SECONDS} s`, [
        {
          name: 'throughput',
          value: done / seconds,
          unit: '/s',
          target: '>= 1,500 /s',
          goal: '>= 5,000 /s',
          floor: '25,000 /s (raw SQL)',
        },
        { name: 'not successful', value: failed, unit: 'tasks', target: '0' },
        { name: 'peak PSS of the tree', value: peak, unit: 'MiB' },
      ]);
    });
  });
}

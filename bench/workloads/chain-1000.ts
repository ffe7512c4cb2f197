/** W1: a chain of 1,000 tasks that do nothing, triggered by hand; the second run counts, the first one warms up. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chainDag } from '../dag-files.js';
import { percentile, printFigures } from '../figures.js';
import { withHome, withStandalone } from '../standalone.js';

const TASKS = 1_000;
const ENDED = `select count(*) from dag_run where dag_id = 'chain' and ended_at is not null`;

export async function chain1000(): Promise<void> {
  await withHome(async (home) => {
    writeFileSync(join(home.dags, 'chain.ts'), chainDag({ className: 'Chain', tasks: TASKS, options: '{ schedule: null }' }));
    await withStandalone(home, async (system) => {
      for (let run = 1; run <= 2; run++) {
        await system.command('dags', 'trigger', 'chain');
        await system.until(ENDED, [], run, 50);
      }
      const { rows } = await system.database.query<{ started: number; ended: number; run_started: number }>(
        `select extract(epoch from t.started_at)::float8 * 1000 as started, extract(epoch from t.ended_at)::float8 * 1000 as ended,
                extract(epoch from r.started_at)::float8 * 1000 as run_started
           from task_instance t join dag_run r using (dag_run_id)
          where dag_run_id = (select max(dag_run_id) from dag_run where dag_id = 'chain') and t.ended_at is not null
          order by t.started_at, t.ended_at`,
      );
      if (rows.length !== TASKS) throw new Error(`${rows.length} of ${TASKS} tasks ran`);
      const lags = rows.map((row, index) => row.started - (rows[index - 1]?.ended ?? row.run_started));
      const hops = rows.slice(1).map((row, index) => row.started - (rows[index] as { started: number }).started);
      const makespan = (rows.at(-1) as { ended: number }).ended - (rows[0] as { run_started: number }).run_started;
      printFigures('W1 chain-1000 in standalone', [
        {
          name: 'hop p50 (start to next start)',
          value: percentile(hops, 0.5),
          unit: 'ms',
          target: '<= 3 ms',
          goal: '<= 1.0 ms',
          floor: '0.38 ms',
        },
        { name: 'hop p99', value: percentile(hops, 0.99), unit: 'ms', goal: '<= 10 ms' },
        { name: 'hop mean (makespan / tasks)', value: makespan / TASKS, unit: 'ms', target: '<= 3 ms', floor: '0.38 ms' },
        { name: 'lag p50 (ended to next started)', value: percentile(lags, 0.5), unit: 'ms' },
        { name: 'lag p99', value: percentile(lags, 0.99), unit: 'ms' },
        { name: 'makespan', value: makespan / 1_000, unit: 's', floor: '0.38 s' },
      ]);
    });
  });
}

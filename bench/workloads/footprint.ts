/** W14: memory of the whole tree without Postgres, idle with 100 DAGs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipelineDag } from '../dag-files.js';
import { percentile, printFigures } from '../figures.js';
import { withHome, withStandalone } from '../standalone.js';

const DAGS = 100;
const SECONDS = 60;

export async function footprint(): Promise<void> {
  await withHome(async (home) => {
    for (let index = 0; index < DAGS; index++)
      writeFileSync(join(home.dags, `pipeline${index}.ts`), pipelineDag(`Pipeline${index}`, 0));
    await withStandalone(home, async (system) => {
      await system.until('select count(*) from dag', [], DAGS, 50);
      const samples: number[] = [];
      for (let second = 0; second < SECONDS; second++) {
        await sleep(1_000);
        samples.push(system.pssMib());
      }
      printFigures(`W14 footprint: ${DAGS} DAGs, idle ${SECONDS} s, Postgres left out`, [
        {
          name: 'PSS of the tree at the end',
          value: samples.at(-1) as number,
          unit: 'MiB',
          target: '<= 250 MiB',
          goal: '<= 115 MiB + slots',
          floor: '76 MiB',
        },
        { name: 'PSS p50', value: percentile(samples, 0.5), unit: 'MiB' },
        { name: 'PSS at its peak', value: Math.max(...samples), unit: 'MiB' },
      ]);
    });
  });
}

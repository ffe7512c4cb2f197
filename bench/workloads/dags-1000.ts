/** W5: 1,000 DAG files of ten tasks each, parsed from cold; then 20 edits, each until its new version is visible. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipelineDag } from '../dag-files.js';
import { percentile, printFigures } from '../figures.js';
import { withHome, withStandalone, type Home } from '../standalone.js';

const FILES = 1_000;
const EDITS = 20;

export async function dags1000(): Promise<void> {
  await withHome(async (home) => {
    // Once without DAGs, so that creating the database is not part of the figure.
    await withStandalone(home, async () => {});
    for (let index = 0; index < FILES; index++) save(home, index, 0);
    await withStandalone(home, async (system) => {
      const restAt = performance.now();
      await system.until('select count(*) from dag', [], FILES, 5);
      const cold = (system.firstScanMs + performance.now() - restAt) / 1_000;
      const edits: number[] = [];
      for (let edit = 0; edit < EDITS; edit++) {
        const index = (edit * 37) % FILES;
        await sleep(200 + ((edit * 61) % 300));
        const savedAt = performance.now();
        save(home, index, 1);
        await system.until('select count(*) from dag_version where dag_id = $1', [`pipeline${index}`], 2, 2);
        edits.push(performance.now() - savedAt);
      }
      printFigures('W5 1,000 DAG files', [
        { name: 'cold parse to database', value: cold, unit: 's', target: '<= 5 s', goal: '<= 1.5 s', floor: '1.0 s' },
        {
          name: 'edit to visible p50',
          value: percentile(edits, 0.5),
          unit: 'ms',
          target: '<= 500 ms',
          goal: '<= 300 ms',
          floor: '2.6 ms',
        },
        { name: 'edit to visible p99', value: percentile(edits, 0.99), unit: 'ms' },
        { name: 'PSS of the tree', value: system.pssMib(), unit: 'MiB' },
      ]);
    });
  });
}

/** As editors do it: a new file moved over the old one. */
function save(home: Home, index: number, extra: number): void {
  const path = join(home.dags, `pipeline${index}.ts`);
  writeFileSync(`${path}.tmp`, pipelineDag(`Pipeline${index}`, extra));
  renameSync(`${path}.tmp`, path);
}

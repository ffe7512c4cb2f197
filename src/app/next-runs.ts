import { nextRuns as nextRunsAfter } from '../core/timetable/preview.js';
import type { NextRun } from '../model/dag.js';
import type { DagListing } from '../ports/store.js';
import type { Client } from './client.js';

/**
 * The next `count` automated runs of a DAG: the stored next run and those that follow it; of a DAG that no scheduler has planned yet, those
 * that follow its newest automated run.
 */
export async function nextRuns(client: Client, { dag, spec }: DagListing, count: number): Promise<readonly NextRun[]> {
  const now = client.clock.now();
  if (dag.nextRun !== null) {
    return [dag.nextRun, ...nextRunsAfter(spec, dag.nextRun.dataInterval, count - 1, now, client.timetables)];
  }
  const [newest] = await client.store.runs.listRuns({
    dagId: dag.dagId,
    runTypes: ['scheduled', 'backfill'],
    order: '-logical_date',
    limit: 1,
  });
  return nextRunsAfter(spec, newest?.dataInterval ?? null, count, now, client.timetables);
}

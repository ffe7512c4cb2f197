import { describeDstMoment, dstMoments } from '../core/timetable/dst-moments.js';
import { runThatWaits } from '../core/timetable/hybrid.js';
import { nextRuns as nextRunsAfter } from '../core/timetable/preview.js';
import { timetableFor } from '../core/timetable/resolve.js';
import type { NextRun } from '../model/dag.js';
import type { DataInterval, Instant } from '../model/instant.js';
import { timePartOf } from '../model/schedule-parts.js';
import type { DagListing } from '../ports/store.js';
import type { Client } from './client.js';

const FIRST_DATE = Date.UTC(1900, 0);

/**
 * The next `count` automated runs of a DAG: the stored next run and those that follow it. Of a DAG that no scheduler has planned lately, because it is
 * new or paused or no scheduler runs, those that a scheduler would plan now.
 */
export async function nextRuns(client: Client, { dag, spec }: DagListing, count: number): Promise<readonly NextRun[]> {
  const now = client.clock.now();
  const [newest] = await client.store.runs.listRuns({
    dagId: dag.dagId,
    runTypes: ['scheduled', 'backfill'],
    // Runs for files have no date, and none follows them by time.
    from: FIRST_DATE,
    order: '-logical_date',
    limit: 1,
  });
  const last = newest?.dataInterval ?? null;
  const isPlanned = dag.nextRun !== null && !dag.isPaused && dag.nextRun.runAfter >= now;
  const first = isPlanned ? dag.nextRun : waitingRun({ dag, spec }, last, now);
  if (first) return [first, ...nextRunsAfter(spec, first.dataInterval, count - 1, now, client.timetables)];
  return nextRunsAfter(spec, last, count, now, client.timetables);
}

function waitingRun({ dag, spec }: DagListing, last: DataInterval | null, now: Instant): NextRun | null {
  const time = timePartOf(spec.schedule);
  return time.kind === 'hybrid' && !dag.isPaused ? runThatWaits(time, timetableFor(spec), dag.nextRun, last, now) : null;
}

/** What changes of the clocks do to these runs of a DAG and between them, oldest first; for people, `text` says it. */
export function clockChanges(
  { spec }: DagListing,
  runs: readonly NextRun[],
): readonly { readonly kind: 'gap' | 'overlap'; readonly runsAt: readonly Instant[]; readonly text: string }[] {
  const [first] = runs;
  const last = runs.at(-1);
  if (!first || !last) return [];
  const moments = dstMoments(spec.schedule, spec.timezone, first.dataInterval.start - 1, last.runAfter);
  return moments.map((moment) => ({ kind: moment.kind, runsAt: moment.fires, text: describeDstMoment(moment) }));
}

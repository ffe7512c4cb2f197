/** Whether a run is the newest one of its schedule: what a latest-only task asks. */
import type { DagRun } from '../../model/dag-run.js';
import type { Instant } from '../../model/instant.js';
import type { Timetable } from './timetable.js';

/**
 * A run counts as the latest until the run that follows it by the timetable is due: with data intervals until the end of the following interval, with points in
 * time until the next one. A run by hand always counts, one after which the timetable has none does too; runs of a backfill and of assets get no exemption.
 * The DAG's start and end date and its catchup do not matter.
 */
export function isLatestRun(
  timetable: Timetable,
  run: Pick<DagRun, 'runType' | 'logicalDate' | 'dataInterval' | 'runAfter'>,
  now: Instant,
): boolean {
  if (run.runType === 'manual') return true;
  const point = run.logicalDate ?? run.runAfter;
  const interval = run.dataInterval ?? { start: point, end: point };
  const following = timetable.next(interval, { earliest: null, latest: null, catchup: true }, now);
  return following === null || (now > interval.start && now <= following.dataInterval.end);
}

/** The runs a schedule will make, for people and for backfills. */
import type { DagSpec } from '../../model/dag-spec.js';
import type { NextRun } from '../../model/dag.js';
import type { DataInterval, Instant } from '../../model/instant.js';
import { timetableFor } from './resolve.js';
import { restrictionOf, type Timetable, type TimetableRestriction } from './timetable.js';

/**
 * The next `n` automated runs after `last` (null: none so far), fewer when the schedule ends.
 */
export function nextRuns(
  spec: DagSpec,
  last: DataInterval | null,
  n: number,
  now: Instant,
  custom?: ReadonlyMap<string, Timetable>,
): NextRun[] {
  return walk(
    timetableFor(spec, custom),
    last,
    restrictionOf(spec),
    now,
    (runs) => runs.length < n,
    () => true,
  );
}

/**
 * The runs whose logical date lies between `from` and `to` (both inclusive) and whose interval ended before `now`, oldest first. The DAG's own
 * dates and catchup do not matter.
 * @param limit Stop after this many; default: no limit.
 */
export function intervalsBetween(
  spec: DagSpec,
  from: Instant,
  to: Instant,
  now: Instant,
  custom?: ReadonlyMap<string, Timetable>,
  limit: number = Number.POSITIVE_INFINITY,
): NextRun[] {
  const restriction: TimetableRestriction = { earliest: from, latest: to, catchup: true };
  return walk(
    timetableFor(spec, custom),
    null,
    restriction,
    now,
    (runs) => runs.length < limit,
    (run) => run.dataInterval.end < now && run.logicalDate <= to,
  );
}

function walk(
  timetable: Timetable,
  last: DataInterval | null,
  restriction: TimetableRestriction,
  now: Instant,
  wantsMore: (runs: readonly NextRun[]) => boolean,
  accepts: (run: NextRun) => boolean,
): NextRun[] {
  const runs: NextRun[] = [];
  let previous = last;
  while (wantsMore(runs)) {
    const run = timetable.next(previous, restriction, now);
    // One that does not move on, as continuous runs do not without a clock that does, ends here instead of never.
    if (run === null || !accepts(run) || (previous !== null && !movesOn(timetable, previous, run))) break;
    runs.push(run);
    previous = run.dataInterval;
  }
  return runs;
}

function movesOn({ lastsUntilNow }: Timetable, previous: DataInterval, { logicalDate, dataInterval }: NextRun): boolean {
  const { start, end } = dataInterval;
  if (lastsUntilNow && start === end) return false;
  return logicalDate > previous.start || (logicalDate < previous.start && end > previous.end);
}

/** Which other runs of a DAG a person means by "past" and "future": by logical date, among the runs that exist. */
import type { Instant } from '../../model/instant.js';
import type { Timetable } from '../timetable/timetable.js';

export interface RunSpan {
  /** Runs with an earlier logical date, too. */
  readonly past?: boolean;
  readonly future?: boolean;
}

export interface DatedRun {
  readonly id: number;
  readonly logicalDate: Instant | null;
}

/** `run` and, as asked, those before and after it. Past and future together are all runs, also those without a logical date. */
export function runsAround<Run extends DatedRun>(
  runs: readonly Run[],
  run: DatedRun,
  { past = false, future = false }: RunSpan,
): readonly Run[] {
  if (past && future) return runs;
  if (!past && !future) return runs.filter(({ id }) => id === run.id);
  return run.logicalDate === null ? runs : runsWithin(runs, run.logicalDate, past, future);
}

/**
 * The runs to be marked together with `run`: of a DAG with a regular timetable those at dates of it, of one without any schedule all by logical date, of any
 * other DAG only the run itself. A run without a logical date has neither past nor future.
 */
export function runsToMark<Run extends DatedRun>(
  runs: readonly Run[],
  run: DatedRun,
  span: RunSpan,
  timetable: Timetable,
  isScheduled: boolean,
): readonly Run[] {
  const { past = false, future = false } = span;
  const { logicalDate } = run;
  if ((!past && !future) || logicalDate === null || (isScheduled && !timetable.periodic)) {
    return runs.filter(({ id }) => id === run.id);
  }
  const between = runsWithin(runs, logicalDate, past, future);
  if (!isScheduled) return between;
  let [first, last] = [logicalDate, logicalDate];
  for (const { logicalDate: date } of between) [first, last] = [Math.min(first, date), Math.max(last, date)];
  const dates = datesOf(timetable, first, last);
  return between.filter((other) => other.id === run.id || dates.has(other.logicalDate));
}

/** The run at `logicalDate`, and those before and after it as asked. No two runs of a DAG have the same date. */
function runsWithin<Run extends DatedRun>(
  runs: readonly Run[],
  logicalDate: Instant,
  past: boolean,
  future: boolean,
): readonly (Run & { readonly logicalDate: Instant })[] {
  return runs.filter(
    (run): run is Run & { readonly logicalDate: Instant } =>
      run.logicalDate !== null && (past || run.logicalDate >= logicalDate) && (future || run.logicalDate <= logicalDate),
  );
}

/** The logical dates that the timetable has from `first` to `last`. */
function datesOf(timetable: Timetable, first: Instant, last: Instant): ReadonlySet<Instant> {
  const dates = new Set<Instant>();
  const restriction = { earliest: first, latest: last, catchup: true } as const;
  let next = timetable.next(null, restriction, last);
  // A timetable of a plugin may stand still, and must not hold us up.
  for (let before = first - 1; next !== null && next.logicalDate > before && next.logicalDate <= last;) {
    before = next.logicalDate;
    dates.add(before);
    next = timetable.next(next.dataInterval, restriction, last);
  }
  return dates;
}

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
  const { logicalDate } = run;
  if (logicalDate === null) return runs;
  return runs.filter(
    (other) =>
      other.id === run.id ||
      (other.logicalDate !== null && (past ? other.logicalDate < logicalDate : other.logicalDate > logicalDate)),
  );
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
  const only = runs.filter(({ id }) => id === run.id);
  if ((!past && !future) || run.logicalDate === null || (isScheduled && !timetable.periodic)) return only;
  const { logicalDate } = run;
  const between = runs.filter(
    (other) =>
      other.id === run.id ||
      (other.logicalDate !== null && (other.logicalDate < logicalDate ? past : other.logicalDate > logicalDate ? future : false)),
  );
  if (!isScheduled) return between;
  const dates = datesOf(between, timetable);
  return between.filter((other) => other.id === run.id || dates.has(other.logicalDate as Instant));
}

/** The logical dates that the timetable has from the first to the last of these runs; the first one counts in any case. */
function datesOf(runs: readonly DatedRun[], timetable: Timetable): ReadonlySet<Instant> {
  const sorted = runs.flatMap(({ logicalDate }) => logicalDate ?? []).sort((a, b) => a - b);
  const [first] = sorted;
  const last = sorted.at(-1);
  if (first === undefined || last === undefined) return new Set();
  const dates = new Set([first]);
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

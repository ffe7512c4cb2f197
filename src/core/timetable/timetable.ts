/** What every kind of schedule answers. Plugins implement it for schedules of their own. */
import type { Catchup, DagSpec } from '../../model/dag-spec.js';
import type { NextRun } from '../../model/dag.js';
import type { DataInterval, Instant } from '../../model/instant.js';
import type { TaggedJson } from '../../model/tagged-json.js';

/** The bounds within which a timetable may answer. */
export interface TimetableRestriction {
  /** No interval starts before; null: open. */
  readonly earliest: Instant | null;
  /** No interval starts after (inclusive); null: open. */
  readonly latest: Instant | null;
  /** Which of the intervals that passed before `now` are wanted. A timetable may treat everything but `true` as `false`. */
  readonly catchup: Catchup;
}

/** A pure rule: the same arguments give the same answer, on every machine. */
export interface Timetable {
  /**
   * The run after the one that covered `last` (null: there was none yet); null when there is none. Must move on: the answer's logical date is
   * after the start of `last`.
   */
  next(last: DataInterval | null, restriction: TimetableRestriction, now: Instant): NextRun | null;
  /** The interval that a run started by hand at `runAfter` covers. */
  inferManualInterval(runAfter: Instant): DataInterval;
  /** For people: `0 2 * * *`, `@daily`, `every 6h`. */
  readonly summary: string;
  /** True when it yields runs again and again, so that a backfill over dates makes sense. */
  readonly periodic: boolean;
  /** Most runs that may be unfinished at once, where the kind sets a limit: a DAG must set its `maxActiveRuns` no higher. */
  readonly maxActiveRuns?: number;
  /** True: intervals last until now, so that one of no length is not a run yet but grows into one. */
  readonly lastsUntilNow?: boolean;
  /** Returns the timetable for the arguments that a DAG gave; without it the arguments are ignored. */
  configure?(args: TaggedJson): Timetable;
}

const restrictions = new WeakMap<DagSpec, TimetableRestriction>();

/**
 * The restriction that a DAG puts on its own timetable: from the earliest start date of it and its tasks to its end date, or to the latest end date of its tasks
 * when each of them has one. The dates of a task are clamped into the DAG's before.
 */
export function restrictionOf(spec: DagSpec): TimetableRestriction {
  const known = restrictions.get(spec);
  if (known) return known;
  const restriction = { earliest: earliestStart(spec), latest: latestEnd(spec), catchup: spec.catchup };
  restrictions.set(spec, restriction);
  return restriction;
}

/** No task starts before the DAG does, so only a DAG without a start date takes those of its tasks. */
function earliestStart({ startDate, tasks }: DagSpec): Instant | null {
  if (startDate !== null) return startDate;
  const starts = tasks.flatMap((task) => task.startDate ?? []);
  return starts.length === 0 ? null : Math.min(...starts);
}

function latestEnd({ endDate, tasks }: DagSpec): Instant | null {
  const ends = tasks.flatMap((task) => task.endDate ?? []);
  if (ends.length === 0 || ends.length < tasks.length) return endDate;
  return Math.min(Math.max(...ends), endDate ?? Number.POSITIVE_INFINITY);
}

/** How many of the newest complete intervals are wanted; null: all of them. */
export function newestWanted(catchup: Catchup): number | null {
  if (catchup === true) return null;
  return typeof catchup === 'object' ? catchup.last : 1;
}

/** The run that covers [start, end) and is due at its end; null when it starts after `latest`. */
export function runOver(start: Instant, end: Instant, latest: Instant | null): NextRun | null {
  if (latest !== null && start > latest) return null;
  return { logicalDate: start, dataInterval: { start, end }, runAfter: end };
}

/** The run that is due at `at` and covers the `intervalMs` before it. */
export function runEndingAt(at: Instant, intervalMs: number): NextRun {
  const start = at - intervalMs;
  return { logicalDate: start, dataInterval: { start, end: at }, runAfter: at };
}

/** A point in time as an interval. */
export function pointInterval(at: Instant): DataInterval {
  return { start: at, end: at };
}

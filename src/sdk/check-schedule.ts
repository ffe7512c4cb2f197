/** S001: what is valid by itself and still not what an author expects of a schedule. */
import { dstMoments, type DstMoment } from '../core/timetable/dst-moments.js';
import { nextRuns } from '../core/timetable/preview.js';
import { timetableFor } from '../core/timetable/resolve.js';
import { restrictionOf } from '../core/timetable/timetable.js';
import type { DagSpec } from '../model/dag-spec.js';
import type { Instant } from '../model/instant.js';
import { timePartOf } from '../model/schedule-parts.js';
import type { ProblemList } from './problems.js';
import type { LazyPosition } from './source-position.js';

const YEAR_MS = 366 * 86_400_000;
const YEARS_SEARCHED = 6;
const DATES_SHOWN = 5;
/** Kinds whose runs follow from something else than dates. */
const UNCHECKED: ReadonlySet<DagSpec['schedule']['kind']> = new Set(['none', 'custom', 'once', 'continuous', 'fileWatch']);

/**
 * Warns of a schedule that has no run between the DAG's dates, and of one whose local times a change of the clocks skips or repeats within
 * a year; each time with the next five dates.
 *
 * @param now from when on the dates are named.
 */
export function checkSchedule(spec: DagSpec, position: LazyPosition | null, warnings: ProblemList, now: Instant): void {
  const schedule = timePartOf(spec.schedule);
  if (UNCHECKED.has(schedule.kind)) return;
  const value = 'text' in schedule ? schedule.text : schedule.kind;
  const message = neverFires(spec, now) ?? clockChanges(spec, now);
  if (message !== null) warnings.add('S001', { place: `${spec.dagId}.schedule`, message, value }, position);
}

function neverFires(spec: DagSpec, now: Instant): string | null {
  const { startDate, endDate, catchup } = spec;
  const schedule = timePartOf(spec.schedule);
  const timetable = timetableFor(spec);
  if (schedule.kind === 'events' && catchup === false && !timetable.next(null, restrictionOf(spec), now)) {
    return `no date of the schedule gets a run: without catchup only those to come count, and the last one is ${dateText(schedule.dates.at(-1) ?? now)}`;
  }
  if (
    startDate === null ||
    endDate === null ||
    timetable.next(null, { earliest: startDate, latest: endDate, catchup: true }, endDate)
  ) {
    return null;
  }
  const later = nextRuns({ ...spec, endDate: null, catchup: true }, null, DATES_SHOWN, now).map((run) => dateText(run.logicalDate));
  const dates = later.length === 0 ? '' : `; its next dates are ${later.join(', ')}`;
  return `the schedule never fires between startDate ${dateText(startDate)} and endDate ${dateText(endDate)}${dates}`;
}

function clockChanges({ schedule, timezone, startDate, endDate }: DagSpec, now: Instant): string | null {
  const from = Math.max(now, startDate ?? now);
  const to = Math.min(from + YEARS_SEARCHED * YEAR_MS, endDate ?? Number.POSITIVE_INFINITY);
  const moments = dstMoments(schedule, timezone, from, to);
  const [first] = moments;
  if (!first || first.local > now + YEAR_MS) return null;
  const gaps = datesOf(moments, 'gap');
  const overlaps = datesOf(moments, 'overlap');
  const sentences = [
    gaps && `the clock of ${timezone} goes forward over a time of this schedule; these local times do not exist: ${gaps}`,
    overlaps && `the clock of ${timezone} goes back over a time of this schedule; these local times come twice: ${overlaps}`,
  ];
  return sentences.filter((sentence) => sentence !== '').join('; ');
}

function datesOf(moments: readonly DstMoment[], kind: DstMoment['kind']): string {
  const dates = new Set(
    moments.filter((moment) => moment.kind === kind).map(({ local }) => new Date(local).toISOString().slice(0, 16)),
  );
  return [...dates].slice(0, DATES_SHOWN).join(', ');
}

function dateText(instant: Instant): string {
  return new Date(instant).toISOString();
}

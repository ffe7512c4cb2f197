import { timetableFor } from '../core/timetable/resolve.js';
import type { DagSpec } from '../model/dag-spec.js';
import type { ProblemList } from './problems.js';
import type { LazyPosition } from './source-position.js';

/** Warns (S001) of a schedule that is valid by itself but has no run between the DAG's dates. */
export function checkSchedule(spec: DagSpec, position: LazyPosition, warnings: ProblemList): void {
  const { schedule, startDate, endDate } = spec;
  if (endDate === null || startDate === null || (schedule.kind !== 'cron' && schedule.kind !== 'delta')) return;
  const restriction = { earliest: startDate, latest: endDate, catchup: true };
  if (timetableFor(spec).next(null, restriction, endDate)) return;
  const [from, to] = [startDate, endDate].map((instant) => new Date(instant).toISOString());
  warnings.add(
    'S001',
    {
      place: `${spec.dagId}.schedule`,
      message: `the schedule never fires between startDate ${from} and endDate ${to}`,
      value: schedule.text,
    },
    position,
  );
}

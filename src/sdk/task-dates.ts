import { parseDate } from '../core/timetable/parse-date.js';
import type { TaskSpec } from '../model/dag-spec.js';
import type { Instant } from '../model/instant.js';
import type { ProblemList } from './problems.js';
import type { CheckedMember } from './task-member.js';

/** The dates between which a task is part of its runs. They are read in the DAG's zone, so they are read after its options. */

export type TaskDates = Pick<TaskSpec, 'startDate' | 'endDate'>;

/** By name of the member. */
export function readTaskDates(
  members: readonly CheckedMember[],
  timezone: string,
  problems: ProblemList,
  warnings: ProblemList,
): ReadonlyMap<string, TaskDates> {
  return new Map(members.map((member) => [member.name, datesOf(member, timezone, problems, warnings)]));
}

function datesOf(
  { name, task, position }: CheckedMember,
  timezone: string,
  problems: ProblemList,
  warnings: ProblemList,
): TaskDates {
  const read = (option: keyof TaskDates): Instant | null => {
    const value = task[option];
    if (value === null) return null;
    const place = `tasks.${name}.${option}`;
    const at = problems.partOf(position, option);
    const parsed = problems.try(() => parseDate(value, timezone, place), at);
    if (parsed?.warning) warnings.addThrown(parsed.warning, 'DATE_IN_DST_GAP', place, at);
    return parsed?.instant ?? null;
  };
  const startDate = read('startDate');
  const endDate = read('endDate');
  if (startDate !== null && endDate !== null && endDate < startDate) {
    problems.add(
      'DATE_ORDER',
      { place: `tasks.${name}.endDate`, message: 'endDate is before startDate', value: task.endDate },
      problems.partOf(position, 'endDate'),
    );
  }
  return { startDate, endDate };
}

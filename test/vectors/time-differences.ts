/** Whether a rule of `differences.ts` explains our other answer to a case about times, judged by what the case says. */
import { isDeepStrictEqual } from 'node:util';
import { parseCron } from '../../src/core/timetable/cron-fields.js';
import { CronFires } from '../../src/core/timetable/cron-fires.js';
import { isAirflowLikeError } from '../../src/model/errors.js';
import type { VectorCase } from './vector-file.js';
import { instantOf, spanOf, type VectorDelta, type VectorInstant } from './vector-timetable.js';

interface ScheduleCase extends VectorCase {
  readonly schedule?: string | VectorDelta | null;
  readonly expected?: { readonly rejected?: boolean; readonly cron?: string };
}

/** A preset or a span as only we read it: with capitals or blanks around it, or as a text. */
const WRITTEN_ANEW =
  /^\s*(?:@(?:once|continuous|hourly|daily|midnight|weekly|monthly|quarterly|yearly|annually)|(?:\d+(?:ms|mo|[smhdwy]))+)\s*$/i;

/** Rule `written-schedule`. */
export function writesSchedules(testCase: VectorCase, ours: unknown): boolean {
  const { op, schedule, expected: recorded } = testCase as ScheduleCase;
  if (op !== 'schedule' || !recorded || schedule == null) return false;
  const isRefused = isDeepStrictEqual(ours, { rejected: true });
  if (typeof schedule !== 'string') {
    const isUnwritable = Object.values(schedule).some((amount) => amount < 0) || isBelowSecond(schedule);
    return isRefused && recorded.rejected !== true && isUnwritable;
  }
  if (recorded.rejected === true) return !isRefused && WRITTEN_ANEW.test(schedule);
  if (isRefused) return isNever(schedule);
  return schedule !== schedule.trim() && isDeepStrictEqual(ours, { ...recorded, cron: recorded.cron?.trim() });
}

function isBelowSecond(delta: VectorDelta): boolean {
  const { months, ms } = spanOf(delta);
  return months === 0 && ms < 1_000;
}

function isNever(expression: string): boolean {
  try {
    return new CronFires(parseCron(expression, 'schedule'), 'UTC').next(0) === null;
  } catch (error) {
    return isAirflowLikeError(error) && error.code === 'CRON_NEVER';
  }
}

interface DatedDag {
  readonly endDate?: VectorInstant | null;
  readonly tasks?: readonly { readonly endDate?: VectorInstant | null }[];
}

/** Rule `last-task-end`: every task has an end date before that of the DAG, and all our runs are among the recorded ones. */
export function endsWithLastTask(testCase: VectorCase, ours: unknown): boolean {
  const { endDate, tasks = [] } = (testCase['dag'] ?? {}) as DatedDag;
  if (endDate == null || tasks.length === 0) return false;
  if (!tasks.every((task) => task.endDate != null && instantOf(task.endDate) < instantOf(endDate))) return false;
  const recorded = new Set(runsIn(testCase['expected']));
  return runsIn(ours).every((run) => recorded.has(run));
}

function runsIn(answer: unknown): readonly string[] {
  if (Array.isArray(answer))
    return answer.flatMap((tick: { readonly created?: readonly unknown[] }) => (tick.created ?? []).map(textOf));
  return ((answer as { readonly runs?: readonly unknown[] } | null)?.runs ?? []).map(textOf);
}

const textOf = (run: unknown): string => JSON.stringify(run);

/** Rule `run-id-text`. */
export function refusesRunIdText(testCase: VectorCase, ours: unknown): boolean {
  const { op, runId } = testCase as VectorCase & { readonly runId?: string };
  if (op !== 'validate' || runId === undefined) return false;
  return isDeepStrictEqual(ours, { accepted: false, reason: 'pattern' }) && (runId.length > 250 || runId.endsWith('\n'));
}

import { checkTimezone } from '../core/timetable/check-timezone.js';
import { parseDate } from '../core/timetable/parse-date.js';
import { needsStartDate } from '../core/timetable/start-date.js';
import type { Catchup, DagSpec, ScheduleSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';
import { timePartOf } from '../model/schedule-parts.js';
import { CALLBACK_HINTS, callbackFlags, dagCallback, type DagCallbacks } from './callback.js';
import { checkOptions, duration, flag, id, integer, listOf, orNull, text, type OptionPlace } from './check-options.js';
import { checkParams } from './check-params.js';
import { checkTaskDefaults, type TaskSettings } from './check-task-options.js';
import type { ProblemList } from './problems.js';
import { readSchedule, type ScheduleReading } from './read-schedule.js';

/** The options of a DAG: what each may be, what it is when nobody says, and what they must be together. */

/** What the options of a DAG say about its spec. */
export type DagSettings = Omit<DagSpec, 'specVersion' | 'dagId' | 'tasks' | 'groups' | 'file' | 'exportName' | 'position'>;

export interface CheckedDag {
  readonly dagId: string | undefined;
  readonly settings: DagSettings;
  readonly callbacks: DagCallbacks;
  readonly taskDefaults: Partial<TaskSettings>;
}

const MAX_INTEGER = 2_147_483_647;
const LONGEST_RUN_DAYS = 366;

/** Schedule, dates, zone, params and `defaultArgs` depend on other options or have options of their own, so they are only picked here. */
const DAG_TABLE = {
  dagId: id,
  schedule: pick,
  timezone: pick,
  startDate: pick,
  endDate: pick,
  catchup: catchupOption,
  maxActiveRuns: integer(1, MAX_INTEGER),
  maxActiveTasks: integer(1, MAX_INTEGER),
  dagrunTimeout: orNull(duration(1, LONGEST_RUN_DAYS)),
  failFast: flag,
  maxConsecutiveFailedDagRuns: integer(0, MAX_INTEGER),
  onSuccess: dagCallback,
  onFailure: dagCallback,
  tags: listOf(text(100)),
  owner: text(500),
  description: orNull(text(10_000)),
  doc: orNull(text(100_000)),
  defaultArgs: pick,
  params: pick,
  isPausedUponCreation: orNull(flag),
  previousIds: listOf(id),
};

const HINTS: Readonly<Record<string, string>> = {
  ...CALLBACK_HINTS,
  id: 'dagId',
  name: 'dagId',
  cron: 'schedule',
  interval: 'schedule',
  scheduleInterval: 'schedule',
  schedule_interval: 'schedule',
  timetable: 'schedule',
  timeZone: 'timezone',
  tz: 'timezone',
  concurrency: 'maxActiveTasks',
  timeout: 'dagrunTimeout',
  docMd: 'doc',
  ...Object.fromEntries(
    [
      'retries',
      'retryDelay',
      'retryExponentialBackoff',
      'executionTimeout',
      'dependsOnPast',
      'pool',
      'queue',
      'triggerRule',
      'onExecute',
      'onRetry',
      'onSkipped',
    ].map((option) => [option, 'it is an option of tasks; for all of them, put it into defaultArgs']),
  ),
};

export function checkDagOptions(
  options: unknown,
  at: OptionPlace,
  problems: ProblemList,
  warnings: ProblemList,
  reading: ScheduleReading,
): CheckedDag {
  const checked = checkOptions(options, DAG_TABLE, { ...at, hints: HINTS }, problems);
  const timezone = checkZone(checked.timezone, at, problems, warnings);
  const date = (name: 'startDate' | 'endDate'): Instant | null => {
    if (checked[name] === undefined || checked[name] === null) return null;
    const position = problems.partOf(at.position, name);
    const parsed = problems.try(() => parseDate(checked[name], timezone, `${at.place}.${name}`), position);
    if (parsed?.warning) warnings.addThrown(parsed.warning, 'DATE_IN_DST_GAP', at.place, position);
    return parsed?.instant ?? null;
  };
  const startDate = date('startDate');
  const endDate = date('endDate');
  const schedule = checkScheduleOption(checked.schedule, timezone, at, problems, warnings, reading);
  const catchup = checked.catchup ?? false;
  const isGiven = checked.startDate !== undefined && checked.startDate !== null;
  if (!isGiven && needsStartDate(schedule, catchup)) {
    problems.add(
      'START_DATE_REQUIRED',
      {
        place: `${at.place}.startDate`,
        message: 'a DAG with a schedule needs a startDate: the begin of its first data interval',
        allowed: "for example '2024-01-01'",
      },
      at.position,
    );
  }
  if (timePartOf(schedule).kind === 'continuous' && checked.maxActiveRuns !== 1) {
    problems.add(
      'VALUE_RANGE',
      {
        place: `${at.place}.maxActiveRuns`,
        message: '@continuous makes one run after the other and needs a maxActiveRuns of 1',
        value: checked.maxActiveRuns,
        allowed: '1',
      },
      at.position,
    );
  }
  if (startDate !== null && endDate !== null && endDate < startDate) {
    problems.add(
      'DATE_ORDER',
      {
        place: `${at.place}.endDate`,
        message: `endDate ${showDate(endDate)} is before startDate ${showDate(startDate)}`,
        value: checked.endDate,
      },
      problems.partOf(at.position, 'endDate'),
    );
  }
  const params =
    checked.params === undefined
      ? null
      : problems.try(
          () => checkParams(checked.params, `${at.place}.params`, schedule.kind !== 'none'),
          problems.partOf(at.position, 'params'),
        );
  const callbacks: DagCallbacks = { onSuccess: checked.onSuccess ?? null, onFailure: checked.onFailure ?? null };
  return {
    dagId: checked.dagId,
    callbacks,
    settings: {
      previousIds: checked.previousIds ?? [],
      description: checked.description ?? null,
      doc: checked.doc ?? null,
      owner: checked.owner ?? 'airflow',
      tags: checked.tags ?? [],
      schedule,
      timezone,
      startDate,
      endDate,
      catchup,
      maxActiveRuns: checked.maxActiveRuns ?? 16,
      maxActiveTasks: checked.maxActiveTasks ?? 16,
      dagrunTimeoutMs: checked.dagrunTimeout ?? null,
      failFast: checked.failFast ?? false,
      maxConsecutiveFailedDagRuns: checked.maxConsecutiveFailedDagRuns ?? 0,
      isPausedUponCreation: checked.isPausedUponCreation ?? null,
      ...callbackFlags(callbacks, ['success', 'failure']),
      params: params ?? null,
    },
    taskDefaults: checkTaskDefaults(
      checked.defaultArgs,
      { place: `${at.place}.defaultArgs`, position: problems.partOf(at.position, 'defaultArgs') },
      problems,
    ),
  };
}

/** The zone to go on with is UTC when the one that was given is refused. */
function checkZone(zone: unknown, at: OptionPlace, problems: ProblemList, warnings: ProblemList): string {
  if (zone === undefined) return 'UTC';
  const place = `${at.place}.timezone`;
  const position = problems.partOf(at.position, 'timezone');
  const result = problems.try(() => checkTimezone(zone, place), position);
  if (result?.warning) warnings.addThrown(result.warning, 'TZ_AMBIGUOUS', place, position);
  return result?.timezone ?? 'UTC';
}

/** The schedule to go on with is none when the one that was given is refused. */
function checkScheduleOption(
  schedule: unknown,
  timezone: string,
  at: OptionPlace,
  problems: ProblemList,
  warnings: ProblemList,
  reading: ScheduleReading,
): ScheduleSpec {
  if (schedule === undefined) return { kind: 'none' };
  const own: OptionPlace = { place: `${at.place}.schedule`, position: problems.partOf(at.position, 'schedule') };
  return (
    problems.try(() => readSchedule(schedule, { at: own, timezone, problems, warnings, reading }), own.position) ?? { kind: 'none' }
  );
}

function catchupOption(catchup: unknown, place: string): Catchup {
  if (typeof catchup === 'boolean' || catchup === 'latest') return catchup;
  if (typeof catchup === 'object' && catchup !== null && Object.keys(catchup).join() === 'last') {
    return { last: integer(1, MAX_INTEGER)((catchup as { last: unknown }).last, `${place}.last`) };
  }
  throw new AirflowLikeError('VALUE_TYPE', {
    place,
    message: 'this is not a catchup',
    value: catchup,
    allowed: "true, false, 'latest', { last: n }",
  });
}

function pick(value: unknown): unknown {
  return value;
}

/** The day alone when it is midnight in UTC. */
function showDate(instant: Instant): string {
  return new Date(instant).toISOString().replace('T00:00:00.000Z', '');
}

/** From what an author gave as `schedule` to plain data. */
import { conditionText } from '../core/asset/condition.js';
import { parseDate } from '../core/timetable/parse-date.js';
import { parseSchedule } from '../core/timetable/parse-schedule.js';
import type { AssetCondition } from '../model/asset.js';
import type { ScheduleSpec, TimeScheduleSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';
import { isAssetExpression } from './asset.js';
import { readAssetCondition, readAssetList } from './check-assets.js';
import { checkOptions, duration, flag, type OptionPlace } from './check-options.js';
import type { ProblemList } from './problems.js';
import { fileWatchSpec, hybridSpec } from './read-file-schedule.js';
import { isScheduleSource, sourceKind } from './schedule-source.js';
import { customSchedule, isCustomTimetable } from './timetable.js';

type CronTriggerSpec = Extract<ScheduleSpec, { kind: 'cronTrigger' }>;

const LONGEST_INTERVAL_DAYS = 3_660;
const MOST_EXPRESSIONS = 100;
const MOST_EVENTS = 10_000;

const interval = duration(1, LONGEST_INTERVAL_DAYS);
const CRON_TABLE = {
  interval,
  runImmediately: (value: unknown, place: string) => (typeof value === 'boolean' ? value : within(value, place)),
};
const DELTA_TABLE = { interval };
const EVENTS_TABLE = { restrictToEvents: flag };

/** How an installation reads a plain schedule; carried into the spec, so that a stored version keeps its meaning. */
export interface ScheduleReading {
  /** A plain cron expression, preset or span covers data intervals; false: it names points in time, as by default in Airflow 3. */
  readonly cronDataIntervals: boolean;
}

export const DEFAULT_READING: ScheduleReading = { cronDataIntervals: true };

/** What happens around the schedule: where its mistakes go, and the zone of its dates. */
export interface ScheduleSurroundings {
  /** Of the `schedule` option itself. */
  readonly at: OptionPlace;
  readonly timezone: string;
  readonly problems: ProblemList;
  readonly warnings: ProblemList;
  readonly reading: ScheduleReading;
}

/**
 * @throws AirflowLikeError CRON_INVALID, CRON_NEVER, DURATION_INVALID, DATE_INVALID, ASSET_INVALID, FILE_PATTERN_INVALID, VALUE_TYPE, VALUE_RANGE. Unknown
 * options are added to the problems.
 */
export function readSchedule(schedule: unknown, around: ScheduleSurroundings): ScheduleSpec {
  const { place } = around.at;
  const condition = readAssets(schedule, place);
  if (condition) return { kind: 'assets', condition, text: conditionText(condition) };
  if (!isScheduleSource(schedule) || sourceKind(schedule) !== 'assetOrTime') return readTimeSchedule(schedule, around);
  const assets = schedule.options;
  const either = readAssets(assets, `${place}.assets`) ?? readAssetCondition(assets, `${place}.assets`);
  const time = readTimeSchedule(schedule.of, { ...around, at: { ...around.at, place: `${place}.time` } });
  if (time.kind === 'none')
    throw new AirflowLikeError('VALUE_TYPE', {
      place: `${place}.time`,
      message: 'this never runs; give the assets alone',
      value: schedule.of,
    });
  return { kind: 'assetOrTime', time, condition: either, text: `${textOf(time)} or ${conditionText(either)}` };
}

/** Null: it has nothing to do with assets. */
function readAssets(schedule: unknown, place: string): AssetCondition | null {
  if (isAssetExpression(schedule)) return readAssetCondition(schedule, place);
  return Array.isArray(schedule) && schedule.some(isAssetExpression) ? readAssetList(schedule, place) : null;
}

function textOf(time: TimeScheduleSpec): string {
  return 'text' in time ? time.text : `@${time.kind}`;
}

function readTimeSchedule(schedule: unknown, around: ScheduleSurroundings): TimeScheduleSpec {
  const { at, problems } = around;
  if (isCustomTimetable(schedule)) return customSchedule(schedule, at.place);
  if (schedule === null || typeof schedule === 'string') return readPlain(parseSchedule(schedule, at.place), around.reading);
  if (Array.isArray(schedule)) return cronTriggerSpec(listOfCrons(schedule, at.place), {});
  if (!isScheduleSource(schedule)) {
    throw new AirflowLikeError('VALUE_TYPE', {
      place: at.place,
      message: 'this is not a schedule',
      value: schedule,
      allowed:
        "a cron expression, a preset ('@daily'), a span ('6h'), a list of cron expressions, cronTrigger(...), crons(...), deltaTrigger(...), " +
        'events(...), fileWatch(...), hybrid(...), asset(...), a list of assets, assetOrTime(...), timetable(...), or null',
    });
  }
  const { of, options } = schedule;
  switch (sourceKind(schedule)) {
    case 'cronTrigger':
      return cronTriggerSpec([cronOf(of, at.place)], checkOptions(options, CRON_TABLE, at, problems));
    case 'crons':
      return cronTriggerSpec(listOfCrons(of, at.place), checkOptions(options, CRON_TABLE, at, problems));
    case 'deltaTrigger':
      return deltaTriggerSpec(of, checkOptions(options, DELTA_TABLE, at, problems).interval, at.place);
    case 'events':
      return eventsSpec(of, checkOptions(options, EVENTS_TABLE, at, problems).restrictToEvents, around);
    case 'assetOrTime':
      throw new AirflowLikeError('VALUE_TYPE', { place: at.place, message: 'assetOrTime(...) cannot be part of another one' });
    case 'fileWatch':
      return fileWatchSpec(of, options, around);
    case 'hybrid':
      return hybridSpec(readTimeSchedule(of, around), options, around);
  }
}

function readPlain(parsed: TimeScheduleSpec, { cronDataIntervals }: ScheduleReading): TimeScheduleSpec {
  if (cronDataIntervals) return parsed;
  if (parsed.kind === 'cron') return cronTriggerSpec([parsed], {});
  return parsed.kind === 'delta' ? deltaTrigger(parsed, 0) : parsed;
}

function within(value: unknown, place: string): { readonly withinMs: number } {
  return { withinMs: duration(0, LONGEST_INTERVAL_DAYS)(value, place) };
}

interface WrittenCron {
  readonly expression: string;
  readonly text: string;
}

function cronTriggerSpec(
  written: readonly WrittenCron[],
  options: { readonly interval?: number; readonly runImmediately?: CronTriggerSpec['runImmediately'] },
): TimeScheduleSpec {
  const unique = new Map(written.map(({ expression, text }) => [expression, text]));
  return {
    kind: 'cronTrigger',
    expressions: [...unique.keys()],
    intervalMs: options.interval ?? 0,
    runImmediately: options.runImmediately ?? false,
    text: [...unique.values()].join(', '),
  };
}

function listOfCrons(values: unknown, place: string): readonly WrittenCron[] {
  return listOf(values, place, MOST_EXPRESSIONS, 'cron expressions').map((value, index) => cronOf(value, `${place}[${index}]`));
}

function cronOf(value: unknown, place: string): WrittenCron {
  const parsed = typeof value === 'string' ? parseSchedule(value, place) : null;
  if (parsed?.kind === 'cron') return parsed;
  throw new AirflowLikeError('CRON_INVALID', {
    place,
    message: 'this is not a cron expression',
    value,
    allowed: "'0 2 * * *', or a preset such as '@daily'",
    suggestion: parsed?.kind === 'delta' ? `deltaTrigger('${parsed.text}')` : null,
  });
}

function deltaTriggerSpec(every: unknown, intervalMs: number | undefined, place: string): TimeScheduleSpec {
  const parsed = typeof every === 'string' && !/^\s*@|\s\S/.test(every) ? parseSchedule(every, place) : null;
  if (parsed?.kind === 'delta') {
    return deltaTrigger(parsed, intervalMs ?? 0);
  }
  throw new AirflowLikeError('DURATION_INVALID', {
    place,
    message: 'this is not a span of time',
    value: every,
    allowed: "a number with s, m, h, d, w, mo or y, for example '6h', '1mo'",
    suggestion: typeof every === 'string' ? `cronTrigger('${every}')` : null,
  });
}

function deltaTrigger({ span, text }: Extract<ScheduleSpec, { kind: 'delta' }>, intervalMs: number): TimeScheduleSpec {
  return { kind: 'deltaTrigger', span, intervalMs, text: `every ${text}` };
}

function eventsSpec(
  dates: unknown,
  restrictToEvents: boolean | undefined,
  { at, timezone, warnings }: ScheduleSurroundings,
): TimeScheduleSpec {
  const instants = listOf(dates, at.place, MOST_EVENTS, 'dates').map((value, index): Instant => {
    const place = `${at.place}[${index}]`;
    const { instant, warning } = parseDate(value, timezone, place);
    if (warning) warnings.addThrown(warning, 'DATE_IN_DST_GAP', place, at.position);
    return instant;
  });
  const unique = [...new Set(instants)].toSorted((a, b) => a - b);
  return {
    kind: 'events',
    dates: unique,
    restrictToEvents: restrictToEvents ?? false,
    text: unique.length === 1 ? '1 event' : `${unique.length} events`,
  };
}

function listOf(values: unknown, place: string, most: number, what: string): readonly unknown[] {
  if (!Array.isArray(values))
    throw new AirflowLikeError('VALUE_TYPE', { place, message: `this must be a list of ${what}`, value: values });
  if (values.length > 0 && values.length <= most) return values;
  throw new AirflowLikeError('VALUE_RANGE', { place, message: `the list holds ${values.length} ${what}`, allowed: `1 to ${most}` });
}

/** Reads the timetables of the recorded cases as schedules of ours. */
import { parseDate } from '../../src/core/timetable/parse-date.js';
import { CRON_PRESETS } from '../../src/core/timetable/presets.js';
import { timetableFor } from '../../src/core/timetable/resolve.js';
import type { Timetable, TimetableRestriction } from '../../src/core/timetable/timetable.js';
import type { AssetCondition } from '../../src/model/asset.js';
import type { CalendarSpan, DagSpec, ScheduleSpec, TaskSpec, TimeScheduleSpec } from '../../src/model/dag-spec.js';
import type { DataInterval, Instant } from '../../src/model/instant.js';
import { dagSpec } from '../unit/core/factories.js';

export interface VectorDelta {
  readonly years?: number;
  readonly months?: number;
  readonly weeks?: number;
  readonly days?: number;
  readonly hours?: number;
  readonly seconds?: number;
}

export interface VectorTimetable {
  readonly type: string;
  readonly cron?: string;
  readonly crons?: readonly string[];
  readonly timezone?: string;
  readonly delta?: VectorDelta;
  readonly intervalSeconds?: number;
  readonly runImmediately?: boolean | null | { readonly withinSeconds: number };
  readonly dates?: readonly VectorInstant[];
  readonly restrictToEvents?: boolean;
  readonly time?: VectorTimetable;
}

export interface VectorRestriction {
  readonly earliest: VectorInstant | null;
  readonly latest: VectorInstant | null;
  readonly catchup: boolean;
}

/** An instant in UTC, or a wall-clock time in a zone. */
export type VectorInstant = string | { readonly local: string; readonly zone: string };

export function instantOf(value: VectorInstant): Instant {
  if (typeof value === 'object') return parseDate(value.local, value.zone, 'vector').instant;
  const instant = Date.parse(value);
  if (Number.isNaN(instant)) throw new Error(`not an instant: ${value}`);
  return instant;
}

export const instantOrNull = (value: VectorInstant | null | undefined): Instant | null =>
  value === null || value === undefined ? null : instantOf(value);

/** Seconds, or milliseconds when there is a fraction. */
export const textOf = (instant: Instant): string => new Date(instant).toISOString().replace('.000Z', 'Z');

export function spanOf(delta: VectorDelta): CalendarSpan {
  const hours = ((delta.weeks ?? 0) * 7 + (delta.days ?? 0)) * 24 + (delta.hours ?? 0);
  return { months: (delta.years ?? 0) * 12 + (delta.months ?? 0), ms: hours * 3_600_000 + (delta.seconds ?? 0) * 1_000 };
}

export function scheduleOf(timetable: VectorTimetable): ScheduleSpec {
  const condition: AssetCondition = { kind: 'asset', asset: { name: 'a', uri: 'a', group: 'asset', extra: {} } };
  if (timetable.type === 'AssetTriggered') return { kind: 'assets', condition, text: 'a' };
  if (timetable.type !== 'AssetOrTime') return timeScheduleOf(timetable);
  return { kind: 'assetOrTime', time: timeScheduleOf(timetable.time!), condition, text: 'a' };
}

function timeScheduleOf(timetable: VectorTimetable): TimeScheduleSpec {
  const { type, cron = '', delta = {}, intervalSeconds = 0 } = timetable;
  const intervalMs = intervalSeconds * 1_000;
  switch (type) {
    case 'CronDataInterval':
      return { kind: 'cron', expression: cronOf(cron), text: cron };
    case 'CronTrigger':
    case 'MultipleCronTrigger': {
      const expressions = (timetable.crons ?? [cron]).map(cronOf);
      const given = timetable.runImmediately ?? false;
      const runImmediately = typeof given === 'object' ? { withinMs: given.withinSeconds * 1_000 } : given;
      return { kind: 'cronTrigger', expressions, intervalMs, runImmediately, text: expressions.join(', ') };
    }
    case 'DeltaDataInterval':
      return { kind: 'delta', span: spanOf(delta), text: JSON.stringify(delta) };
    case 'DeltaTrigger':
      return { kind: 'deltaTrigger', span: spanOf(delta), intervalMs, text: JSON.stringify(delta) };
    case 'Events': {
      const dates = [...new Set((timetable.dates ?? []).map(instantOf))].toSorted((a, b) => a - b);
      return { kind: 'events', dates, restrictToEvents: timetable.restrictToEvents ?? false, text: 'events' };
    }
    case 'Once':
      return { kind: 'once' };
    case 'Continuous':
      return { kind: 'continuous', text: '@continuous' };
    case 'Null':
      return { kind: 'none' };
    default:
      throw new Error(`unknown timetable ${type}`);
  }
}

export function specOf(timetable: VectorTimetable, changes: Partial<DagSpec> = {}, tasks: readonly TaskSpec[] = []): DagSpec {
  return dagSpec(tasks, { schedule: scheduleOf(timetable), timezone: (timetable.time ?? timetable).timezone ?? 'UTC', ...changes });
}

export function timetableOf(timetable: VectorTimetable): Timetable {
  return timetableFor(specOf(timetable));
}

export function restrictionOfVector({ earliest, latest, catchup }: VectorRestriction): TimetableRestriction {
  return { earliest: instantOrNull(earliest), latest: instantOrNull(latest), catchup };
}

export function intervalOf(last: { readonly start: VectorInstant; readonly end: VectorInstant } | null): DataInterval | null {
  return last && { start: instantOf(last.start), end: instantOf(last.end) };
}

function cronOf(text: string): string {
  return CRON_PRESETS[text] ?? text;
}

/** Where a change of the clocks touches a cron schedule: times of day that do not exist or exist twice. */
import type { ScheduleSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import { timePartOf } from '../../model/schedule-parts.js';
import { parseCron } from './cron-fields.js';
import { CronFires } from './cron-fires.js';
import { offsetChanges, type OffsetChange } from './offset-changes.js';

export interface DstMoment {
  /** `gap`: the local time does not exist. `overlap`: it comes twice. */
  readonly kind: 'gap' | 'overlap';
  /** The local time that the schedule names, as milliseconds since 1970-01-01 00:00 on the same clock. */
  readonly local: number;
  /** Real fires in its place: none, one or two. */
  readonly fires: readonly Instant[];
}

const ALL_HOURS = 24;

/**
 * Moments after `from` up to `to`, oldest first, one for each change of the clocks and expression. A schedule for every hour runs on elapsed time and has
 * none; deltas and event lists have none either.
 */
export function dstMoments(schedule: ScheduleSpec, timezone: string, from: Instant, to: Instant): readonly DstMoment[] {
  const changes = offsetChanges(timezone, from, to);
  const moments = expressionsOf(schedule).flatMap((expression) => {
    const fields = parseCron(expression, 'schedule');
    if (fields.hours.size === ALL_HOURS) return [];
    const wall = new CronFires(fields, 'UTC');
    const fires = new CronFires(fields, timezone);
    return changes.flatMap((change) => momentAt(change, wall, fires) ?? []);
  });
  return moments.toSorted((a, b) => a.local - b.local);
}

/** For people: what happens on that day. */
export function describeDstMoment({ kind, local, fires }: DstMoment): string {
  const time = new Date(local).toISOString().slice(0, 16).replace('T', ' ');
  const at = fires.map((fire) => new Date(fire).toISOString().replace('.000Z', 'Z')).join(' and ');
  if (kind === 'gap') return `${time} does not exist: ${fires.length === 0 ? 'no run' : `runs at ${at}`}`;
  return `${time} comes twice: runs ${fires.length === 1 ? 'the first time, ' : ''}at ${at}`;
}

function momentAt({ at, before, after }: OffsetChange, wall: CronFires, fires: CronFires): DstMoment | null {
  const begin = at + Math.min(before, after);
  const end = at + Math.max(before, after);
  const local = wall.alignNext(begin);
  if (local === null || local >= end) return null;
  const isFire = (instant: Instant): boolean => fires.alignNext(instant) === instant;
  if (after > before) return { kind: 'gap', local, fires: [at].filter(isFire) };
  return { kind: 'overlap', local, fires: [local - before, local - after].filter(isFire) };
}

function expressionsOf(whole: ScheduleSpec): readonly string[] {
  const schedule = timePartOf(whole);
  if (schedule.kind === 'hybrid') return expressionsOf(schedule.time);
  if (schedule.kind === 'cron') return [schedule.expression];
  return schedule.kind === 'cronTrigger' ? schedule.expressions : [];
}

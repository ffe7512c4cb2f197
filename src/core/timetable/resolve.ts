/** The timetable that belongs to a DAG. */
import type { DagSpec, TimeScheduleSpec } from '../../model/dag-spec.js';
import { timePartOf } from '../../model/schedule-parts.js';
import { continuousTimetable } from './continuous.js';
import { cronTriggerTimetable } from './cron-trigger.js';
import { CronTimetable } from './cron.js';
import { customTimetable } from './custom.js';
import { deltaTriggerTimetable } from './delta-trigger.js';
import { deltaTimetable } from './delta.js';
import { eventsTimetable } from './events.js';
import { fileWatchTimetable } from './file-watch.js';
import { hybridTimetable } from './hybrid.js';
import { noTimetable } from './none.js';
import { onceTimetable } from './once.js';
import type { Timetable } from './timetable.js';

/** Parsed timetables, kept as long as the spec object they belong to. */
const timetables = new WeakMap<DagSpec, Timetable>();

/**
 * @param custom Timetables of plugins by name.
 * @throws AirflowLikeError UNKNOWN_NAME when a custom timetable is not registered, TIMETABLE_FAILED when it fails; CRON_INVALID for a stored expression that is none.
 */
export function timetableFor(spec: DagSpec, custom?: ReadonlyMap<string, Timetable>): Timetable {
  const schedule = timePartOf(spec.schedule);
  if (schedule.kind === 'custom') return customTimetable(schedule, spec.dagId, custom);
  const known = timetables.get(spec);
  if (known) return known;
  const timetable = timetableOf(schedule, spec.timezone);
  timetables.set(spec, timetable);
  return timetable;
}

function timetableOf(schedule: TimeScheduleSpec, timezone: string): Timetable {
  switch (schedule.kind) {
    case 'once':
      return onceTimetable;
    case 'cron':
      return new CronTimetable(schedule.expression, timezone, schedule.text);
    case 'delta':
      return deltaTimetable(schedule.span, schedule.text);
    case 'cronTrigger':
      return cronTriggerTimetable(schedule, timezone);
    case 'deltaTrigger':
      return deltaTriggerTimetable(schedule);
    case 'events':
      return eventsTimetable(schedule);
    case 'continuous':
      return continuousTimetable;
    case 'fileWatch':
      return fileWatchTimetable(schedule);
    case 'hybrid':
      return hybridTimetable(schedule, timetableOf(schedule.time, timezone));
    default:
      return noTimetable;
  }
}

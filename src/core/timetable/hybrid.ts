/** A schedule by time whose runs wait for a file. When a run is due is the other timetable's answer; whether its file is there, the run creator's. */
import type { TimeScheduleSpec } from '../../model/dag-spec.js';
import type { NextRun } from '../../model/dag.js';
import { fillFileTemplate } from './file-template.js';
import type { DataInterval, Instant } from '../../model/instant.js';
import type { Timetable } from './timetable.js';

export type HybridSpec = Extract<TimeScheduleSpec, { kind: 'hybrid' }>;

export function hybridTimetable(spec: HybridSpec, time: Timetable): Timetable {
  return {
    next: (last, restriction, now) => time.next(last, restriction, now),
    inferManualInterval: (runAfter) => time.inferManualInterval(runAfter),
    summary: spec.text,
    periodic: time.periodic,
  };
}

/**
 * The pattern of the file that this run waits for.
 *
 * @param place Where the schedule stands, for messages.
 * @throws AirflowLikeError FILE_PATTERN_INVALID for a placeholder that is none.
 */
export function fileOfRun(
  { place, timezone }: { readonly place: string; readonly timezone: string },
  { file }: HybridSpec,
  run: NextRun,
): string {
  return fillFileTemplate(file, run, timezone, place);
}

/** A pass may come late to the moment at which a run gives up; one that comes later than this finds a run that nobody has waited with. */
const LATE_MS = 60_000;

/**
 * The run that was planned before and waits for its file: it keeps its turn until it has given up, also where without catchup a newer one would take its
 * place. Null: none does.
 *
 * @param planned The next run as it was planned last.
 */
export function runThatWaits(
  schedule: HybridSpec,
  timetable: Timetable,
  planned: NextRun | null,
  last: DataInterval | null,
  now: Instant,
): NextRun | null {
  if (planned === null || planned.runAfter > now || now > planned.runAfter + schedule.waitForMs + LATE_MS) return null;
  if (last !== null && planned.logicalDate <= last.start) return null;
  // The schedule may be another one by now.
  const { kind } = schedule.time;
  const earliest = kind === 'cron' || kind === 'delta' ? planned.logicalDate : planned.runAfter;
  const same = timetable.next(null, { earliest, latest: null, catchup: true }, now);
  return same?.logicalDate === planned.logicalDate && same.runAfter === planned.runAfter ? same : null;
}

/** A schedule by time whose runs wait for a file. When a run is due is the other timetable's answer; whether its file is there, the run creator's. */
import type { TimeScheduleSpec } from '../../model/dag-spec.js';
import type { NextRun } from '../../model/dag.js';
import { fillFileTemplate } from './file-template.js';
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

/**
 * A fixed span between points in time. Unlike intervals they are not tied to a clock: each run follows the one before it, and one that is overdue
 * without catchup is made now.
 */
import type { ScheduleSpec } from '../../model/dag-spec.js';
import { addSpan } from './delta.js';
import { newestWanted, runEndingAt, type Timetable } from './timetable.js';

export function deltaTriggerTimetable(spec: Extract<ScheduleSpec, { kind: 'deltaTrigger' }>): Timetable {
  const { span, intervalMs } = spec;
  return {
    next(last, { earliest, latest, catchup }, now) {
      const newest = newestWanted(catchup);
      const following = last === null ? null : addSpan(last.end, span);
      let at = following ?? earliest ?? now;
      if (newest !== null) {
        const back = 1 - newest;
        const oldestWanted = addSpan(now, { months: span.months * back, ms: span.ms * back });
        at = Math.max(oldestWanted, following ?? oldestWanted, earliest ?? oldestWanted);
      }
      return latest !== null && at > latest ? null : runEndingAt(at, intervalMs);
    },
    inferManualInterval: (runAfter) => ({ start: runAfter - intervalMs, end: runAfter }),
    summary: spec.text,
    periodic: true,
  };
}

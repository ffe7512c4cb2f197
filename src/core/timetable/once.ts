import { pointInterval, type Timetable } from './timetable.js';

/** One run, at the start date (or at once), whatever `catchup` says. */
export const onceTimetable: Timetable = {
  next(last, { earliest, latest }, now) {
    if (last !== null) return null;
    const at = earliest ?? now;
    if (latest !== null && at > latest) return null;
    return { logicalDate: at, dataInterval: pointInterval(at), runAfter: at };
  },
  inferManualInterval: pointInterval,
  summary: '@once',
  periodic: false,
};

import { pointInterval, type Timetable } from './timetable.js';

/** One run after the other without a pause: each one covers the time since the interval before it ended. It needs `maxActiveRuns` 1. */
export const continuousTimetable: Timetable = {
  next(last, { earliest, latest }, now) {
    let start = earliest ?? now;
    let end = Math.max(start, now);
    if (last !== null && last.end <= now) {
      start = last.end;
      end = now;
    } else if (last !== null) {
      // The last interval lies ahead of the clock (the start date was moved back): one of its length, from the start date.
      start = earliest ?? now;
      end = start + (last.end - last.start);
    }
    if (latest !== null && end > latest) return null;
    return { logicalDate: start, dataInterval: { start, end }, runAfter: end };
  },
  inferManualInterval: pointInterval,
  summary: '@continuous',
  periodic: false,
  maxActiveRuns: 1,
  lastsUntilNow: true,
};

import { pointInterval, type Timetable } from './timetable.js';

/** Never runs by itself. */
export const noTimetable: Timetable = {
  next: () => null,
  inferManualInterval: pointInterval,
  summary: 'none',
  periodic: false,
};

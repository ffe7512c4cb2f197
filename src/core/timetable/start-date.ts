import type { Catchup, ScheduleSpec } from '../../model/dag-spec.js';

/**
 * Whether a DAG with this schedule must have a start date. Intervals need one as the begin of the first of them, and so does catchup; a schedule of points in
 * time can begin now.
 */
export function needsStartDate(schedule: ScheduleSpec, catchup: Catchup): boolean {
  switch (schedule.kind) {
    case 'none':
    case 'custom':
    case 'fileWatch':
      return false;
    case 'hybrid':
      return needsStartDate(schedule.time, catchup);
    case 'cron':
    case 'delta':
    case 'once':
    case 'continuous':
      return true;
    case 'assetOrTime':
      return needsStartDate(schedule.time, catchup);
    default:
      return catchup === true;
  }
}

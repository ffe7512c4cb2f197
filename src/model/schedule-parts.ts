import type { AssetCondition } from './asset.js';
import type { ScheduleSpec, TimeScheduleSpec } from './dag-spec.js';

/** What of a schedule is decided by time; none for one of assets alone. */
export function timePartOf(schedule: ScheduleSpec): TimeScheduleSpec {
  if (schedule.kind === 'assets') return { kind: 'none' };
  return schedule.kind === 'assetOrTime' ? schedule.time : schedule;
}

/** What assets decide; null: nothing. */
export function assetConditionOf(schedule: ScheduleSpec): AssetCondition | null {
  return schedule.kind === 'assets' || schedule.kind === 'assetOrTime' ? schedule.condition : null;
}

/** Decides whether the events that wait for a DAG make a run of it now. */
import { assetRefText } from '../../model/asset.js';
import type { AssetSchedule, AssetSchedulePlan } from '../../model/dag.js';
import { assetConditionOf } from '../../model/schedule-parts.js';
import { runIdFor } from '../dag-run/run-id.js';
import { isConditionMet } from './condition.js';

const NOTHING: AssetSchedulePlan = { createRun: null, takesBacklog: false };
const SUFFIX_LENGTH = 8;

/**
 * Whatever waits goes into one run, however many events there are; while the condition is not met, or the DAG is at its limit of unfinished runs, they
 * go on waiting. The id of the run is made from the newest event, so that another pass over the same events makes the same run.
 */
export function planAssetRun(schedule: AssetSchedule): AssetSchedulePlan {
  const { dag, spec, present, newest, unfinishedRuns, hadAssetRuns, now } = schedule;
  const condition = assetConditionOf(spec.schedule);
  if (condition === null || newest === null || dag.isPaused || dag.isRetired) return NOTHING;
  if (unfinishedRuns >= spec.maxActiveRuns) return NOTHING;
  if (!isConditionMet(condition, (ref) => present.has(assetRefText(ref)))) return NOTHING;
  const runAfter = Math.min(newest.at, now);
  return {
    createRun: {
      runId: runIdFor('asset_triggered', runAfter, suffixOf(newest.eventId)),
      runType: 'asset_triggered',
      triggeredBy: 'asset',
      logicalDate: null,
      dataInterval: null,
      runAfter,
      conf: {},
      backfillId: null,
      // Fewer runs than may be running are unfinished, so there is a place for it.
      state: 'running',
      note: null,
    },
    takesBacklog: spec.catchup === true && !hadAssetRuns,
  };
}

function suffixOf(eventId: number): string {
  return eventId.toString(36).padStart(SUFFIX_LENGTH, '0');
}

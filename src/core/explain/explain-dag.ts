/** Why a DAG has no newer run: what its schedule waits for, and what keeps a run that is due from being created. */
import { assetRefText, type AssetCondition, type AssetRef } from '../../model/asset.js';
import type { AssetSchedule } from '../../model/dag.js';
import type { Blocker, DagExplanation } from '../../model/explanation.js';
import { assetConditionOf, timePartOf } from '../../model/schedule-parts.js';
import type { DagSituation } from '../../model/situation.js';
import { conditionText, isConditionMet, refsOf } from '../asset/condition.js';
import { planDagSchedule } from '../dag-run/plan-schedule.js';
import { fileOfRun } from '../timetable/hybrid.js';
import { timetableFor } from '../timetable/resolve.js';
import type { Timetable } from '../timetable/timetable.js';
import { bind } from './bind.js';
import { instantText, listed } from './describe.js';
import { blocker, dagBlockers, fullLane, missingScheduler, type OpenBlocker } from './explain-run.js';

const ABOUT_TO_BE = blocker('about_to_be_created', 'the next run is due, and the next pass of the scheduler creates it');
const BY_HAND = 'it has no schedule: runs are triggered by hand, with';

/** @param custom Timetables of plugins by name. */
export function explainDag(situation: DagSituation, custom?: ReadonlyMap<string, Timetable>): DagExplanation {
  const { schedule, now } = situation;
  const ofSchedule = scheduleBlockers(situation, custom);
  const blockers = bind([...missingScheduler(situation), ...dagBlockers(situation), ...ofSchedule]);
  const { dagId } = schedule.dag;
  const { text } = blockers[0] as Blocker;
  const until = blockers.find((found) => found.until !== null)?.until ?? null;
  return {
    dagId,
    summary: `${dagId} has no newer run: ${text}`,
    blockers,
    nextLookAt: until === null ? null : Math.max(now, until),
  };
}

/** At least one. */
function scheduleBlockers(situation: DagSituation, custom?: ReadonlyMap<string, Timetable>): readonly OpenBlocker[] {
  const { schedule, lane, now, assets } = situation;
  const { spec } = schedule;
  const isFull = schedule.unfinishedRuns >= spec.maxActiveRuns;
  const full = isFull ? [fullLane('max_active_runs', lane, spec.maxActiveRuns)] : [];
  const whenDue = isFull ? full : [ABOUT_TO_BE];
  const condition = assetConditionOf(spec.schedule);
  if (condition !== null && isConditionMet(condition, hasEventIn(assets))) return whenDue;
  const ofAssets = condition === null ? [] : [assetBlocker(condition, assets)];
  const time = timePartOf(spec.schedule);
  if (time.kind === 'none') {
    return condition === null ? [blocker('no_schedule', `${BY_HAND} "airflow-like dags trigger ${spec.dagId}"`)] : ofAssets;
  }
  if (time.kind === 'fileWatch') {
    const text = `it runs for each new file that matches "${time.pattern}", and knows of none`;
    return [...ofAssets, ...full, blocker('waits_for_file', text)];
  }
  // Of a paused DAG the run creator says what its next run is, and creates none.
  const { nextRun, error } = planDagSchedule({ ...schedule, dag: { ...schedule.dag, isPaused: true } }, custom);
  if (error !== undefined) {
    const reason = error instanceof Error ? error.message : String(error);
    return [...ofAssets, blocker('schedule_fails', `nobody can say when it runs: ${reason}`)];
  }
  if (nextRun === null) {
    const { summary } = timetableFor(spec, custom);
    const over = spec.endDate === null ? '' : `; the DAG ends at ${instantText(spec.endDate)}`;
    return [...ofAssets, blocker('schedule_over', `its schedule "${summary}" has no further run${over}`)];
  }
  const { runAfter, dataInterval } = nextRun;
  const interval = `${instantText(dataInterval.start)} to ${instantText(dataInterval.end)}`;
  if (runAfter > now) {
    return [...ofAssets, blocker('not_due', `the next run (${interval}) is due at ${instantText(runAfter)}`, { until: runAfter })];
  }
  if (time.kind !== 'hybrid') return whenDue;
  const file = fileOfRun({ place: `${spec.dagId}.schedule.file`, timezone: spec.timezone }, time, nextRun);
  const until = runAfter + time.waitForMs;
  const ends = { fail: 'fails', skip: 'is left out', run: 'runs without it' }[time.onTimeout];
  const text = `the next run (${interval}) waits for a file that matches "${file}"; at ${instantText(until)} it ${ends}`;
  return [...full, blocker('waits_for_file', text, { until })];
}

/** Assets of the condition that have no event since the last run. */
function assetBlocker(condition: AssetCondition, assets: AssetSchedule): OpenBlocker {
  const hasEvent = hasEventIn(assets);
  const missing = refsOf(condition).filter((ref) => !hasEvent(ref));
  return blocker(
    'waits_for_assets',
    `it runs on ${conditionText(condition)}, and there is no new event of ${listed(missing.map(conditionText))}`,
  );
}

function hasEventIn({ present }: AssetSchedule): (ref: AssetRef) => boolean {
  return (ref) => present.has(assetRefText(ref));
}

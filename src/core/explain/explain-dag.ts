/** Why a DAG has no newer run: what its schedule waits for, and what keeps a run that is due from being created. */
import { assetRefText } from '../../model/asset.js';
import type { DagExplanation } from '../../model/explanation.js';
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
  const times = blockers.flatMap(({ until }) => until ?? []);
  return {
    dagId,
    summary: blockers[0] ? `${dagId} has no newer run: ${blockers[0].text}` : `${dagId} is about to get its next run`,
    blockers,
    nextLookAt: times.length === 0 ? null : Math.max(now, Math.min(...times)),
  };
}

function scheduleBlockers(situation: DagSituation, custom?: ReadonlyMap<string, Timetable>): readonly OpenBlocker[] {
  const { schedule, lane, now } = situation;
  const { spec, dag } = schedule;
  const waits = assetBlocker(situation);
  const ofAssets = waits === null ? [] : [waits];
  const time = timePartOf(spec.schedule);
  if (time.kind === 'none') {
    if (waits !== null) return ofAssets;
    if (assetConditionOf(spec.schedule) === null)
      return [blocker('no_schedule', `${BY_HAND} "airflow-like dags trigger ${spec.dagId}"`)];
    return schedule.unfinishedRuns >= spec.maxActiveRuns ? [fullLane('max_active_runs', lane, spec.maxActiveRuns)] : [ABOUT_TO_BE];
  }
  // The plan that the run creator would make if the DAG were not paused, and had found no file.
  const { nextRun, createRuns } = planDagSchedule({ ...schedule, dag: { ...dag, isPaused: false, isRetired: false } }, custom);
  if (createRuns.length > 0) return [ABOUT_TO_BE];
  const isFull = schedule.unfinishedRuns >= spec.maxActiveRuns;
  const full = isFull ? [fullLane('max_active_runs', lane, spec.maxActiveRuns)] : [];
  if (time.kind === 'fileWatch') {
    return [
      ...ofAssets,
      ...full,
      blocker('waits_for_file', `it runs for each new file that matches "${time.pattern}", and knows of none`),
    ];
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
  if (time.kind === 'hybrid') {
    const file = fileOfRun({ place: `${spec.dagId}.schedule`, timezone: spec.timezone }, time, nextRun);
    const until = runAfter + time.waitForMs;
    const ends = { fail: 'fails', skip: 'is left out', run: 'runs without it' }[time.onTimeout];
    const text = `the next run (${interval}) waits for a file that matches "${file}"; at ${instantText(until)} it ${ends}`;
    return [...full, blocker('waits_for_file', text, { until })];
  }
  return isFull ? full : [ABOUT_TO_BE];
}

/** Assets of the condition that have no event since the last run; null: it does not wait for assets, or has what it waits for. */
function assetBlocker({ schedule: { spec }, assets }: DagSituation): OpenBlocker | null {
  const condition = assetConditionOf(spec.schedule);
  if (condition === null || isConditionMet(condition, (ref) => assets.present.has(assetRefText(ref)))) return null;
  const missing = refsOf(condition).filter((ref) => !assets.present.has(assetRefText(ref)));
  return blocker(
    'waits_for_assets',
    `it runs on ${conditionText(condition)}, and there is no new event of ${listed(missing.map(conditionText))}`,
  );
}

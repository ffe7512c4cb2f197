/** What keeps the tasks of a whole run from running: its DAG, its place among the DAG's runs, a system that is not there. */
import type { Blocker } from '../../model/explanation.js';
import type { DagSituation, Situation } from '../../model/situation.js';
import { FINISHED_RUN_STATES } from '../../model/states.js';
import { startableRuns } from '../dag-run/plan-schedule.js';
import { counted, instantText, listed } from './describe.js';

/** A blocker before it is known whether it is the one that binds. */
export type OpenBlocker = Omit<Blocker, 'isBinding'>;

/** In the order in which they have to give way. */
export function runBlockers(situation: Situation): readonly OpenBlocker[] {
  const { run } = situation.snapshot;
  if (FINISHED_RUN_STATES.has(run.state)) {
    return [blocker('run_finished', `the run ended ${run.state}${run.endedAt === null ? '' : ` at ${instantText(run.endedAt)}`}`)];
  }
  const blockers = [...missingScheduler(situation), ...dagBlockers(situation)];
  // A run that has started goes on with the version that it has, whatever became of the file.
  if (run.state === 'running') return blockers.filter(({ code }) => code !== 'dag_retired');
  blockers.push(...placeBlockers(situation));
  return blockers.length === 0 ? [turnBlocker(situation)] : blockers;
}

/** Of a queued run that there is a place for: others take it first, or the next pass starts it. */
function turnBlocker({ snapshot: { run }, schedule }: Situation): OpenBlocker {
  const starting = new Set(startableRuns(schedule).all);
  const lane = run.backfillId === null ? schedule : schedule.backfills.find(({ backfillId }) => backfillId === run.backfillId);
  const holders = (lane?.queuedRuns ?? []).filter(({ id }) => starting.has(id)).map(({ runId }) => runId);
  if (holders.length === 0 || starting.has(run.id))
    return blocker('run_not_started', 'the run is queued and starts with the next pass of the scheduler');
  const text = `other queued runs of ${run.backfillId === null ? 'the DAG' : 'its backfill'} start first: ${listed(holders)}`;
  return blocker('earlier_runs', text, { holders });
}

export function blocker(
  code: Blocker['code'],
  text: string,
  { until = null, holders = [], becomes = null }: Partial<Pick<Blocker, 'until' | 'holders' | 'becomes'>> = {},
): OpenBlocker {
  return { code, text, until, holders, becomes };
}

export function missingScheduler({ components, now }: DagSituation): OpenBlocker[] {
  const isAlive = components.some(({ kind, leaseUntil }) => kind === 'scheduler' && leaseUntil >= now);
  return isAlive
    ? []
    : [blocker('no_scheduler', 'no scheduler is running; start one with "airflow-like scheduler" or "npm start"')];
}

export function dagBlockers({ schedule: { dag } }: DagSituation): OpenBlocker[] {
  const blockers: OpenBlocker[] = [];
  if (dag.isRetired) blockers.push(blocker('dag_retired', `the file of the DAG (${dag.file}) is gone or no longer holds it`));
  if (dag.isPaused) {
    const reason = dag.pausedReason === null ? '' : ` (${dag.pausedReason})`;
    blockers.push(blocker('dag_paused', `the DAG is paused${reason}; "airflow-like dags unpause ${dag.dagId}" lets it go on`));
  }
  return blockers;
}

/** A queued run waits for its time, and for a place among the running runs of its lane. */
function placeBlockers({ snapshot: { run }, schedule, lane, now }: Situation): OpenBlocker[] {
  const blockers: OpenBlocker[] = [];
  if (run.runAfter > now) {
    blockers.push(blocker('run_after', `the run may not start before ${instantText(run.runAfter)}`, { until: run.runAfter }));
  }
  if (run.backfillId === null) {
    if (lane.length >= schedule.spec.maxActiveRuns) blockers.push(fullLane('max_active_runs', lane, schedule.spec.maxActiveRuns));
    return blockers;
  }
  const backfill = schedule.backfills.find(({ backfillId }) => backfillId === run.backfillId);
  if (!backfill) return blockers;
  const name = `backfill ${backfill.backfillId}`;
  if (backfill.isPaused) {
    blockers.push(
      blocker('backfill_paused', `${name} is paused; "airflow-like backfill unpause ${backfill.backfillId}" lets it go on`),
    );
  }
  if (lane.length >= backfill.maxActiveRuns) {
    blockers.push(fullLane('backfill_max_active_runs', lane, backfill.maxActiveRuns));
  }
  return blockers;
}

/** All places among the running runs of a lane are taken. */
export function fullLane(
  code: 'max_active_runs' | 'backfill_max_active_runs',
  lane: DagSituation['lane'],
  limit: number,
): OpenBlocker {
  const holders = lane.map(({ runId }) => runId);
  const whose = code === 'max_active_runs' ? 'the DAG' : 'its backfill';
  const text = `${whose} has ${counted(lane.length, 'running run')}, of ${limit} it may have (maxActiveRuns): ${listed(holders)}`;
  return blocker(code, text, { holders });
}

/** Decides which runs of one DAG are created and started now, and when to look again. */
import type { DagSchedule, DagSchedulePlan, NewDagRun, NextRun, QueuedRun } from '../../model/dag.js';
import type { DataInterval, Instant } from '../../model/instant.js';
import { timetableFor } from '../timetable/resolve.js';
import { restrictionOf, type Timetable } from '../timetable/timetable.js';
import { runIdFor } from './run-id.js';

/** Most runs that one pass creates for one DAG; the rest follows in the next pass. */
export const MAX_RUNS_PER_PASS = 1000;

/**
 * Creates due intervals oldest first while fewer than `maxActiveRuns` runs are unfinished, and starts queued runs, oldest logical date first, while
 * fewer than that are running. Backfills have places of their own.
 * @param custom Timetables of plugins by name.
 */
export function planDagSchedule(schedule: DagSchedule, custom?: ReadonlyMap<string, Timetable>): DagSchedulePlan {
  const { spec, now } = schedule;
  const timetable = timetableFor(spec, custom);
  const restriction = restrictionOf(spec);
  let last = schedule.lastAutomated?.dataInterval ?? null;
  let next = withDateOfItsOwn(timetable, timetable.next(last, restriction, now), last);
  if (schedule.dag.isPaused || schedule.dag.isRetired) {
    return { createRuns: [], startRuns: [], nextRun: next, checkAt: null };
  }

  const started = dueRuns(schedule.queuedRuns, spec.maxActiveRuns - schedule.runningRuns, now);
  const startRuns = [...started];
  for (const lane of schedule.backfills) {
    if (!lane.isPaused) startRuns.push(...dueRuns(lane.queuedRuns, lane.maxActiveRuns - lane.runningRuns, now));
  }

  const createRuns: NewDagRun[] = [];
  let running = schedule.runningRuns + started.length;
  let unfinished = schedule.unfinishedRuns;
  while (next !== null && isDue(timetable, next, now) && unfinished < spec.maxActiveRuns && createRuns.length < MAX_RUNS_PER_PASS) {
    const starts = running < spec.maxActiveRuns;
    createRuns.push(scheduledRun(next, starts));
    if (starts) running++;
    unfinished++;
    last = next.dataInterval;
    const following: NextRun | null = timetable.next(last, restriction, now);
    // A plugin's timetable that does not move on must not create the same run for ever.
    next = following !== null && following.logicalDate > next.logicalDate ? following : null;
  }
  return {
    createRuns,
    startRuns,
    nextRun: next,
    checkAt: earliest(checkForNext(timetable, next, unfinished < spec.maxActiveRuns, now), waitingUntil(schedule)),
  };
}

/** Ids of the runs that may start now, as far as there are places. */
function dueRuns(queued: readonly QueuedRun[], places: number, now: Instant): readonly number[] {
  const due = queued.filter((run) => run.runAfter <= now);
  return due.slice(0, Math.max(0, places)).map((run) => run.id);
}

function scheduledRun(next: NextRun, starts: boolean): NewDagRun {
  return {
    runId: runIdFor('scheduled', next.runAfter),
    runType: 'scheduled',
    triggeredBy: 'timetable',
    logicalDate: next.logicalDate,
    dataInterval: next.dataInterval,
    runAfter: next.runAfter,
    conf: {},
    backfillId: null,
    state: starts ? 'running' : 'queued',
    note: null,
  };
}

/** A DAG at its limit is looked at again when one of its runs ends; a due run that is left over, at once. */
function checkForNext(timetable: Timetable, next: NextRun | null, hasPlace: boolean, now: Instant): Instant | null {
  if (next === null) return null;
  if (next.runAfter > now) return next.runAfter;
  if (!hasPlace) return null;
  return isDue(timetable, next, now) ? now : now + 1;
}

function isDue({ lastsUntilNow }: Timetable, { runAfter, dataInterval: { start, end } }: NextRun, now: Instant): boolean {
  return runAfter <= now && !(lastsUntilNow && start === end);
}

/**
 * The date of the newest run is taken. A plugin's timetable that stays there has no next run; an interval that lasts until now, after a run of
 * no length that another schedule left, begins a moment later.
 */
function withDateOfItsOwn({ lastsUntilNow }: Timetable, next: NextRun | null, last: DataInterval | null): NextRun | null {
  if (next === null || next.logicalDate !== last?.start) return next;
  if (!lastsUntilNow) return null;
  const { end } = next.dataInterval;
  const start = Math.min(next.dataInterval.start + 1, end);
  return { ...next, logicalDate: start, dataInterval: { start, end } };
}

/** When the first of the queued runs that may not start yet may. */
function waitingUntil({ queuedRuns, backfills, now }: DagSchedule): Instant | null {
  let at: Instant | null = null;
  for (const runs of [queuedRuns, ...backfills.map((lane) => lane.queuedRuns)]) {
    for (const { runAfter } of runs) if (runAfter > now) at = earliest(at, runAfter);
  }
  return at;
}

function earliest(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** Decides which runs of one DAG are created and started now, and when to look again. */
import type { DagSchedule, DagSchedulePlan, NewDagRun, NextRun, QueuedRun } from '../../model/dag.js';
import type { FileSightings } from '../../model/found-file.js';
import type { DataInterval, Instant } from '../../model/instant.js';
import { timePartOf } from '../../model/schedule-parts.js';
import { runThatWaits } from '../timetable/hybrid.js';
import { timetableFor } from '../timetable/resolve.js';
import { restrictionOf, type Timetable } from '../timetable/timetable.js';
import { pauseForFailures } from './consecutive-failures.js';
import { PLAN_ERROR_DELAY_MS } from './plan-error-delay.js';
import { planFileWatch, waitForFile, wantedFiles, type FileAnswer } from './plan-file-runs.js';
import { runIdFor } from './run-id.js';

/** Most runs that one pass creates for one DAG; the rest follows in the next pass. */
export const MAX_RUNS_PER_PASS = 1000;

const NO_SIGHTINGS: FileSightings = new Map();
/** Files of so many runs that are due are looked for ahead, so that a run does not have to wait for the look. */
const FILES_AHEAD = 50;

/**
 * Creates due intervals oldest first while fewer than `maxActiveRuns` runs are unfinished, and starts queued runs, oldest logical date first, while
 * fewer than that are running. Backfills have places of their own.
 * @param custom Timetables of plugins by name.
 * @param sightings What is known of the files that earlier plans of the DAG wanted.
 * @returns a plan without new runs, and the error, when the timetable fails or is missing: runs that exist start as ever.
 */
export function planDagSchedule(
  schedule: DagSchedule,
  custom?: ReadonlyMap<string, Timetable>,
  sightings: FileSightings = NO_SIGHTINGS,
): DagSchedulePlan {
  try {
    return planByTimetable(schedule, custom, sightings);
  } catch (error) {
    const idle = idlePlan(schedule, null);
    if (idle) return { ...idle, error };
    const checkAt = earliest(schedule.now + PLAN_ERROR_DELAY_MS, waitingUntil(schedule));
    return { createRuns: [], startRuns: startableRuns(schedule).all, nextRun: null, checkAt, error };
  }
}

function planByTimetable(
  schedule: DagSchedule,
  custom: ReadonlyMap<string, Timetable> | undefined,
  sightings: FileSightings,
): DagSchedulePlan {
  const { spec, now } = schedule;
  const time = timePartOf(spec.schedule);
  const timetable = timetableFor(spec, custom);
  const restriction = restrictionOf(spec);
  const last = schedule.lastAutomated?.dataInterval ?? null;
  const waiting = time.kind === 'hybrid' ? runThatWaits(time, timetable, schedule.dag.nextRun, last, now) : null;
  let next = waiting ?? withDateOfItsOwn(timetable, timetable.next(last, restriction, now), last);
  const idle = idlePlan(schedule, next);
  if (idle) return idle;
  const { all: startRuns, ofDag } = startableRuns(schedule);
  const running = schedule.runningRuns + ofDag;
  if (time.kind === 'fileWatch') {
    const plan = planFileWatch(spec, time, sightings, { unfinished: schedule.unfinishedRuns, running }, now);
    return { ...plan, startRuns, nextRun: null, checkAt: earliest(plan.checkAt, waitingUntil(schedule)) };
  }

  const following = (run: NextRun): NextRun | null => {
    const answer = timetable.next(run.dataInterval, restriction, now);
    // A plugin's timetable that does not move on must not create the same run for ever.
    return answer !== null && answer.logicalDate > run.logicalDate ? answer : null;
  };
  const createRuns: NewDagRun[] = [];
  let places = spec.maxActiveRuns - schedule.unfinishedRuns;
  let slots = spec.maxActiveRuns - running;
  let waitsUntil: Instant | null = null;
  while (next !== null && isDue(timetable, next, now) && places > 0 && createRuns.length < MAX_RUNS_PER_PASS) {
    const answer: FileAnswer = time.kind === 'hybrid' ? waitForFile(spec, time, next, sightings, now) : {};
    if (answer.waitsUntil !== undefined) {
      waitsUntil = answer.waitsUntil;
      break;
    }
    createRuns.push(scheduledRun(next, slots > 0, answer));
    if (answer.ended === undefined) {
      slots--;
      places--;
    }
    next = following(next);
  }
  return {
    createRuns,
    startRuns,
    nextRun: next,
    checkAt: earliest(waitsUntil ?? checkForNext(timetable, next, places > 0, now), waitingUntil(schedule)),
    ...(time.kind === 'hybrid' && { wantsFiles: wantedFiles(spec, time, dueAhead(timetable, next, following, now)) }),
  };
}

/** Of a DAG that starts nothing now, because it is paused, retired or about to be paused; null: it is neither. */
function idlePlan(schedule: DagSchedule, nextRun: NextRun | null): DagSchedulePlan | null {
  const idle = { createRuns: [], startRuns: [], nextRun, checkAt: null };
  if (schedule.dag.isPaused || schedule.dag.isRetired) return idle;
  const pause = pauseForFailures(schedule);
  return pause === null ? null : { ...idle, pause };
}

/** Queued runs for which there is a place: ids of all, and how many are none of a backfill. */
export function startableRuns(schedule: DagSchedule): { readonly all: readonly number[]; readonly ofDag: number } {
  const { now, spec } = schedule;
  const own = dueRuns(schedule.queuedRuns, spec.maxActiveRuns - schedule.runningRuns, now);
  const ofBackfills = schedule.backfills.flatMap((lane) =>
    lane.isPaused ? [] : dueRuns(lane.queuedRuns, lane.maxActiveRuns - lane.runningRuns, now),
  );
  return { all: [...own, ...ofBackfills], ofDag: own.length };
}

function dueAhead(
  timetable: Timetable,
  next: NextRun | null,
  following: (run: NextRun) => NextRun | null,
  now: Instant,
): readonly NextRun[] {
  const ahead: NextRun[] = [];
  for (let run = next; run !== null && isDue(timetable, run, now) && ahead.length < FILES_AHEAD; run = following(run))
    ahead.push(run);
  return ahead;
}

/** Ids of the runs that may start now, as far as there are places. */
function dueRuns(queued: readonly QueuedRun[], places: number, now: Instant): readonly number[] {
  const due = queued.filter((run) => run.runAfter <= now);
  return due.slice(0, Math.max(0, places)).map((run) => run.id);
}

function scheduledRun(next: NextRun, starts: boolean, { conf = {}, ended }: FileAnswer): NewDagRun {
  return {
    runId: runIdFor('scheduled', next.runAfter),
    runType: 'scheduled',
    triggeredBy: 'timetable',
    logicalDate: next.logicalDate,
    dataInterval: next.dataInterval,
    runAfter: next.runAfter,
    conf,
    backfillId: null,
    state: starts && ended === undefined ? 'running' : 'queued',
    note: ended?.reason ?? null,
    ...(ended && { ended }),
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

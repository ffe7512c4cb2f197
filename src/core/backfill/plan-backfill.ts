/** Plans a backfill: which runs it creates, which existing ones it runs again, which it leaves alone. */
import type { ReprocessBehavior } from '../../model/backfill.js';
import type { DagSpec } from '../../model/dag-spec.js';
import type { NewDagRun, NextRun } from '../../model/dag.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunState } from '../../model/states.js';
import { runIdFor } from '../dag-run/run-id.js';
import { intervalsBetween } from '../timetable/preview.js';
import { timetableFor } from '../timetable/resolve.js';
import type { Timetable } from '../timetable/timetable.js';

export interface ExistingRun {
  readonly logicalDate: Instant | null;
  readonly state: DagRunState;
}

export interface BackfillRequest<Existing extends ExistingRun> {
  readonly spec: DagSpec;
  /** First logical date, inclusive. */
  readonly from: Instant;
  /** Last logical date, inclusive. */
  readonly to: Instant;
  /** Runs of the DAG within the range. */
  readonly existing: readonly Existing[];
  readonly reprocessBehavior: ReprocessBehavior;
  readonly runBackwards: boolean;
  /** Most runs one backfill may have. */
  readonly maxRuns: number;
  /** `conf` of the created runs; default {}. */
  readonly conf?: Readonly<Record<string, unknown>>;
  readonly now: Instant;
  readonly custom?: ReadonlyMap<string, Timetable>;
}

export interface BackfillPlan<Existing extends ExistingRun> {
  /** In the order in which they shall run. `backfillId` is filled in when the backfill is stored. */
  readonly create: readonly NewDagRun[];
  /** Finished runs to clear and take over, with their places in that order (`DagRun.backfillOrdinal`). */
  readonly reprocess: readonly { readonly run: Existing; readonly ordinal: number }[];
  readonly skipped: readonly { readonly run: Existing; readonly reason: 'in_flight' | 'already_exists' }[];
  /** The earliest and the latest logical date of the range that has an interval. */
  readonly first: NextRun;
  readonly last: NextRun;
}

/** A range that is too large is counted up to here, so that the message says how much too large it is. */
const MOST_COUNTED = 100_000;

/**
 * Only intervals that ended before `now` count; the DAG's own dates and catchup do not matter.
 * @throws AirflowLikeError BACKFILL_RANGE when the range or the direction makes no sense or holds no interval; BACKFILL_TOO_LARGE.
 */
export function planBackfill<Existing extends ExistingRun>(request: BackfillRequest<Existing>): BackfillPlan<Existing> {
  const { spec, from, to, now, maxRuns } = request;
  checkRequest(request);
  const runs = intervalsBetween(spec, from, to, now, request.custom, maxRuns + 1);
  const [first] = runs;
  if (!first) {
    throw rangeError(spec, `no interval of "${timetableFor(spec, request.custom).summary}" lies in the range and has ended`);
  }
  const last = runs.at(-1)!;
  if (runs.length > maxRuns) {
    const counted =
      maxRuns < MOST_COUNTED ? intervalsBetween(spec, from, to, now, request.custom, MOST_COUNTED + 1).length : runs.length;
    const most = Math.max(maxRuns, MOST_COUNTED);
    throw new AirflowLikeError('BACKFILL_TOO_LARGE', {
      place: spec.dagId,
      message: `the range holds ${counted > most ? `more than ${most}` : counted} intervals`,
      value: `${dateText(from)}..${dateText(to)}`,
      allowed: `at most ${maxRuns} runs; split the range, or allow more with --max-runs`,
    });
  }
  const existing = new Map(request.existing.map((run) => [run.logicalDate, run]));
  const create: NewDagRun[] = [];
  const reprocess: { run: Existing; ordinal: number }[] = [];
  const skipped: { run: Existing; reason: 'in_flight' | 'already_exists' }[] = [];
  for (const [index, run] of (request.runBackwards ? runs.reverse() : runs).entries()) {
    const ordinal = index + 1;
    const found = existing.get(run.logicalDate);
    if (!found) create.push(newRun(run, ordinal, request.conf ?? {}));
    else if (found.state === 'queued' || found.state === 'running') skipped.push({ run: found, reason: 'in_flight' });
    else if (runsAgain(found.state, request.reprocessBehavior)) reprocess.push({ run: found, ordinal });
    else skipped.push({ run: found, reason: 'already_exists' });
  }
  return { create, reprocess, skipped, first, last };
}

function checkRequest({ spec, from, to, now, runBackwards, reprocessBehavior, custom }: BackfillRequest<ExistingRun>): void {
  if (!timetableFor(spec, custom).periodic) throw rangeError(spec, 'its schedule yields no runs over a range of dates');
  if (from > to) throw rangeError(spec, `the range is reversed: from ${dateText(from)} is after to ${dateText(to)}`);
  if (from >= now) throw rangeError(spec, 'the range lies in the future');
  if (runBackwards && waitsForPast(spec)) {
    throw rangeError(spec, 'it cannot run backwards, because a task of it has dependsOnPast');
  }
  if (reprocessBehavior === 'none' && waitsForPast(spec)) {
    throw rangeError(
      spec,
      'a task of it has dependsOnPast and would wait for a failed run that stays as it is; reprocess failed or completed runs',
    );
  }
}

function waitsForPast(spec: DagSpec): boolean {
  return spec.tasks.some((task) => task.dependsOnPast || task.waitForDownstream);
}

/** What happens to existing runs when nobody says: they stay, unless a failed one would hold up all that follow it. */
export function defaultReprocessBehavior(spec: DagSpec): ReprocessBehavior {
  return waitsForPast(spec) ? 'failed' : 'none';
}

function runsAgain(state: DagRunState, behavior: ReprocessBehavior): boolean {
  return behavior === 'completed' || (behavior === 'failed' && state === 'failed');
}

function newRun(run: NextRun, backfillOrdinal: number, conf: Readonly<Record<string, unknown>>): NewDagRun {
  return {
    runId: runIdFor('backfill', run.runAfter),
    runType: 'backfill',
    triggeredBy: 'backfill',
    logicalDate: run.logicalDate,
    dataInterval: run.dataInterval,
    runAfter: run.runAfter,
    conf,
    backfillId: null,
    backfillOrdinal,
    state: 'queued',
    note: null,
  };
}

function rangeError(spec: DagSpec, message: string): AirflowLikeError {
  return new AirflowLikeError('BACKFILL_RANGE', { place: spec.dagId, message });
}

function dateText(instant: Instant): string {
  return new Date(instant).toISOString().replace('.000Z', 'Z');
}

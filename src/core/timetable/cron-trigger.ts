/**
 * Cron schedules as points in time: a run is due at each fire of one or several expressions. Its data interval is the stretch of a chosen length that
 * ends at the fire; by default it is empty, and the logical date is the fire itself.
 */
import type { ScheduleSpec } from '../../model/dag-spec.js';
import type { NextRun } from '../../model/dag.js';
import type { Instant } from '../../model/instant.js';
import { parseCron } from './cron-fields.js';
import { CronFires } from './cron-fires.js';
import { earliestOf, latestOf, mergedFires, newestFire, type Fires } from './merged-fires.js';
import { newestWanted, runEndingAt, type Timetable, type TimetableRestriction } from './timetable.js';

type CronTriggerSpec = Extract<ScheduleSpec, { kind: 'cronTrigger' }>;

/** A fire that passed this long ago, or a tenth of the time between two fires, still counts for a DAG without a start date. */
const GRACE_MS = 5 * 60_000;

/**
 * @param timezone IANA name.
 * @throws AirflowLikeError CRON_INVALID, CRON_NEVER.
 */
export function cronTriggerTimetable(spec: CronTriggerSpec, timezone: string): Timetable {
  const members: readonly Fires[] = spec.expressions.map(
    (expression) => new CronFires(parseCron(expression, 'schedule'), timezone),
  );
  const merged = [mergedFires(members)];
  return {
    next(last, restriction, now): NextRun | null {
      const newest = newestWanted(restriction.catchup);
      // Each expression answers for itself, as in Airflow; only "the newest n" is a question about all of them.
      const asked = newest === null || newest === 1 ? members : merged;
      const at = chooseFire(
        asked.map((fires) => fireAfter(fires, last?.end ?? null, newest, restriction, now)),
        restriction,
        now + spec.intervalMs,
      );
      return at === null ? null : runEndingAt(at, spec.intervalMs);
    },
    inferManualInterval: (runAfter) => ({ start: runAfter - spec.intervalMs, end: runAfter }),
    summary: spec.text,
    periodic: true,
  };

  function fireAfter(
    fires: Fires,
    lastFire: Instant | null,
    newest: number | null,
    { earliest }: TimetableRestriction,
    now: Instant,
  ): Instant | null {
    const following = lastFire === null ? null : fires.next(lastFire);
    if (lastFire !== null && (following === null || newest === null)) return following;
    const candidates = [following];
    if (newest !== null) candidates.push(newestFire(fires, newest, now));
    if (earliest !== null) candidates.push(fires.alignNext(earliest));
    else if (lastFire === null) candidates.push(firstFire(fires, spec.runImmediately, now));
    return latestOf(candidates);
  }
}

/**
 * With catchup the first fire; without it the last one until `skippedUntil`, or else the first to come. Airflow skips by logical date, which is the interval's
 * start: of several expressions the last fire whose interval has begun stands for those before it, also where it is still to come.
 */
function chooseFire(
  fires: readonly (Instant | null)[],
  { latest, catchup }: TimetableRestriction,
  skippedUntil: Instant,
): Instant | null {
  const allowed = fires.filter((fire) => fire !== null && (latest === null || fire <= latest)) as Instant[];
  const newestPassed = catchup === true ? null : latestOf(allowed.filter((fire) => fire <= skippedUntil));
  return newestPassed ?? earliestOf(allowed);
}

/** The first run of a DAG without a start date: the fire that just passed, if that counts, else the one to come. */
function firstFire(fires: Fires, runImmediately: CronTriggerSpec['runImmediately'], now: Instant): Instant | null {
  const past = fires.alignPrev(now);
  const next = fires.alignNext(now);
  if (past === null || runImmediately === true) return past ?? next;
  const grace = runImmediately === false ? Math.max(((next ?? now) - past) / 10, GRACE_MS) : runImmediately.withinMs;
  return now - past <= grace ? past : next;
}

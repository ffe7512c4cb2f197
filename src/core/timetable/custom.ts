/** Timetables of plugins: foreign code, whose faults and wrong answers are named instead of reaching whoever asks. */
import type { TimeScheduleSpec } from '../../model/dag-spec.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { DataInterval, Instant } from '../../model/instant.js';
import { nearestName } from '../../model/nearest-name.js';
import type { Timetable } from './timetable.js';

/** Instants that every part of the system can hold: 0001-01-01 to 9999-12-31. */
const FIRST_INSTANT = -62_135_596_800_000;
const LAST_INSTANT = 253_402_300_799_999;

/**
 * The timetable of a plugin, configured for one DAG.
 * @param known Timetables of plugins by name.
 * @throws AirflowLikeError UNKNOWN_NAME when there is none of this name, TIMETABLE_FAILED when it throws or answers what is no run; the methods of the answer
 * throw TIMETABLE_FAILED, too.
 */
export function customTimetable(
  { name, args }: Extract<TimeScheduleSpec, { kind: 'custom' }>,
  dagId: string,
  known?: ReadonlyMap<string, Timetable>,
): Timetable {
  const place = `${dagId}.schedule`;
  const registered = known?.get(name);
  if (!registered) {
    throw new AirflowLikeError('UNKNOWN_NAME', {
      place,
      message: 'no plugin registers a timetable of this name',
      value: name,
      suggestion: known ? nearestName(name, known.keys()) : null,
    });
  }
  const failed = (message: string, details: { value?: unknown; cause?: unknown }): AirflowLikeError =>
    new AirflowLikeError('TIMETABLE_FAILED', { place, message: `the timetable "${name}" of a plugin ${message}`, ...details });
  const ask = <T>(question: () => T): T => {
    try {
      return question();
    } catch (cause) {
      throw failed(`threw an error: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  };
  const timetable = ask(() => registered.configure?.(args) ?? registered);
  return {
    next(last, restriction, now) {
      const run = ask(() => timetable.next(last, restriction, now)) ?? null;
      if (run === null) return null;
      const { logicalDate, dataInterval, runAfter } = run;
      if (isInstant(logicalDate) && isInstant(runAfter) && isInterval(dataInterval)) return { logicalDate, dataInterval, runAfter };
      throw failed(
        'answers what is no run: three times in milliseconds since 1970, and an interval that does not end before it starts',
        {
          value: run,
        },
      );
    },
    inferManualInterval(runAfter) {
      const interval = ask(() => timetable.inferManualInterval(runAfter));
      if (isInterval(interval)) return interval;
      throw failed('answers what is no interval: two times in milliseconds since 1970, the first not after the second', {
        value: interval,
      });
    },
    summary: timetable.summary,
    periodic: timetable.periodic,
    ...(timetable.maxActiveRuns !== undefined && { maxActiveRuns: timetable.maxActiveRuns }),
    ...(timetable.lastsUntilNow !== undefined && { lastsUntilNow: timetable.lastsUntilNow }),
  };
}

function isInterval(value: DataInterval | null | undefined): value is DataInterval {
  return typeof value === 'object' && value !== null && isInstant(value.start) && isInstant(value.end) && value.start <= value.end;
}

function isInstant(value: unknown): value is Instant {
  return Number.isSafeInteger(value) && (value as number) >= FIRST_INSTANT && (value as number) <= LAST_INSTANT;
}

import { expect, it } from '@jest/globals';
import { timetableFor } from '../../src/core/timetable/resolve.js';
import type { ScheduleSpec } from '../../src/model/dag-spec.js';
import { ProblemList } from '../../src/sdk/problems.js';
import { readSchedule } from '../../src/sdk/read-schedule.js';
import { dagSpec } from '../unit/core/factories.js';
import { runVectors, type VectorCase } from './vector-file.js';
import { spanOf, type VectorDelta } from './vector-timetable.js';

interface ScheduleCase extends VectorCase {
  readonly schedule: string | null | VectorDelta;
  readonly createDataIntervals: boolean;
  readonly expected: { readonly rejected?: true; readonly cron?: string };
}

/** Airflow's names of our kinds. */
const TIMETABLES: Partial<Record<ScheduleSpec['kind'], string>> = {
  none: 'Null',
  once: 'Once',
  continuous: 'Continuous',
  cron: 'CronDataInterval',
  cronTrigger: 'CronTrigger',
  delta: 'DeltaDataInterval',
  deltaTrigger: 'DeltaTrigger',
};

it('a plain schedule becomes the timetable that it becomes in Airflow 3.3.2, with data intervals and without', () => {
  const failures = runVectors<ScheduleCase>({
    path: 'time/schedule-argument.json',
    answer({ schedule, createDataIntervals, expected }) {
      let spec: ScheduleSpec;
      try {
        spec = read(schedule, createDataIntervals);
      } catch {
        return { rejected: true };
      }
      const { periodic, maxActiveRuns } = timetableFor(dagSpec([], { schedule: spec }));
      return {
        timetable: TIMETABLES[spec.kind],
        periodic,
        canBeScheduled: spec.kind !== 'none',
        activeRunsLimit: maxActiveRuns ?? null,
        ...(expected.cron !== undefined && { cron: cronOf(spec) }),
      };
    },
  });
  expect(failures).toEqual([]);
});

function read(schedule: ScheduleCase['schedule'], cronDataIntervals: boolean): ScheduleSpec {
  const problems = new ProblemList('d.ts');
  const at = { place: 'd.schedule', position: null };
  const written = typeof schedule === 'object' && schedule !== null ? spanText(schedule) : schedule;
  return readSchedule(written, { at, timezone: 'UTC', problems, warnings: problems, reading: { cronDataIntervals } });
}

/** A span as an author here writes it. */
function spanText(delta: VectorDelta): string {
  const { months, ms } = spanOf(delta);
  const parts = [months !== 0 && `${months}mo`, (ms !== 0 || months === 0) && `${ms / 1_000}s`];
  return parts.filter((part) => part !== false).join('');
}

function cronOf(spec: ScheduleSpec): string | undefined {
  if (spec.kind === 'cron') return spec.expression;
  return spec.kind === 'cronTrigger' ? spec.expressions[0] : undefined;
}

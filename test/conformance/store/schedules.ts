import { describe, expect, it } from '@jest/globals';
import { planDagSchedule } from '../../../src/core/dag-run/plan-schedule.js';
import type { DagSpec, ScheduleSpec } from '../../../src/model/dag-spec.js';
import type { Instant } from '../../../src/model/instant.js';
import { dagSpec } from '../../support/dag-specs.js';
import { T0, DAY, type StoreSuite } from './suite.js';

const HOUR = 3_600_000;

/** Every kind of schedule through a store: saved with the DAG, read back, planned and written. */
export function describeSchedules({ store, save }: StoreSuite): void {
  const text = (instant: Instant): string => new Date(instant).toISOString().slice(5, 16);

  describe('schedules', () => {
    it.each<[string, ScheduleSpec, Partial<DagSpec>, string[], string | null]>([
      [
        'several crons',
        { kind: 'cronTrigger', expressions: ['0 6 * * *', '0 18 * * *'], intervalMs: HOUR, runImmediately: false, text: '' },
        { catchup: { last: 3 } },
        ['01-02T17:00 01-02T18:00', '01-03T05:00 01-03T06:00', '01-03T17:00 01-03T18:00'],
        '01-04T05:00',
      ],
      [
        'a first run at once, without a start date',
        { kind: 'cronTrigger', expressions: ['0 6 * * *'], intervalMs: 0, runImmediately: true, text: '' },
        { startDate: null },
        ['01-03T06:00 01-03T06:00'],
        '01-04T06:00',
      ],
      [
        'a delta',
        { kind: 'deltaTrigger', span: { months: 0, ms: 30 * HOUR }, intervalMs: 0, text: '' },
        { catchup: true },
        ['01-01T00:00 01-01T00:00', '01-02T06:00 01-02T06:00', '01-03T12:00 01-03T12:00'],
        '01-04T18:00',
      ],
      [
        'events',
        { kind: 'events', dates: [T0 - DAY, T0 + DAY, T0 + 9 * DAY], restrictToEvents: true, text: '' },
        { catchup: true },
        ['01-02T00:00 01-02T00:00'],
        '01-10T00:00',
      ],
      ['continuous runs', { kind: 'continuous', text: '' }, { maxActiveRuns: 1 }, ['01-01T00:00 01-03T20:00'], null],
    ])('%s', async (_what, schedule, changes, expected, planned) => {
      await save(dagSpec('d', { schedule, timezone: 'UTC', startDate: T0, ...changes }));
      const now = T0 + 2 * DAY + 20 * HOUR;
      const result = await store.scheduling.planDueDags(now, 10, (due) => planDagSchedule(due));
      expect(result.errors).toEqual([]);
      const runs = await store.runs.listRuns({ dagId: 'd', order: 'logical_date' });
      expect(runs.map(({ dataInterval }) => dataInterval && `${text(dataInterval.start)} ${text(dataInterval.end)}`)).toEqual(
        expected,
      );
      const listing = await store.catalog.getDag('d');
      expect(listing?.spec.schedule).toEqual(schedule);
      const next = listing?.dag.nextRun;
      if (planned !== null) expect(next && text(next.logicalDate)).toBe(planned);
      else expect(next === null || next === undefined || next.logicalDate >= now).toBe(true);
    });
  });
}

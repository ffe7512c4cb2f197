/** What `dags next-execution` shows, for every kind of schedule. */
import { describe, expect, it } from '@jest/globals';
import type { Client } from '../../../src/app/client.js';
import { clockChanges, nextRuns } from '../../../src/app/next-runs.js';
import { parseSchedule } from '../../../src/core/timetable/parse-schedule.js';
import type { Timetable } from '../../../src/core/timetable/timetable.js';
import type { DagSpec, TimeScheduleSpec } from '../../../src/model/dag-spec.js';
import { planDagSchedule } from '../../../src/core/dag-run/plan-schedule.js';
import { createMemoryStore } from '../../../src/store/memory/index.js';
import { VirtualClock } from '../../../src/testing/virtual-clock.js';
import { dagSpec, newRun, parsedFile } from '../../support/dag-specs.js';

const utc = (text: string): number => Date.parse(text.length === 10 ? `${text}T00:00:00Z` : `${text}Z`);
const NOW = utc('2026-03-28T12:00:00');

/** A plugin's: noon of every second day. */
const everySecondNoon: Timetable = {
  next(last, _restriction, now) {
    const at = last ? last.end + 2 * 86_400_000 : Math.ceil(now / 86_400_000) * 86_400_000 + 43_200_000;
    return { logicalDate: at, dataInterval: { start: at, end: at }, runAfter: at };
  },
  inferManualInterval: (at) => ({ start: at, end: at }),
  summary: 'every second noon',
  periodic: true,
};

async function world(changes: Partial<DagSpec>) {
  const clock = new VirtualClock(NOW);
  const store = createMemoryStore(clock);
  const timetables = new Map([['second-noon', everySecondNoon]]);
  await store.catalog.saveFiles([parsedFile('d.ts', [dagSpec('d', { startDate: utc('2026-01-01'), ...changes })])], NOW);
  const listing = async () => (await store.catalog.getDag('d'))!;
  const client = { clock, store, timetables } as unknown as Client;
  const show = async (count: number) => {
    const runs = await nextRuns(client, await listing(), count);
    return runs.map(({ dataInterval, runAfter }) => [dataInterval.start, dataInterval.end, runAfter].map(text).join(' '));
  };
  const plan = (now = NOW) => store.scheduling.planDueDags(now, 10, (due) => planDagSchedule(due, timetables));
  return { client, clock, store, listing, show, plan };
}

const text = (instant: number): string => new Date(instant).toISOString().slice(5, 16);
const point = (...moments: readonly string[]) => moments.map((moment) => `${moment} ${moment} ${moment}`);
const trigger = (...expressions: readonly string[]): TimeScheduleSpec => ({
  kind: 'cronTrigger',
  expressions,
  intervalMs: 0,
  runImmediately: false,
  text: '',
});

describe('the next runs', () => {
  it.each<[string, Partial<DagSpec>, string[]]>([
    [
      'of intervals',
      { schedule: parseSchedule('@daily', 's') },
      ['03-27T00:00 03-28T00:00 03-28T00:00', '03-28T00:00 03-29T00:00 03-29T00:00'],
    ],
    [
      'of spans',
      { schedule: parseSchedule('6h', 's') },
      ['03-28T06:00 03-28T12:00 03-28T12:00', '03-28T12:00 03-28T18:00 03-28T18:00'],
    ],
    [
      'of months',
      { schedule: parseSchedule('1mo', 's') },
      ['02-01T00:00 03-01T00:00 03-01T00:00', '03-01T00:00 04-01T00:00 04-01T00:00'],
    ],
    ['of a cron trigger', { schedule: trigger('0 18 * * *') }, point('03-27T18:00', '03-28T18:00')],
    ['of several crons', { schedule: trigger('0 18 * * *', '30 9 * * *') }, point('03-28T09:30', '03-28T18:00')],
    [
      'of points one span apart',
      { schedule: { kind: 'deltaTrigger', span: { months: 0, ms: 3_600_000 }, intervalMs: 0, text: '' } },
      point('03-28T12:00', '03-28T13:00'),
    ],
    [
      'of events',
      {
        schedule: {
          kind: 'events',
          dates: [utc('2026-03-01'), utc('2026-04-01'), utc('2026-05-01')],
          restrictToEvents: false,
          text: '',
        },
      },
      point('04-01T00:00', '05-01T00:00'),
    ],
    ['of @once', { schedule: { kind: 'once' }, startDate: utc('2026-04-01') }, point('04-01T00:00')],
    ['of @continuous', { schedule: { kind: 'continuous', text: '' } }, ['01-01T00:00 03-28T12:00 03-28T12:00']],
    [
      'of a plugin’s timetable',
      { schedule: { kind: 'custom', name: 'second-noon', args: null, text: '' } },
      point('03-29T12:00', '03-31T12:00'),
    ],
    [
      'by time, once a file is there',
      {
        schedule: {
          kind: 'hybrid',
          time: { kind: 'cron', expression: '0 0 * * *', text: '' },
          file: 'in/{{ ds }}',
          settleMs: 0,
          waitForMs: 0,
          onTimeout: 'fail',
          text: '',
        },
      },
      ['03-27T00:00 03-28T00:00 03-28T00:00', '03-28T00:00 03-29T00:00 03-29T00:00'],
    ],
    [
      'for files: nobody knows',
      { schedule: { kind: 'fileWatch', pattern: 'in/*', settleMs: 0, existing: 'run', rewritten: 'run', text: '' } },
      [],
    ],
    ['without a schedule: none', { schedule: { kind: 'none' } }, []],
    ['after the end date: none', { schedule: parseSchedule('@daily', 's'), endDate: utc('2026-02-01') }, []],
  ])('%s', async (_what, changes, expected) => {
    const { show } = await world(changes);
    expect(await show(2)).toEqual(expected);
  });

  it('follow what has run, and go on from what is planned', async () => {
    const { show, plan, clock } = await world({
      schedule: parseSchedule('@daily', 's'),
      catchup: true,
      startDate: utc('2026-03-26'),
    });
    await plan();
    expect(await show(2)).toEqual(['03-28T00:00 03-29T00:00 03-29T00:00', '03-29T00:00 03-30T00:00 03-30T00:00']);
    clock.moveTo(utc('2026-03-30T12:00:00'));
    // No scheduler has looked since; both are due.
    expect(await show(3)).toEqual([
      '03-28T00:00 03-29T00:00 03-29T00:00',
      '03-29T00:00 03-30T00:00 03-30T00:00',
      '03-30T00:00 03-31T00:00 03-31T00:00',
    ]);
  });

  it('of a paused DAG are those it would have now, not those of the day on which it was paused', async () => {
    const { show, plan, store, clock } = await world({ schedule: parseSchedule('@daily', 's') });
    await plan();
    await store.catalog.setPaused(['d'], true, null, { kind: 'user', id: 'ada' }, NOW);
    clock.moveTo(utc('2026-04-20T12:00:00'));
    expect(await show(1)).toEqual(['04-19T00:00 04-20T00:00 04-20T00:00']);
  });

  it('do not follow runs that have no date', async () => {
    const { show, store } = await world({ schedule: parseSchedule('@daily', 's'), catchup: true, startDate: utc('2026-03-26') });
    const actor = { kind: 'user', id: 'ada' } as const;
    const interval = { start: utc('2026-03-26'), end: utc('2026-03-27') };
    await store.runs.createRun('d', newRun('dated', interval.start, { runType: 'scheduled', dataInterval: interval }), actor, NOW);
    const dateless = newRun('file', NOW, { runType: 'scheduled', logicalDate: null, dataInterval: null, runAfter: NOW });
    await store.runs.createRun('d', dateless, actor, NOW);
    expect(await show(1)).toEqual(['03-27T00:00 03-28T00:00 03-28T00:00']);
  });

  it('at a change of the clocks are marked, also of several crons and of runs that wait for files', async () => {
    const time = trigger('30 2 * * *', '0 12 * * *') as Extract<TimeScheduleSpec, { kind: 'cronTrigger' }>;
    const hybrid: TimeScheduleSpec = { kind: 'hybrid', time, file: 'x', settleMs: 0, waitForMs: 0, onTimeout: 'fail', text: '' };
    for (const schedule of [time, hybrid]) {
      const { client, listing } = await world({ schedule, timezone: 'Europe/Paris' });
      const runs = await nextRuns(client, await listing(), 4);
      expect(clockChanges(await listing(), runs)).toEqual([
        {
          kind: 'gap',
          runsAt: [utc('2026-03-29T01:00:00')],
          text: '2026-03-29 02:30 does not exist: runs at 2026-03-29T01:00:00Z',
        },
      ]);
    }
  });
});

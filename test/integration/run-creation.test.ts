/** Which runs a schedule makes, from the run creator to the rows, over both stores; with the pitfalls of the specification that concern it. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseSchedule } from '../../src/core/timetable/parse-schedule.js';
import type { Timetable } from '../../src/core/timetable/timetable.js';
import type { Catchup, DagSpec, ScheduleSpec } from '../../src/model/dag-spec.js';
import type { Store } from '../../src/ports/store.js';
import { RunCreator } from '../../src/scheduler/run-creator.js';
import { createMemoryStore } from '../../src/store/memory/index.js';
import { openPostgresStore } from '../../src/store/postgres/index.js';
import { endRun } from '../conformance/commits.js';
import { dagSpec, newRun, parsedFile } from '../support/dag-specs.js';
import { createTestDatabase, silentLogger, type TestDatabase } from '../support/postgres.js';

const utc = (text: string): number => Date.parse(text.length === 10 ? `${text}T00:00:00Z` : `${text}Z`);
const USER = { kind: 'user', id: 'ada' } as const;

let database: TestDatabase | null = null;
const STORES: readonly [string, () => Promise<Store>][] = [
  ['memory', async () => createMemoryStore({ now: () => utc('2026-01-01'), sleep: async () => undefined })],
  [
    'Postgres',
    async () => {
      await database?.drop();
      database = await createTestDatabase();
      return openPostgresStore({ url: database.url, role: 'test' });
    },
  ],
];
afterAll(() => database?.drop());

const trigger = (expression: string): ScheduleSpec => ({
  kind: 'cronTrigger',
  expressions: [expression],
  intervalMs: 0,
  runImmediately: false,
  text: expression,
});

describe.each(STORES)('in %s', (_name, open) => {
  let store: Store;
  beforeEach(async () => void (store = await open()));
  afterEach(() => store.close());

  /** Registers the DAG `d`; it is looked at from then on. */
  const save = (changes: Partial<DagSpec>, now = '2025-12-01') =>
    store.catalog.saveFiles(
      [parsedFile('d.ts', [dagSpec('d', { maxActiveRuns: 100, startDate: utc('2026-01-01'), ...changes })])],
      utc(now),
    );

  /** Passes of the run creator at these moments, each until nothing is due. */
  async function at(...moments: readonly string[]): Promise<void> {
    const creator = new RunCreator(store.scheduling, new Map(), silentLogger);
    for (const moment of moments) {
      for (let passes = 0; passes < 5 && (await creator.runOnce(utc(moment))).createdRuns > 0; passes++);
    }
  }

  /** `logical date/end of interval` of the scheduled runs, to the minute. */
  async function runs(): Promise<readonly string[]> {
    const found = await store.runs.listRuns({ dagId: 'd', runTypes: ['scheduled'], order: 'logical_date' });
    const text = (instant: number) => new Date(instant).toISOString().slice(5, 16).replace('T00:00', '');
    return found.map(({ dataInterval }) => `${text(dataInterval!.start)}/${text(dataInterval!.end)}`);
  }

  const daily = parseSchedule('@daily', 'schedule');

  it.each<[string, Catchup, string[]]>([
    ['true', true, ['01-01/01-02', '01-02/01-03', '01-03/01-04', '01-04/01-05']],
    ['false', false, ['01-04/01-05']],
    ["'latest'", 'latest', ['01-04/01-05']],
    ['{ last: 3 }', { last: 3 }, ['01-02/01-03', '01-03/01-04', '01-04/01-05']],
    ['{ last: 30 }', { last: 30 }, ['01-01/01-02', '01-02/01-03', '01-03/01-04', '01-04/01-05']],
  ])('catchup %s', async (_text, catchup, expected) => {
    await save({ schedule: daily, catchup });
    await at('2026-01-05T12:00:00');
    expect(await runs()).toEqual(expected);
    await at('2026-01-06T12:00:00');
    expect(await runs()).toEqual([...expected, '01-05/01-06']);
  });

  it.each<[string, Catchup, string[]]>([
    ['true', true, ['01-01/01-01', '01-02/01-02', '01-03/01-03']],
    ['false', false, ['01-03/01-03']],
    ['{ last: 2 }', { last: 2 }, ['01-02/01-02', '01-03/01-03']],
  ])('catchup %s of points in time', async (_text, catchup, expected) => {
    await save({ schedule: trigger('0 0 * * *'), catchup });
    await at('2026-01-03T12:00:00');
    expect(await runs()).toEqual(expected);
  });

  it('a timetable of a plugin that fails holds up no run that is there already, and no other DAG', async () => {
    const failing = (next: () => never): Timetable => ({ next, inferManualInterval: () => next(), summary: 'own', periodic: true });
    const custom = (name: string): ScheduleSpec => ({ kind: 'custom', name, args: null, text: name });
    const specs = [
      dagSpec('d', { schedule: daily, startDate: utc('2026-01-01') }),
      ...['nan', 'throws', 'gone'].map((name) => dagSpec(name, { schedule: custom(name), startDate: utc('2026-01-01') })),
    ];
    await store.catalog.saveFiles([parsedFile('d.ts', specs)], utc('2025-12-01'));
    for (const dagId of ['nan', 'throws', 'gone'])
      await store.runs.createRun(dagId, newRun('by_hand', null, { runType: 'manual', state: 'queued' }), USER, utc('2026-01-02'));
    const timetables = new Map([
      ['nan', failing(() => ({ logicalDate: Number.NaN, dataInterval: { start: 1, end: 2 }, runAfter: 2 }) as never)],
      [
        'throws',
        failing(() => {
          throw new Error('no calendar');
        }),
      ],
    ]);
    await new RunCreator(store.scheduling, timetables, silentLogger).runOnce(utc('2026-01-02'));
    expect(await runs()).toEqual(['01-01/01-02']);
    const byHand = await store.runs.listRuns({ runTypes: ['manual'] });
    expect(byHand.map(({ dagId, state }) => `${dagId} ${state}`).sort()).toEqual(['gone running', 'nan running', 'throws running']);
  });

  it('pitfall 20: without catchup the newest period that is over has its run as soon as the DAG is unpaused', async () => {
    await save({ schedule: daily });
    await store.catalog.setPaused(['d'], true, null, USER, utc('2025-12-02'));
    await at('2026-01-03T12:00:00', '2026-01-10T12:00:00');
    expect(await runs()).toEqual([]);
    await store.catalog.setPaused(['d'], false, null, USER, utc('2026-01-10T13:00:00'));
    await at('2026-01-10T13:00:00', '2026-01-10T14:00:00');
    expect(await runs()).toEqual(['01-09/01-10']);
  });

  it('pitfall 21: missed runs are created while fewer than maxActiveRuns are unfinished, the others are not even rows', async () => {
    await save({ schedule: daily, catchup: true, maxActiveRuns: 2 });
    await at('2026-01-31T12:00:00', '2026-01-31T12:00:01');
    expect(await runs()).toEqual(['01-01/01-02', '01-02/01-03']);
    const [first] = await store.runs.listRuns({ dagId: 'd', order: 'logical_date' });
    await store.scheduling.commit([endRun(first!, 'success', utc('2026-01-31T13:00:00'))], utc('2026-01-31T13:00:00'));
    await at('2026-01-31T13:00:00', '2026-01-31T13:00:01');
    expect(await runs()).toEqual(['01-01/01-02', '01-02/01-03', '01-03/01-04']);
  });

  it('pitfall 22: runs by hand do not shift the schedule, runs of a backfill do', async () => {
    await save({ schedule: daily, catchup: true });
    await at('2026-01-03T12:00:00');
    const byHand = newRun('mine', utc('2026-01-20'), { runType: 'manual' });
    await store.runs.createRun('d', byHand, USER, utc('2026-01-03T12:00:00'));
    await at('2026-01-04T12:00:00');
    expect(await runs()).toEqual(['01-01/01-02', '01-02/01-03', '01-03/01-04']);
    const interval = { start: utc('2026-01-08'), end: utc('2026-01-09') };
    const filled = newRun('filled', interval.start, { runType: 'backfill', triggeredBy: 'backfill', dataInterval: interval });
    await store.runs.createRun('d', filled, USER, utc('2026-01-09T12:00:00'));
    await at('2026-01-10T12:00:00');
    expect(await runs()).toEqual(['01-01/01-02', '01-02/01-03', '01-03/01-04', '01-09/01-10']);
  });

  it('pitfall 23: the end date bounds the start of intervals, which may end after it, and the time of points; both inclusive', async () => {
    await save({ schedule: daily, catchup: true, endDate: utc('2026-01-02') });
    await at('2026-01-09T12:00:00');
    expect(await runs()).toEqual(['01-01/01-02', '01-02/01-03']);
    await save(
      { schedule: trigger('0 0 * * *'), catchup: true, startDate: utc('2026-01-03'), endDate: utc('2026-01-04') },
      '2026-01-09T12:00:00',
    );
    await at('2026-01-10T12:00:00');
    expect((await runs()).slice(2)).toEqual(['01-04/01-04']);
  });

  it('pitfall 24: a plain cron expression covers the interval before its time, a trigger is the time itself', async () => {
    await save({ schedule: parseSchedule('0 2 * * *', 'schedule') });
    await at('2026-01-10T03:00:00');
    expect(await runs()).toEqual(['01-09T02:00/01-10T02:00']);
    const [run] = await store.runs.listRuns({ dagId: 'd' });
    expect(run).toMatchObject({ runId: 'scheduled__2026-01-10T02:00:00+00:00', logicalDate: utc('2026-01-09T02:00:00') });
  });

  it('pitfall 24: … and so a DAG that changes from one to the other goes on without a second run for one time', async () => {
    await save({ schedule: parseSchedule('0 2 * * *', 'schedule') });
    await at('2026-01-10T03:00:00');
    await save({ schedule: trigger('0 2 * * *') }, '2026-01-10T03:00:00');
    await at('2026-01-10T04:00:00', '2026-01-11T03:00:00');
    expect(await runs()).toEqual(['01-09T02:00/01-10T02:00', '01-11T02:00/01-11T02:00']);
  });

  const NEW_YORK = { timezone: 'America/New_York', catchup: true };

  it('pitfall 25: a local time follows the clocks of its zone', async () => {
    await save({ ...NEW_YORK, schedule: trigger('0 2 * * *'), startDate: utc('2025-03-08'), endDate: utc('2025-03-10T12:00:00') });
    await at('2026-01-01');
    // 02:00, the end of the gap (03:00), 02:00.
    expect(await runs()).toEqual(['03-08T07:00/03-08T07:00', '03-09T07:00/03-09T07:00', '03-10T06:00/03-10T06:00']);
  });

  it('pitfall 25: … and what runs every hour runs in both hours of an overlap', async () => {
    await save({
      ...NEW_YORK,
      schedule: trigger('30 * * * *'),
      startDate: utc('2025-11-02T04:30:00'),
      endDate: utc('2025-11-02T07:30:00'),
    });
    await at('2026-01-01');
    expect(await runs()).toEqual(['04', '05', '06', '07'].map((hour) => `11-02T${hour}:30/11-02T${hour}:30`));
  });

  it('pitfall 25: … a fixed time that comes twice runs the first time only, where Airflow takes the second', async () => {
    await save({
      ...NEW_YORK,
      schedule: trigger('30 1 * * *'),
      startDate: utc('2025-11-01T04:00:00'),
      endDate: utc('2025-11-03T12:00:00'),
    });
    await at('2026-01-01');
    expect(await runs()).toEqual(['11-01T05:30/11-01T05:30', '11-02T05:30/11-02T05:30', '11-03T06:30/11-03T06:30']);
  });

  it('pitfall 26: a day of the month and a weekday that are both given mean either', async () => {
    await save({ schedule: trigger('0 0 13 * 5'), catchup: true, startDate: utc('2026-02-01') });
    await at('2026-03-14');
    const dates = ['02-06', '02-13', '02-20', '02-27', '03-06', '03-13'];
    expect(await runs()).toEqual(dates.map((date) => `${date}/${date}`));
  });

  it('pitfall 27: a span of a day is 24 hours from the start date, not midnight of a zone', async () => {
    const PARIS = {
      timezone: 'Europe/Paris',
      catchup: true,
      startDate: utc('2025-10-24T22:00:00'),
      endDate: utc('2025-10-27T12:00:00'),
    };
    await save({ ...PARIS, schedule: parseSchedule('1d', 'schedule') });
    await at('2026-01-01');
    expect(await runs()).toEqual(['10-24T22:00/10-25T22:00', '10-25T22:00/10-26T22:00', '10-26T22:00/10-27T22:00']);
    await save({ ...PARIS, schedule: daily }, '2026-01-01');
    await at('2026-01-02');
    expect((await runs()).slice(3)).toEqual(['10-26T23:00/10-27T23:00']);
  });

  it('pitfall 27: … and points one span apart have no phase without catchup: an overdue one is now', async () => {
    await save({ schedule: { kind: 'deltaTrigger', span: { months: 0, ms: 86_400_000 }, intervalMs: 0, text: '1d' } });
    await at('2026-01-10T07:13:00', '2026-01-11T07:12:00', '2026-01-11T07:13:00', '2026-01-20T10:00:00');
    const moments = ['01-10T07:13', '01-11T07:13', '01-20T10:00'];
    expect(await runs()).toEqual(moments.map((moment) => `${moment}/${moment}`));
  });

  it('pitfall 29: run ids tell when the run is due, not its logical date', async () => {
    await save({ schedule: daily, catchup: true });
    await at('2026-01-02T12:00:00');
    const [run] = await store.runs.listRuns({ dagId: 'd' });
    expect(run).toMatchObject({ runId: 'scheduled__2026-01-02T00:00:00+00:00', logicalDate: utc('2026-01-01') });
  });
});

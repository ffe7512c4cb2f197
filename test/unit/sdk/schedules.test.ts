import { describe, expect, it } from '@jest/globals';
import { ProblemList } from '../../../src/sdk/problems.js';
import { checkSchedule } from '../../../src/sdk/check-schedule.js';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import { cronTrigger, crons, defineDag, deltaTrigger, events, fileWatch, hybrid, type DagOptions } from '../../../src/sdk/index.js';
import { hashSpec } from '../../../src/sdk/spec-hash.js';
import { dagSpec, utc } from '../core/factories.js';

/** Options as an author without a type checker may give them. */
type Loose = Record<string, unknown>;

const collected = (options: Loose) =>
  collectDags({ d: defineDag('d', options as DagOptions, (d) => d.task('one', async () => 1)()) }, 'd.ts');

const specWith = (options: Loose) => {
  const { dags, problems: errors } = collected(options);
  expect(errors).toEqual([]);
  const [dag] = dags;
  if (!dag) throw new Error('no DAG was found');
  return dag.spec;
};

describe('schedules as an author writes them', () => {
  it.each<[string, Loose, object]>([
    [
      'a cron trigger',
      { schedule: cronTrigger(' 0 2  * * * ') },
      { kind: 'cronTrigger', expressions: ['0 2 * * *'], intervalMs: 0, runImmediately: false, text: '0 2  * * *' },
    ],
    [
      'with an interval and a first run',
      { schedule: cronTrigger('@daily', { interval: '1d', runImmediately: '10m' }) },
      { expressions: ['0 0 * * *'], intervalMs: 86_400_000, runImmediately: { withinMs: 600_000 }, text: '@daily' },
    ],
    [
      'a list of crons',
      { schedule: ['0 2 * * *', '30 14 * * 5', '0 2 * * *'] },
      { kind: 'cronTrigger', expressions: ['0 2 * * *', '30 14 * * 5'], text: '0 2 * * *, 30 14 * * 5' },
    ],
    [
      'crons with options',
      { schedule: crons(['@hourly'], { runImmediately: true }) },
      { expressions: ['0 * * * *'], runImmediately: true },
    ],
    [
      'a delta trigger',
      { schedule: deltaTrigger('1mo', { interval: '2h' }) },
      { kind: 'deltaTrigger', span: { months: 1, ms: 0 }, intervalMs: 7_200_000, text: 'every 1mo' },
    ],
    [
      'events, in the zone of the DAG',
      { schedule: events(['2026-07-02T06:00', new Date(0), '2026-07-02T06:00']), timezone: 'Europe/Paris' },
      { kind: 'events', dates: [0, utc('2026-07-02T04:00:00')], restrictToEvents: false, text: '2 events' },
    ],
    [
      'a watched folder',
      { schedule: fileWatch('./inbox/*.csv') },
      {
        kind: 'fileWatch',
        pattern: 'inbox/*.csv',
        settleMs: 2_000,
        existing: 'run',
        rewritten: 'run',
        text: 'fileWatch(./inbox/*.csv)',
      },
    ],
    [
      'a watched folder with options',
      { schedule: fileWatch('/srv/**/*.csv', { settleFor: '1m', existing: 'ignore', rewritten: 'ignore' }) },
      { pattern: '/srv/**/*.csv', settleMs: 60_000, existing: 'ignore', rewritten: 'ignore' },
    ],
    [
      'a time that waits for a file',
      { schedule: hybrid('0 6 * * *', { file: 'in/{{ ds }}.csv', waitFor: '4h', onTimeout: 'skip' }), startDate: '2026-01-01' },
      {
        kind: 'hybrid',
        time: { kind: 'cron', expression: '0 6 * * *', text: '0 6 * * *' },
        file: 'in/{{ ds }}.csv',
        settleMs: 2_000,
        waitForMs: 14_400_000,
        onTimeout: 'skip',
        text: '0 6 * * *, with in/{{ ds }}.csv',
      },
    ],
    [
      'several times that wait for a file, which need no start date',
      { schedule: hybrid(['0 6 * * *', '0 18 * * *'], { file: 'in/{{ ts_nodash }}' }) },
      { kind: 'hybrid', time: { kind: 'cronTrigger' }, waitForMs: 86_400_000, onTimeout: 'fail' },
    ],
    [
      '@continuous',
      { schedule: '@continuous', maxActiveRuns: 1, startDate: '2026-01-01' },
      { kind: 'continuous', text: '@continuous' },
    ],
  ])('%s', (_what, options, expected) => {
    const spec = specWith(options);
    expect(spec.schedule).toMatchObject(expected);
    expect(JSON.parse(JSON.stringify(spec.schedule))).toEqual(spec.schedule);
    expect(hashSpec(specWith(options))).toBe(hashSpec(spec));
  });

  it.each<[string, Loose, string, string, string | null]>([
    [
      'an unknown option',
      { schedule: cronTrigger('@daily', { intervall: '1h' } as object) },
      'OPTION_UNKNOWN',
      'd.schedule.intervall',
      'interval',
    ],
    [
      'an interval of months',
      { schedule: cronTrigger('@daily', { interval: '1mo' }) },
      'DURATION_INVALID',
      'd.schedule.interval',
      null,
    ],
    [
      'a wrong first run',
      { schedule: cronTrigger('@daily', { runImmediately: 5 } as object) },
      'DURATION_INVALID',
      'd.schedule.runImmediately',
      "'5s'",
    ],
    ['a span as cron', { schedule: cronTrigger('6h') }, 'CRON_INVALID', 'd.schedule', "deltaTrigger('6h')"],
    ['a cron that never fires', { schedule: ['0 0 * * *', '0 0 30 2 *'] }, 'CRON_NEVER', 'd.schedule[1]', null],
    ['a misspelt preset in a list', { schedule: crons(['@dialy']) }, 'CRON_INVALID', 'd.schedule[0]', '@daily'],
    ['an empty list', { schedule: [] }, 'VALUE_RANGE', 'd.schedule', null],
    ['no list', { schedule: events('2026-01-01' as never) }, 'VALUE_TYPE', 'd.schedule', null],
    [
      'a cron as span',
      { schedule: deltaTrigger('0 2 * * *' as '6h') },
      'DURATION_INVALID',
      'd.schedule',
      "cronTrigger('0 2 * * *')",
    ],
    ['a wrong date', { schedule: events(['2026-02-30']) }, 'DATE_INVALID', 'd.schedule[0]', null],
    ['several runs of @continuous', { schedule: '@continuous', startDate: '2026-01-01' }, 'VALUE_RANGE', 'd.maxActiveRuns', null],
    ['a pattern that is none', { schedule: fileWatch('inbox/') }, 'FILE_PATTERN_INVALID', 'd.schedule', 'inbox/*'],
    ['no pattern', { schedule: fileWatch('') }, 'FILE_PATTERN_INVALID', 'd.schedule', null],
    ['a way out of the project', { schedule: fileWatch('../in/*') }, 'FILE_PATTERN_INVALID', 'd.schedule', null],
    [
      'a misspelt option of a watch',
      { schedule: fileWatch('in/*', { settle: '2s' } as object) },
      'OPTION_UNKNOWN',
      'd.schedule.settle',
      'settleFor',
    ],
    [
      'an unknown fate of files',
      { schedule: fileWatch('in/*', { existing: 'ignored' as 'ignore' }) },
      'UNKNOWN_NAME',
      'd.schedule.existing',
      'ignore',
    ],
    ['a wait without a file', { schedule: hybrid(['@daily'], {} as never) }, 'FILE_PATTERN_INVALID', 'd.schedule.file', null],
    [
      'a wait for a file of an unknown date',
      { schedule: hybrid(['@daily'], { file: 'in/{{ dss }}' }) },
      'FILE_PATTERN_INVALID',
      'd.schedule.file',
      'ds',
    ],
    ['a wait without a time', { schedule: hybrid(fileWatch('in/*'), { file: 'in/x' }) }, 'VALUE_TYPE', 'd.schedule', null],
    ['a wait at a wrong time', { schedule: hybrid('61 * * * *', { file: 'in/x' }) }, 'CRON_INVALID', 'd.schedule', null],
    [
      'intervals that wait without a start',
      { schedule: hybrid('@daily', { file: 'x' }) },
      'START_DATE_REQUIRED',
      'd.startDate',
      null,
    ],
    ['something else', { schedule: { cron: '@daily' } }, 'VALUE_TYPE', 'd.schedule', null],
    ['catchup without a start', { schedule: deltaTrigger('6h'), catchup: true }, 'START_DATE_REQUIRED', 'd.startDate', null],
    ['intervals without a start', { schedule: '6h' }, 'START_DATE_REQUIRED', 'd.startDate', null],
  ])('refuses %s', (_what, options, code, place, suggestion) => {
    const { dags, problems: errors } = collected(options);
    expect(dags).toEqual([]);
    expect(errors).toEqual([expect.objectContaining({ code, message: expect.stringContaining(`${place}: `), suggestion })]);
  });
});

describe('S001', () => {
  const NOW = utc('2026-02-01');
  const warned = (changes: Parameters<typeof dagSpec>[1]) => {
    const warnings = new ProblemList('d.ts');
    checkSchedule(dagSpec([], { startDate: utc('2025-01-01'), ...changes }), () => null, warnings, NOW);
    return warnings.all.map(({ code, message }) => `${code} ${message}`);
  };
  const cron = (expression: string) => ({ kind: 'cron', expression, text: expression }) as const;

  it('names the next five dates of each kind on which a change of the clocks touches a schedule', () => {
    expect(warned({ schedule: cron('30 2 * * *'), timezone: 'Europe/Paris' })).toEqual([
      'S001 d.schedule: the clock of Europe/Paris goes forward over a time of this schedule; these local times do not exist: ' +
        '2026-03-29T02:30, 2027-03-28T02:30, 2028-03-26T02:30, 2029-03-25T02:30, 2030-03-31T02:30; ' +
        'the clock of Europe/Paris goes back over a time of this schedule; these local times come twice: ' +
        '2026-10-25T02:30, 2027-10-31T02:30, 2028-10-29T02:30, 2029-10-28T02:30, 2030-10-27T02:30',
    ]);
  });

  it.each<[string, Parameters<typeof dagSpec>[1]]>([
    ['a zone without changes', { schedule: cron('30 2 * * *'), timezone: 'Asia/Tokyo' }],
    ['a time of day that changes never touch', { schedule: cron('30 12 * * *'), timezone: 'Europe/Paris' }],
    ['another weekday', { schedule: cron('30 2 * * 1'), timezone: 'Europe/Paris' }],
    ['every hour, which runs on elapsed time', { schedule: cron('30 * * * *'), timezone: 'Europe/Paris' }],
    ['an end before the change', { schedule: cron('30 2 * * *'), timezone: 'Europe/Paris', endDate: utc('2026-03-01') }],
    ['a schedule that begins in years', { schedule: cron('30 2 * * *'), timezone: 'Europe/Paris', startDate: utc('2030-01-01') }],
  ])('is silent about %s', (_what, changes) => {
    expect(warned(changes)).toEqual([]);
  });

  it('names the dates after an end that comes too early', () => {
    const [warning] = warned({ schedule: cron('0 0 1 1 *'), startDate: utc('2026-02-01'), endDate: utc('2026-06-01') });
    expect(warning).toContain('never fires between startDate 2026-02-01T00:00:00.000Z and endDate 2026-06-01T00:00:00.000Z');
    expect(warning).toContain('its next dates are 2027-01-01T00:00:00.000Z, 2028-01-01');
    expect(warning?.match(/T00:00:00.000Z/g)).toHaveLength(7);
  });

  it('tells of events that have all passed', () => {
    const schedule = { kind: 'events', dates: [utc('2026-01-05')], restrictToEvents: false, text: '1 event' } as const;
    expect(warned({ schedule })).toEqual([expect.stringContaining('the last one is 2026-01-05T00:00:00.000Z')]);
    expect(warned({ schedule, catchup: true })).toEqual([]);
  });
});

describe('an installation without data intervals for plain schedules', () => {
  const reading = { cronDataIntervals: false };
  const scheduleOf = (options: Loose) => {
    const definition = defineDag('d', options as DagOptions, (d) => d.task('one', async () => 1)());
    const { dags, problems: errors } = collectDags({ d: definition }, 'd.ts', null, reading);
    expect(errors).toEqual([]);
    return dags[0]?.spec.schedule;
  };

  it('reads an expression, a preset and a span as points in time, which need no start date', () => {
    const trigger = { kind: 'cronTrigger', intervalMs: 0, runImmediately: false };
    expect(scheduleOf({ schedule: '0 2 * * *' })).toEqual({ ...trigger, expressions: ['0 2 * * *'], text: '0 2 * * *' });
    expect(scheduleOf({ schedule: '@daily' })).toEqual({ ...trigger, expressions: ['0 0 * * *'], text: '@daily' });
    expect(scheduleOf({ schedule: hybrid('@daily', { file: 'x' }) })).toMatchObject({ kind: 'hybrid', time: trigger });
    expect(scheduleOf({ schedule: '1mo' })).toEqual({
      kind: 'deltaTrigger',
      span: { months: 1, ms: 0 },
      intervalMs: 0,
      text: 'every 1mo',
    });
  });

  it('leaves the other schedules as they are', () => {
    expect(scheduleOf({ schedule: null })).toEqual({ kind: 'none' });
    expect(scheduleOf({ schedule: '@once', startDate: '2026-01-01' })).toEqual({ kind: 'once' });
  });
});

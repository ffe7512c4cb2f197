import { describe, expect, it } from '@jest/globals';
import { explainDag } from '../../../../src/core/explain/explain-dag.js';
import type { Timetable } from '../../../../src/core/timetable/timetable.js';
import { assetRefText, type AssetRef } from '../../../../src/model/asset.js';
import type { DagSpec } from '../../../../src/model/dag-spec.js';
import type { Situation } from '../../../../src/model/situation.js';
import { taskSpec, utc, viewOf } from '../factories.js';
import { component, situationOf, type World } from './situations.js';

const NOW = utc('2026-03-10T12:00:00');
const daily = { schedule: { kind: 'cron', expression: '0 0 * * *', text: '@daily' }, startDate: utc('2026-03-01') } as const;
const assetNamed = (name: string) =>
  ({ kind: 'asset', asset: { name, uri: `s3://lake/${name}`, group: 'asset', extra: {} } }) as const;
const [orders, rates] = [assetNamed('orders'), assetNamed('rates')];
const onBoth = { kind: 'assets', condition: { kind: 'all', of: [orders, rates] }, text: 'x' } as const;
const onBothOrDaily = { kind: 'assetOrTime', time: daily.schedule, condition: onBoth.condition, text: 'x' } as const;
const inbox = {
  kind: 'fileWatch',
  pattern: 'inbox/*.csv',
  settleMs: 0,
  existing: 'run',
  rewritten: 'run',
  text: 'files',
} as const;
const dailyFile = {
  kind: 'hybrid',
  time: daily.schedule,
  file: 'inbox/{{ local_ds }}.csv',
  settleMs: 0,
  waitForMs: 86_400_000,
  onTimeout: 'skip',
  text: 'x',
} as const;

const last = (start: string, end: string) => ({
  lastAutomated: { logicalDate: utc(start), dataInterval: { start: utc(start), end: utc(end) } },
});
const [due, notDue] = [last('2026-03-07', '2026-03-08'), last('2026-03-09', '2026-03-10')];
/** One run is unfinished, and it is the only one that may be. */
const FULL = { unfinishedRuns: 1, runningRuns: 1 };
const LANE: Partial<Situation> = { lane: [{ runId: 'r', startedAt: 1 }] };

function situationFor(spec: Partial<DagSpec>, world: World = {}, events: readonly AssetRef[] = [], now = NOW): Situation {
  const situation = situationOf(viewOf([taskSpec('a')], {}, { spec }), now, world);
  return { ...situation, assets: { ...situation.assets, present: new Set(events.map(assetRefText)) } };
}

function explain(...[spec, world, events, now]: Parameters<typeof situationFor>) {
  return explainDag(situationFor(spec, world, events, now));
}

const codesOf = (...given: Parameters<typeof situationFor>) => explain(...given).blockers.map(({ code }) => code);

describe('why a DAG has no newer run', () => {
  it.each<[string, Partial<DagSpec>, World, readonly string[]]>([
    ['no schedule', {}, {}, ['no_schedule']],
    ['not due', daily, { schedule: notDue }, ['not_due']],
    ['due now', daily, { schedule: due }, ['about_to_be_created']],
    ['ended', { ...daily, endDate: utc('2026-03-05') }, { schedule: last('2026-03-05', '2026-03-06') }, ['schedule_over']],
    [
      'as many runs as it may have',
      { ...daily, catchup: true, maxActiveRuns: 1 },
      { schedule: { ...due, ...FULL }, situation: LANE },
      ['max_active_runs'],
    ],
    [
      'as many runs as it may have, and not due either',
      { ...daily, maxActiveRuns: 1 },
      { schedule: { ...notDue, ...FULL }, situation: LANE },
      ['not_due'],
    ],
    ['paused', daily, { schedule: { ...due, dagChanges: { isPaused: true } } }, ['dag_paused', 'about_to_be_created']],
    [
      'paused, and its file is gone',
      daily,
      { schedule: { ...due, dagChanges: { isPaused: true, isRetired: true } } },
      ['dag_retired', 'dag_paused', 'about_to_be_created'],
    ],
    ['no scheduler', {}, { components: [component('worker')] }, ['no_scheduler', 'no_schedule']],
    ['assets', { schedule: onBoth }, {}, ['waits_for_assets']],
    ['a file', { schedule: inbox }, {}, ['waits_for_file']],
    [
      'a file and a place',
      { schedule: inbox, maxActiveRuns: 1 },
      { schedule: FULL, situation: LANE },
      ['max_active_runs', 'waits_for_file'],
    ],
    ['a time and a file, whose time has not come', { ...daily, schedule: dailyFile }, { schedule: notDue }, ['not_due']],
    ['a time and a file', { ...daily, schedule: dailyFile }, { schedule: due }, ['waits_for_file']],
    [
      'a time and a file and a place',
      { ...daily, schedule: dailyFile, maxActiveRuns: 1 },
      { schedule: { ...due, ...FULL }, situation: LANE },
      ['max_active_runs', 'waits_for_file'],
    ],
    ['assets or time', { ...daily, schedule: onBothOrDaily }, { schedule: notDue }, ['waits_for_assets', 'not_due']],
    ['assets or time, which has come', { ...daily, schedule: onBothOrDaily }, { schedule: due }, ['about_to_be_created']],
    [
      'assets or time, which is over',
      { ...daily, schedule: onBothOrDaily, endDate: utc('2026-03-05') },
      { schedule: last('2026-03-05', '2026-03-06') },
      ['waits_for_assets', 'schedule_over'],
    ],
    [
      'nothing to cover yet',
      { schedule: { kind: 'continuous', text: '@continuous' }, maxActiveRuns: 1 },
      {},
      ['about_to_be_created'],
    ],
  ])('%s', (_what, spec, world, codes) => {
    expect(codesOf(spec, world)).toEqual(codes);
  });

  it.each<[string, Partial<DagSpec>]>([
    ['assets', { schedule: onBoth, maxActiveRuns: 1 }],
    ['assets or time', { ...daily, schedule: onBothOrDaily, maxActiveRuns: 1 }],
  ])('%s: with an event of each a run is about to be made, as soon as there is a place', (_what, spec) => {
    const events = [orders, rates];
    expect(codesOf(spec, { schedule: notDue }, events)).toEqual(['about_to_be_created']);
    expect(codesOf(spec, { schedule: { ...notDue, ...FULL }, situation: LANE }, events)).toEqual(['max_active_runs']);
  });

  it('names the assets that have no event yet, and only these', () => {
    expect(explain({ schedule: onBoth }, {}, [orders]).blockers[0]?.text).toBe(
      'it runs on orders and rates, and there is no new event of rates',
    );
  });

  it('says the interval and when it is due', () => {
    expect(explain(daily, { schedule: notDue })).toMatchObject({
      summary: 'd has no newer run: the next run (2026-03-10T00:00:00Z to 2026-03-11T00:00:00Z) is due at 2026-03-11T00:00:00Z',
      nextLookAt: utc('2026-03-11'),
    });
  });

  it('takes a run for due at the very moment', () => {
    const world: World = { schedule: { ...notDue, ...FULL }, situation: LANE };
    const spec = { ...daily, maxActiveRuns: 1 };
    expect(codesOf(spec, world, [], utc('2026-03-11') - 1)).toEqual(['not_due']);
    expect(codesOf(spec, world, [], utc('2026-03-11'))).toEqual(['max_active_runs']);
  });

  it('has no time to look again where only something else can happen', () => {
    expect(explain({ schedule: onBoth }).nextLookAt).toBeNull();
    expect(explain(daily, { schedule: due }).nextLookAt).toBeNull();
  });

  it('says why the timetable of a plugin has no answer', () => {
    const schedule = { kind: 'custom', name: 'own', args: null, text: 'own' } as const;
    const given = situationFor({ ...daily, schedule });
    const fails = {
      next() {
        throw new Error('no calendar');
      },
    } as unknown as Timetable;
    expect(explainDag(given, new Map([['own', fails]])).blockers[0]).toMatchObject({
      code: 'schedule_fails',
      text: expect.stringMatching(/TIMETABLE_FAILED.*no calendar$/),
    });
    expect(explainDag(given, new Map()).blockers[0]?.text).toContain('UNKNOWN_NAME');
  });

  it('says whether it is the end date that leaves no further run', () => {
    const ended = explain({ ...daily, endDate: utc('2026-03-05') }, { schedule: last('2026-03-05', '2026-03-06') });
    expect(ended.blockers[0]?.text).toMatch(/has no further run; the DAG ends at 2026-03-05T00:00:00Z$/);
    const once = { schedule: { kind: 'once' }, startDate: daily.startDate } as const;
    expect(explain(once, { schedule: last('2026-03-01', '2026-03-01') }).blockers[0]).toMatchObject({
      code: 'schedule_over',
      text: expect.stringMatching(/has no further run$/),
    });
  });

  it.each([
    ['fail', 'fails'],
    ['skip', 'is left out'],
    ['run', 'runs without it'],
  ] as const)('says which file a run waits for, how long, and what happens then: %s', (onTimeout, ends) => {
    const spec: Partial<DagSpec> = { ...daily, timezone: 'Asia/Tokyo', schedule: { ...dailyFile, onTimeout } };
    const { blockers, nextLookAt } = explain(
      spec,
      { schedule: last('2026-03-08T15:00:00', '2026-03-09T15:00:00') },
      [],
      NOW + 86_400_000,
    );
    expect(blockers[0]?.text).toBe(
      'the next run (2026-03-09T15:00:00Z to 2026-03-10T15:00:00Z) waits for a file that matches "inbox/2026-03-10.csv"; ' +
        `at 2026-03-11T15:00:00Z it ${ends}`,
    );
    expect(nextLookAt).toBe(utc('2026-03-11T15:00:00'));
  });

  it('looks again at once where the wait for a file is over and the DAG only has no place', () => {
    const spec = { ...daily, catchup: true, schedule: dailyFile, maxActiveRuns: 1 };
    expect(explain(spec, { schedule: { ...due, ...FULL }, situation: LANE }).nextLookAt).toBe(NOW);
  });
});

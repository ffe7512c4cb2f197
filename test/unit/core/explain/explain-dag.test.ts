import { describe, expect, it } from '@jest/globals';
import { explainDag } from '../../../../src/core/explain/explain-dag.js';
import type { DagSpec } from '../../../../src/model/dag-spec.js';
import type { Situation } from '../../../../src/model/situation.js';
import { taskSpec, utc, viewOf } from '../factories.js';
import { component, situationOf, type World } from './situations.js';

const NOW = utc('2026-03-10T12:00:00');
const daily = { schedule: { kind: 'cron', expression: '0 0 * * *', text: '@daily' }, startDate: utc('2026-03-01') } as const;
const orders = { name: 'orders', uri: 's3://lake/orders', group: 'asset', extra: {} };
const onOrders = { kind: 'assets', condition: { kind: 'asset', asset: orders }, text: 'orders' } as const;

const last = (start: string, end: string) => ({
  lastAutomated: { logicalDate: utc(start), dataInterval: { start: utc(start), end: utc(end) } },
});

function explain(spec: Partial<DagSpec>, world: World = {}) {
  return explainDag(situationOf(viewOf([taskSpec('a')], {}, { spec }), NOW, world));
}

describe('why a DAG has no newer run', () => {
  it.each<[string, Partial<DagSpec>, World, readonly string[]]>([
    ['no schedule', {}, {}, ['no_schedule']],
    ['not due', daily, { schedule: last('2026-03-09', '2026-03-10') }, ['not_due']],
    ['due now', daily, { schedule: last('2026-03-07', '2026-03-08') }, ['about_to_be_created']],
    ['ended', { ...daily, endDate: utc('2026-03-05') }, { schedule: last('2026-03-05', '2026-03-06') }, ['schedule_over']],
    [
      'as many runs as it may have',
      { ...daily, catchup: true, maxActiveRuns: 1 },
      {
        schedule: { ...last('2026-03-07', '2026-03-08'), unfinishedRuns: 1, runningRuns: 1 },
        situation: { lane: [{ runId: 'r', startedAt: 1 }] } satisfies Partial<Situation>,
      },
      ['max_active_runs'],
    ],
    [
      'paused',
      daily,
      { schedule: { ...last('2026-03-07', '2026-03-08'), dagChanges: { isPaused: true } } },
      ['dag_paused', 'about_to_be_created'],
    ],
    ['no scheduler', {}, { components: [component('worker')] }, ['no_scheduler', 'no_schedule']],
    ['assets', { schedule: onOrders }, {}, ['waits_for_assets']],
    [
      'a file',
      {
        schedule: { kind: 'fileWatch', pattern: 'inbox/*.csv', settleMs: 0, existing: 'run', rewritten: 'run', text: 'files' },
      },
      {},
      ['waits_for_file'],
    ],
    [
      'a time and a file',
      {
        ...daily,
        schedule: {
          kind: 'hybrid',
          time: daily.schedule,
          file: 'inbox/{{ds}}.csv',
          settleMs: 0,
          waitForMs: 86_400_000,
          onTimeout: 'skip',
          text: 'x',
        },
      },
      { schedule: last('2026-03-08', '2026-03-09') },
      ['waits_for_file'],
    ],
    [
      'assets or time',
      {
        schedule: { kind: 'assetOrTime', time: daily.schedule, condition: onOrders.condition, text: 'x' },
        startDate: daily.startDate,
      },
      { schedule: last('2026-03-09', '2026-03-10') },
      ['waits_for_assets', 'not_due'],
    ],
  ])('%s', (_what, spec, world, codes) => {
    expect(explain(spec, world).blockers.map(({ code }) => code)).toEqual(codes);
  });

  it('says the interval and when it is due', () => {
    expect(explain(daily, { schedule: last('2026-03-09', '2026-03-10') })).toMatchObject({
      summary: 'd has no newer run: the next run (2026-03-10T00:00:00Z to 2026-03-11T00:00:00Z) is due at 2026-03-11T00:00:00Z',
      nextLookAt: utc('2026-03-11'),
    });
  });
});

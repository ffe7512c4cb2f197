import { describe, expect, it } from '@jest/globals';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import { asset, assetAlias, assetOrTime, cronTrigger, defineDag, timetable, type DagOptions } from '../../../src/sdk/index.js';

type Loose = Record<string, unknown>;

const collected = (options: Loose, taskOptions: Loose = {}) =>
  collectDags({ d: defineDag('d', options as DagOptions, (d) => d.task('one', taskOptions, async () => 1)()) }, 'd.ts');

const specWith = (options: Loose, taskOptions: Loose = {}) => {
  const { dags, problems } = collected(options, taskOptions);
  expect(problems).toEqual([]);
  return dags[0]!.spec;
};

const orders = asset('orders', { uri: 'S3://lake/orders/', group: 'sales', extra: { owner: 'data', since: new Date(0) } });
const ordersSpec = {
  name: 'orders',
  uri: 's3://lake/orders',
  group: 'sales',
  extra: { owner: 'data', since: { $type: 'Date', value: '1970-01-01T00:00:00.000Z' } },
};
const rates = asset('s3://lake/rates');
const ratesSpec = { name: 's3://lake/rates', uri: 's3://lake/rates', group: 'asset', extra: {} };
const leaf = (of: object) => ({ kind: 'asset', asset: of });

describe('assets as an author writes them', () => {
  it('have a name and a URI, each the default of the other', () => {
    expect(orders).toMatchObject({ name: 'orders', uri: 's3://lake/orders', group: 'sales' });
    expect(rates).toMatchObject({ name: 's3://lake/rates', uri: 's3://lake/rates', extra: {} });
    expect(asset('s3://lake/x', { name: 'x' })).toMatchObject({ name: 'x', uri: 's3://lake/x' });
  });

  it.each<[string, unknown, object]>([
    ['one asset', orders, { kind: 'assets', condition: leaf(ordersSpec), text: 'orders' }],
    ['a list, which means all', [orders, rates], { condition: { kind: 'all', of: [leaf(ordersSpec), leaf(ratesSpec)] } }],
    [
      'nested conditions',
      orders.and(rates.or(assetAlias('late', { group: 'x' }))),
      {
        condition: {
          kind: 'all',
          of: [leaf(ordersSpec), { kind: 'any', of: [leaf(ratesSpec), { kind: 'alias', alias: { name: 'late', group: 'x' } }] }],
        },
        text: 'orders and (s3://lake/rates or alias late)',
      },
    ],
    [
      'assets or time',
      assetOrTime(cronTrigger('0 2 * * *'), [orders, rates]),
      {
        kind: 'assetOrTime',
        time: { kind: 'cronTrigger', expressions: ['0 2 * * *'] },
        condition: { kind: 'all' },
        text: '0 2 * * * or orders and s3://lake/rates',
      },
    ],
    ['assets or a plugin', assetOrTime(timetable('own'), orders), { kind: 'assetOrTime', time: { kind: 'custom', name: 'own' } }],
  ])('are a schedule: %s', (_what, schedule, expected) => {
    expect(specWith({ schedule }).schedule).toMatchObject(expected);
  });

  it('are outlets and inlets of a task, each once', () => {
    const [task] = specWith({}, { outlets: [orders, assetAlias('late'), orders], inlets: [rates] }).tasks;
    expect(task).toMatchObject({
      outlets: [leaf(ordersSpec), { kind: 'alias', alias: { name: 'late', group: 'asset' } }],
      inlets: [leaf(ratesSpec)],
    });
  });

  it('do not need a start date, unless the time beside them does', () => {
    expect(collected({ schedule: assetOrTime('@daily', orders) }).problems.map(({ code }) => code)).toEqual([
      'START_DATE_REQUIRED',
    ]);
    expect(collected({ schedule: assetOrTime('@continuous', orders), startDate: '2026-01-01' }).problems).toMatchObject([
      { code: 'VALUE_RANGE', allowed: '1' },
    ]);
  });

  it.each<[string, Loose, Loose, string, string]>([
    ['a blank name', { schedule: asset(' ') }, {}, 'ASSET_INVALID', 'd.schedule.name: this is blank'],
    [
      'a reserved scheme',
      { schedule: asset('airflow://x') },
      {},
      'ASSET_INVALID',
      'd.schedule.uri: the scheme "airflow" is reserved',
    ],
    ['a mixed list', { schedule: [orders, '@daily'] }, {}, 'VALUE_TYPE', 'd.schedule[1]: this is not an asset'],
    [
      'two kinds in one',
      { schedule: assetOrTime(orders as never, orders) },
      {},
      'VALUE_TYPE',
      'd.schedule.time: this is not a schedule',
    ],
    ['time that is none', { schedule: assetOrTime(null as never, orders) }, {}, 'VALUE_TYPE', 'd.schedule.time: this never runs'],
    [
      'nested',
      { schedule: assetOrTime(assetOrTime('@daily', orders), orders) },
      {},
      'VALUE_TYPE',
      'd.schedule.time: assetOrTime(...) cannot be',
    ],
    ['no assets', { schedule: assetOrTime('@once', []) }, {}, 'VALUE_TYPE', 'd.schedule.assets: this is not an asset'],
    ['a text as outlet', {}, { outlets: ['s3://x'] }, 'VALUE_TYPE', 'tasks.one.outlets[0]: this is not an asset'],
    ['no list', {}, { inlets: orders }, 'VALUE_TYPE', 'tasks.one.inlets: this must be a list'],
    ['a condition as outlet', {}, { outlets: [orders.or(rates)] }, 'VALUE_TYPE', 'tasks.one.outlets[0]: this is not an asset'],
    [
      'an extra that is no data',
      {},
      { outlets: [asset('a', { extra: { run: () => 1 } })] },
      'ARG_NOT_SERIALIZABLE',
      'tasks.one.outlets[0].extra.run',
    ],
    [
      'an extra that is no object',
      {},
      { outlets: [asset('a', { extra: [] as never })] },
      'VALUE_TYPE',
      'tasks.one.outlets[0].extra: extra must be',
    ],
    [
      'a huge extra',
      {},
      { outlets: [asset('a', { extra: { x: 'x'.repeat(70_000) } })] },
      'VALUE_RANGE',
      'tasks.one.outlets[0].extra: extra takes 70008',
    ],
  ])('are refused: %s', (_what, options, taskOptions, code, message) => {
    const [problem] = collected(options, taskOptions).problems.filter((one) => one.code !== 'START_DATE_REQUIRED');
    expect(problem).toMatchObject({ code });
    expect(problem?.message).toContain(message);
  });
});

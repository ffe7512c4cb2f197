import { describe, expect, it } from '@jest/globals';
import { environmentSettings } from '../../../src/config/environment-settings.js';
import type { Asset, AssetEvent } from '../../../src/model/asset.js';
import type { Outcome } from '../../../src/model/outcome.js';
import type { AssetEventFilter } from '../../../src/ports/store.js';
import type { AssetEventQuery } from '../../../src/ports/task-channel.js';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import { asset, assetAlias, context, defineDag, PokeResult, type TaskOptions } from '../../../src/sdk/index.js';
import { runAttempt, type AttemptWork } from '../../../src/worker/attempt/run-attempt.js';
import { answerRequest } from '../../../src/worker/inputs/answer-request.js';
import { OutputShapes } from '../../../src/worker/inputs/output-shapes.js';
import { StoreTaskChannel } from '../../../src/worker/inputs/store-task-channel.js';

const orders = asset('orders', { uri: 's3://lake/orders' });
const late = assetAlias('late');
const EVENT: AssetEvent = {
  id: 7,
  asset: { name: 'orders', uri: 's3://lake/orders' },
  at: 1_000,
  extra: { day: { $type: 'Date', value: '2026-01-02T00:00:00.000Z' } },
  aliases: [],
  source: { dagId: 'p', runId: 'r', taskId: 't', mapIndex: -1 },
};

/** Runs `body` as a task with these options, as a worker does; the store answers with `EVENT`. */
async function attempt(options: TaskOptions, body: () => unknown, isSensor = false, assets: readonly Asset[] = []) {
  const dag = defineDag('d', {}, (d) =>
    isSensor ? d.sensor('t', options, body as () => PokeResult<unknown>)() : d.task('t', options, body as () => null)(),
  );
  const { dags, problems } = collectDags({ dag }, 'd.ts');
  expect(problems).toEqual([]);
  const task = dags[0]!.spec.tasks[0]!;
  const asked: AssetEventFilter[] = [];
  const attempts = {
    pullXComs: async () => [],
    pushXCom: async () => true,
    setRendered: async () => true,
    previousSuccess: async () => null,
    countCopies: async () => 0,
    readXComs: async () => [],
    readExternalStates: () => Promise.reject(new Error('not asked here')),
    findAssetsLike: async () => assets,
    readAssetEvents: async (filter: AssetEventFilter) => {
      asked.push(filter);
      return [EVENT, { ...EVENT, id: 6, asset: { name: 'other', uri: 'other' }, at: 500, source: null }];
    },
  };
  const channel = new StoreTaskChannel({
    attempts,
    settings: environmentSettings({}),
    maxRenderedLength: 100,
    scopeOf: () => ({
      dagRunId: 3,
      taskId: 't',
      shapes: new OutputShapes(dags[0]!.spec),
      inlets: task.inlets,
      outlets: task.outlets,
      secrets: new Set(),
    }),
  });
  const silent = () => undefined;
  const work: AttemptWork = {
    token: 'token',
    key: { dagId: 'd', runId: 'r', taskId: 't', mapIndex: -1 },
    taskId: 't',
    tryNumber: 1,
    maxTries: 1,
    run: {
      dagId: 'd',
      runId: 'r',
      runType: 'manual',
      logicalDate: null,
      dataInterval: null,
      runAfter: 0,
      startedAt: 0,
      clearNumber: 0,
      conf: {},
      params: {},
      timezone: 'UTC',
    },
    inputs: [],
    waitingSince: null,
    pokeNumber: 0,
    startedAt: 0,
    maxXComBytes: 1_000,
  };
  const outcome = await runAttempt(work, {
    loadDag: () => dags[0]!,
    log: { write: silent, note: silent },
    now: () => 0,
    sleep: async () => undefined,
    channel,
    signal: new AbortController().signal,
  });
  return { outcome, asked, channel };
}

const messageOf = ({ outcome }: { outcome: Outcome }) => (outcome.kind === 'failed' ? outcome.error.message : outcome.kind);

describe('outletEvents', () => {
  it('say what the task says of its outlets, by assignment or field by field', async () => {
    const { outcome } = await attempt({ outlets: [orders, asset('b'), late] }, () => {
      const { outletEvents } = context();
      outletEvents.get(orders).extra = { rows: 1 };
      outletEvents.get(asset('orders', { uri: 's3://lake/orders/' })).extra['at'] = new Date(0);
      outletEvents.get(late).add(asset('s3://found', { group: 'g' }), { part: 2 });
      outletEvents.get(late).add(asset('s3://found'));
    });
    const found = { name: 's3://found', uri: 's3://found/', extra: {} };
    expect(outcome).toEqual({
      kind: 'success',
      output: null,
      outlets: [
        { kind: 'asset', asset: EVENT.asset, extra: { rows: 1, at: { $type: 'Date', value: '1970-01-01T00:00:00.000Z' } } },
        { kind: 'alias', alias: 'late', asset: { ...found, group: 'g' }, extra: { part: 2 } },
        { kind: 'alias', alias: 'late', asset: { ...found, group: 'asset' }, extra: {} },
      ],
    });
  });

  it('count for a sensor too, and not at all for a task that says nothing or fails', async () => {
    const say = () => void (context().outletEvents.get(orders).extra['x'] = 1);
    const sensor = await attempt({ outlets: [orders] }, () => (say(), new PokeResult(true, null)), true);
    expect(sensor.outcome).toMatchObject({ kind: 'success', outlets: [{ extra: { x: 1 } }] });
    expect((await attempt({ outlets: [orders] }, () => 1)).outcome).not.toHaveProperty('outlets');
    const failing = await attempt({ outlets: [orders] }, () => {
      say();
      throw new Error('no');
    });
    expect(failing.outcome).not.toHaveProperty('outlets');
  });

  it.each<[string, TaskOptions, () => unknown, string]>([
    [
      'of an asset that is no outlet',
      { outlets: [orders] },
      () => context().outletEvents.get(asset('orderz')),
      'this is not among the outlets of the task, got "orderz"; allowed: orders; did you mean orders?',
    ],
    ['of a task without outlets', {}, () => context().outletEvents.get(late), 'allowed: none: name it in the option outlets'],
    [
      'of what is no asset',
      { outlets: [orders] },
      () => context().outletEvents.get('orders' as never),
      'this is neither an asset nor an alias',
    ],
    [
      'with an extra that is no data',
      { outlets: [orders] },
      () => void (context().outletEvents.get(orders).extra = { x: () => 1 }),
      "outletEvents.get(asset('orders')).extra.x",
    ],
    [
      'that add no asset',
      { outlets: [late] },
      () =>
        context()
          .outletEvents.get(late)
          .add('x' as never),
      "outletEvents.get(assetAlias('late')).add: this is not an asset",
    ],
    [
      'that add without end',
      { outlets: [late] },
      () => {
        for (let i = 0; i < 1_001; i++) context().outletEvents.get(late).add(orders);
      },
      'up to 1000',
    ],
    [
      'that say too much',
      { outlets: [late] },
      () => {
        for (let i = 0; i < 100; i++)
          context()
            .outletEvents.get(late)
            .add(orders, { i, x: 'x'.repeat(60_000) });
      },
      'up to 4194304 bytes',
    ],
  ])('fail the task when it asks for events %s', async (_case, options, body, message) => {
    expect(messageOf(await attempt(options, body))).toContain(message);
  });
});

describe('events that a task looks through', () => {
  it('are those of its inlets, the newest last', async () => {
    let seen: unknown;
    const after = new Date(5);
    const { outcome, asked } = await attempt({ inlets: [orders, late] }, async () => {
      seen = await context().inletEvents.get(orders, { after, limit: 2 });
      await context().inletEvents.get(late, { before: after });
    });
    expect(outcome.kind).toBe('success');
    expect(asked).toEqual([
      { asset: EVENT.asset, after: 5, newestFirst: true, limit: 2 },
      { alias: 'late', before: 5, newestFirst: true, limit: 1_000 },
    ]);
    expect(seen).toEqual([
      { asset: { name: 'other', uri: 'other' }, timestamp: new Date(500), extra: { day: new Date('2026-01-02') }, source: null },
      { asset: EVENT.asset, timestamp: new Date(1_000), extra: { day: new Date('2026-01-02') }, source: EVENT.source },
    ]);
  });

  it('are those for which the run was made, all or of one asset', async () => {
    const seen: unknown[] = [];
    const { asked } = await attempt({}, async () => {
      const { triggeringAssetEvents } = context();
      seen.push((await triggeringAssetEvents.all()).length, (await triggeringAssetEvents.get(orders)).length);
    });
    expect(seen).toEqual([2, 1]);
    expect(asked[0]).toEqual({ triggeredRun: 3, newestFirst: true, limit: 10_000 });
  });

  it.each<[string, () => unknown, string]>([
    ['of no inlet', () => context().inletEvents.get(asset('x')), 'this is not among the inlets of the task'],
    ['without a sensible limit', () => context().inletEvents.get(orders, { limit: 0 }), 'limit is out of range'],
  ])('cannot be asked for %s', async (_case, body, message) => {
    expect(messageOf(await attempt({ inlets: [orders] }, body))).toContain(message);
  });

  it('are not given to a runner that asks past its task', async () => {
    const { channel, asked } = await attempt({ inlets: [orders] }, () => 1);
    const ask = (query: unknown) =>
      answerRequest(channel, {
        kind: 'request',
        id: 1,
        token: 'token',
        request: { kind: 'assetEvents', query: query as AssetEventQuery },
      });
    const open = { after: null, before: null, limit: 1e9 };
    expect(await ask({ of: { kind: 'asset', name: 'x', uri: 'x' }, ...open })).toMatchObject({
      error: 'this is not among the inlets of the task',
    });
    expect(await ask({ of: { kind: 'asset', name: 'orders', uri: 's3://lake/orders' }, ...open })).toMatchObject({
      value: [{ id: 6 }, EVENT],
    });
    expect(asked).toEqual([{ asset: EVENT.asset, newestFirst: true, limit: 10_000 }]);
  });
});

describe('an asset whose name another one has', () => {
  const stored = (fields: Partial<Asset>): Asset => ({
    id: 1,
    name: 'orders',
    uri: 's3://lake/orders',
    group: 'asset',
    extra: {},
    isActive: true,
    createdAt: 0,
    updatedAt: 0,
    ...fields,
  });

  it.each<[string, TaskOptions]>([
    ['writes', { outlets: [orders] }],
    ['reads', { inlets: [orders] }],
  ])('fails the task that %s it before it begins, for good', async (_case, options) => {
    let isCalled = false;
    const owner = stored({ id: 2, uri: 's3://elsewhere' });
    const { outcome } = await attempt(options, () => (isCalled = true), false, [stored({ isActive: false }), owner]);
    expect(outcome).toMatchObject({ kind: 'failed', retryable: false, error: { code: 'ASSET_CONFLICT' } });
    expect(messageOf({ outcome })).toContain(
      'the asset orders (s3://lake/orders) cannot be used: another one has its name, with the URI s3://elsewhere',
    );
    expect(isCalled).toBe(false);
  });

  it('does not trouble a task whose asset nobody names any more, nor one that uses none', async () => {
    const orphan = [stored({ isActive: false })];
    expect((await attempt({ outlets: [orders] }, () => 1, false, orphan)).outcome.kind).toBe('success');
    const other = [stored({ uri: 's3://elsewhere' })];
    expect((await attempt({}, () => 1, false, other)).outcome.kind).toBe('success');
    expect((await attempt({ outlets: [late] }, () => 1, false, other)).outcome.kind).toBe('success');
  });
});

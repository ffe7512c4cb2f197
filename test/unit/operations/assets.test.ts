import { describe, expect, it } from '@jest/globals';
import type { AssetRef } from '../../../src/model/asset.js';
import { createAssetEvent } from '../../../src/operations/create-asset-event.js';
import { findAssetProblems } from '../../../src/operations/find-asset-problems.js';
import { findAsset } from '../../../src/operations/find-asset.js';
import { materializeAsset } from '../../../src/operations/materialize-asset.js';
import { dagSpec, taskSpec } from '../core/factories.js';
import { createWorld, NOW } from './world.js';

const asset = (name: string): AssetRef => ({ kind: 'asset', asset: { name, uri: `s3://${name}`, group: 'asset', extra: {} } });
const producer = (dagId: string, ...names: string[]) =>
  dagSpec([taskSpec('write', { outlets: names.map(asset) })], { dagId, file: `${dagId}.ts` });
const consumer = (dagId: string, name: string) =>
  dagSpec([taskSpec('read')], { dagId, file: `${dagId}.ts`, schedule: { kind: 'assets', condition: asset(name), text: name } });

async function world() {
  const deps = createWorld();
  await deps.register(producer('p', 'orders', 'both'));
  await deps.register(producer('q', 'both'));
  await deps.register(consumer('c', 'rates'));
  return deps;
}

describe('finding an asset', () => {
  it('takes name, URI, both, or id', async () => {
    const { store } = await world();
    const orders = await findAsset(store, { name: 'orders' });
    expect(orders.uri).toBe('s3://orders');
    for (const query of [{ uri: 's3://orders' }, { name: 'orders', uri: 's3://orders' }, { id: orders.id }])
      expect(await findAsset(store, query)).toEqual(orders);
  });

  it.each<[object, string]>([
    [{}, 'REQUEST_INVALID: asset: nothing says which asset is meant; allowed: name or uri'],
    [{ name: 'orderz' }, 'NOT_FOUND: name: there is no such asset, got "orderz"; did you mean orders?'],
    [{ uri: 's3://order' }, 'NOT_FOUND: uri: there is no such asset, got "s3://order"; did you mean s3://orders?'],
    [{ name: 'orders', uri: 's3://rates' }, 'NOT_FOUND: name: there is no such asset, got "orders"'],
    [{ id: 999 }, 'NOT_FOUND: asset_id: there is no such asset, got 999'],
  ])('refuses %j', async (query, message) => {
    const { store } = await world();
    await expect(findAsset(store, query)).rejects.toThrow(message);
  });

  it('says of an orphan that nobody uses it', async () => {
    const { store } = await world();
    await store.catalog.retireFiles(['c.ts'], NOW);
    await expect(findAsset(store, { name: 'rates' })).rejects.toThrow(
      'NOT_FOUND: name: no DAG uses this asset any more, got "rates"',
    );
  });
});

describe('reporting an event', () => {
  it('stores it for those who wait, and hints', async () => {
    const deps = await world();
    const event = await createAssetEvent(deps, { asset: { name: 'rates' }, extra: { rows: 1 }, at: NOW - 5 });
    expect(event).toMatchObject({ asset: { name: 'rates', uri: 's3://rates' }, at: NOW - 5, extra: { rows: 1 }, source: null });
    expect((await deps.store.assets.listQueued({})).map(({ dagId }) => dagId)).toEqual(['c']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(deps.hints).toEqual(['runs']);
    expect((await createAssetEvent(deps, { asset: { uri: 's3://rates' }, isFromApi: true })).extra).toEqual({
      from_rest_api: true,
    });
    expect((await createAssetEvent(deps, { asset: { uri: 's3://rates' }, extra: null })).at).toBe(NOW);
  });

  // B77
  it.each<[string, object, string]>([
    ['for an unknown asset', { asset: { name: 'nothing' } }, 'NOT_FOUND'],
    [
      'from the future',
      { at: NOW + 1 },
      'DATE_INVALID: timestamp: an event lies in the past, got "2026-03-10T12:00:00.001Z"; allowed: up to now',
    ],
    ['at no time', { at: Number.NaN }, 'DATE_INVALID'],
    ['with a list', { extra: [1] }, 'VALUE_TYPE: extra: this is not a JSON object'],
    ['with a text', { extra: 'x' }, 'VALUE_TYPE'],
    ['with what is no data', { extra: { x: Number.NaN } }, 'ARG_NOT_SERIALIZABLE: extra.x'],
    ['with too much', { extra: { x: 'x'.repeat(70_000) } }, 'VALUE_RANGE: extra: this takes 70008 bytes'],
  ])('refuses one %s, and stores nothing', async (_case, request, message) => {
    const deps = await world();
    await expect(createAssetEvent(deps, { asset: { name: 'rates' }, ...request })).rejects.toThrow(message);
    expect(await deps.store.assets.listEvents({})).toEqual([]);
  });
});

describe('materialising an asset', () => {
  it('runs the DAG that writes it, again and again', async () => {
    const deps = await world();
    const first = await materializeAsset(deps, { asset: { name: 'orders' }, triggeredBy: 'rest_api', triggeringUser: 'ada' });
    expect(first).toMatchObject({
      dagId: 'p',
      runId: 'asset_materialization__2026-03-10T12:00:00+00:00',
      runType: 'asset_materialization',
      triggeredBy: 'rest_api',
      triggeringUser: 'ada',
      logicalDate: null,
      dataInterval: null,
      runAfter: NOW,
      state: 'queued',
    });
    const second = await materializeAsset(deps, { asset: { name: 'orders' } });
    expect(second.runId).toMatch(/^asset_materialization__2026-03-10T12:00:00\+00:00_[0-9a-f]{8}$/);
  });

  it.each<[string, string]>([
    ['rates', 'NOT_FOUND: asset: no DAG has this asset among its outlets, got "rates"'],
    ['both', 'STATE_CONFLICT: asset both: several DAGs write it (p, q); trigger the one that is meant'],
    ['nothing', 'NOT_FOUND: name: there is no such asset'],
  ])('refuses %s', async (name, message) => {
    const deps = await world();
    await expect(materializeAsset(deps, { asset: { name } })).rejects.toThrow(message);
    expect(await deps.store.runs.listRuns({})).toEqual([]);
  });
});

describe('assets that share a name or a URI', () => {
  it('are problems of the place that came later', async () => {
    const deps = await world();
    expect(await findAssetProblems(deps)).toEqual([]);
    const elsewhere = { kind: 'asset', asset: { name: 'orders', uri: 's3://elsewhere', group: 'asset', extra: {} } } as const;
    const renamed = { kind: 'asset', asset: { name: 'rates2', uri: 's3://rates', group: 'asset', extra: {} } } as const;
    const position = { file: 'z.ts', line: 7, column: 3 };
    const task = taskSpec('write', { outlets: [elsewhere], position });
    const schedule = { kind: 'assets', condition: renamed, text: '' } as const;
    await deps.register(dagSpec([task], { dagId: 'z', file: 'z.ts', schedule }));
    expect(await findAssetProblems(deps)).toMatchObject([
      {
        code: 'ASSET_CONFLICT',
        file: 'z.ts',
        line: null,
        message: 'z.schedule: the asset rates2 (s3://rates) cannot be used: another one has its URI, under the name rates',
      },
      {
        code: 'ASSET_CONFLICT',
        file: 'z.ts',
        line: 7,
        message: 'z.write: the asset orders (s3://elsewhere) cannot be used: another one has its name, with the URI s3://orders',
      },
    ]);
  });
});

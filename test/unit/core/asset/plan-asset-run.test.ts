import { describe, expect, it } from '@jest/globals';
import fc from '../../../support/fast-check.js';
import { activeAssets } from '../../../../src/core/asset/active-assets.js';
import { displacedAssets, displacementText } from '../../../../src/core/asset/displaced.js';
import { planAssetRun } from '../../../../src/core/asset/plan-asset-run.js';
import { assetRefText, type AssetRef } from '../../../../src/model/asset.js';
import type { Dag, AssetSchedule } from '../../../../src/model/dag.js';
import { dagSchedule, dagSpec } from '../factories.js';

const asset = (name: string): AssetRef => ({ kind: 'asset', asset: { name, uri: name, group: 'asset', extra: {} } });
const condition = { kind: 'all', of: [asset('a'), asset('b')] } as const;

function schedule(changes: Partial<AssetSchedule> = {}, dag: Partial<Dag> = {}): AssetSchedule {
  const spec = dagSpec([], { schedule: { kind: 'assets', condition, text: '' }, maxActiveRuns: 2 });
  return {
    dag: { ...dagSchedule(spec, 0).dag, ...dag },
    spec,
    present: new Set([asset('a'), asset('b')].map(assetRefText)),
    newest: { eventId: 46_655, at: 1_000 },
    hadAssetRuns: false,
    unfinishedRuns: 1,
    now: 5_000,
    ...changes,
  };
}

describe('a run for assets', () => {
  it('is made when the condition is met, after the newest event, under an id that another pass would give it too', () => {
    expect(planAssetRun(schedule())).toEqual({
      createRun: {
        runId: 'asset_triggered__1970-01-01T00:00:01+00:00_00000zzz',
        runType: 'asset_triggered',
        triggeredBy: 'asset',
        logicalDate: null,
        dataInterval: null,
        runAfter: 1_000,
        conf: {},
        backfillId: null,
        state: 'running',
        note: null,
      },
      takesBacklog: false,
    });
    expect(planAssetRun(schedule({ newest: { eventId: 1, at: 9_000 } })).createRun?.runAfter).toBe(5_000);
  });

  it.each<[string, Partial<AssetSchedule>, Partial<Dag>]>([
    ['something is missing', { present: new Set([assetRefText(asset('a'))]) }, {}],
    ['nothing waits', { newest: null }, {}],
    ['the DAG is at its limit of runs', { unfinishedRuns: 2 }, {}],
    ['the DAG is paused', {}, { isPaused: true }],
    ['the DAG is retired', {}, { isRetired: true }],
    ['the DAG waits for no assets', { spec: dagSpec([]) }, {}],
  ])('is not made while %s', (_case, changes, dag) => {
    expect(planAssetRun(schedule(changes, dag))).toEqual({ createRun: null, takesBacklog: false });
  });

  it('takes what was before the DAG once, and only with catchup', () => {
    const spec = dagSpec([], { schedule: { kind: 'assetOrTime', time: { kind: 'once' }, condition, text: '' }, catchup: true });
    expect(planAssetRun(schedule({ spec })).takesBacklog).toBe(true);
    expect(planAssetRun(schedule({ spec, hadAssetRuns: true })).takesBacklog).toBe(false);
    expect(planAssetRun(schedule({ spec: { ...spec, catchup: 'latest' } })).takesBacklog).toBe(false);
  });
});

describe('assets in use', () => {
  const known = (id: number, name: string, uri: string, isActive = false) => ({ id, name, uri, isActive });
  const all = () => true;

  it('are the older of those that share something, unless a newer one was in use before', () => {
    expect([...activeAssets([known(3, 'a', 'x'), known(1, 'a', 'y'), known(2, 'b', 'y')], all)]).toEqual([1]);
    expect([...activeAssets([known(1, 'a', 'x'), known(2, 'a', 'y', true), known(3, 'b', 'x')], all)]).toEqual([2, 3]);
    expect([...activeAssets([known(2, 'a', 'y', true), known(1, 'a', 'x', true)], all)]).toEqual([1]);
  });

  it('are only those that are named', () => {
    expect([...activeAssets([known(1, 'a', 'x', true), known(2, 'a', 'y')], ({ uri }) => uri === 'y')]).toEqual([2]);
  });

  it('leave the others displaced, but not those that nobody names', () => {
    const assets = [known(1, 'a', 'x', true), known(2, 'a', 'y'), known(3, 'b', 'x'), known(4, 'c', 'z'), known(5, 'd', 'd', true)];
    const keys = assets.map(({ name, uri }) => ({ name, uri }));
    const displaced = displacedAssets(keys, assets);
    const owner = { name: 'a', uri: 'x' };
    expect(displaced).toEqual([
      { asset: { name: 'a', uri: 'y' }, owner },
      { asset: { name: 'b', uri: 'x' }, owner },
    ]);
    expect(displaced.map(displacementText)).toEqual([
      'the asset a (y) cannot be used: another one has its name, with the URI x',
      'the asset b (x) cannot be used: another one has its URI, under the name a',
    ]);
    expect(displacedAssets([{ name: 'new', uri: 'new' }], assets)).toEqual([]);
  });
});

it('assets in use share no name and no URI, and none is left out without such a reason', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const anyAssets = fc.array(fc.record({ name, uri: name, isActive: fc.boolean(), isNamed: fc.boolean() }), { maxLength: 8 });
  fc.assert(
    fc.property(anyAssets, (list) => {
      const assets = list.map((one, id) => ({ ...one, id }));
      const active = activeAssets(assets, (one) => (one as (typeof assets)[number]).isNamed);
      const inUse = assets.filter(({ id }) => active.has(id));
      expect(new Set(inUse.map((one) => one.name)).size).toBe(inUse.length);
      expect(new Set(inUse.map((one) => one.uri)).size).toBe(inUse.length);
      for (const one of assets) {
        if (active.has(one.id)) expect(one.isNamed).toBe(true);
        else if (one.isNamed) expect(inUse.some((other) => other.name === one.name || other.uri === one.uri)).toBe(true);
      }
    }),
  );
});
